//! Settling runs whose workers are gone.

use std::num::NonZeroU32;

use arclab_spec::{FailureKind, run_folder};
use arclab_store::{
    Afterwards, Hold, JobRecord, Settlement, StoreError,
    records::{Exit, Failure, Outcome, Reported},
};

use crate::{
    Evidence, LONGEST_BACKOFF, Next, Progress, Refusal, RunEnd, SchedulerError, Stop, folder,
    job::Job,
    log,
    scheduler::{Session, now_ms},
    slurm::SlurmJob,
    verdict,
};

/// The death of so many attempts is a run's failure.
const DEATHS: u32 = 3;

/// Into how many parts a run's batches are cut once more memory ran out: two, once, where that leaves equal parts.
fn in_halves(record: &JobRecord) -> Option<NonZeroU32> {
    let parts = NonZeroU32::new(2).filter(|_| record.parts.is_none())?;
    record.plan.config.training.in_parts(parts.get()).map(|_| parts)
}

/// The last lines of the attempt's log; where there are none, those of what the cluster said of its job.
fn log_tail(job: &Job) -> String {
    let folder = job.follower.folder();
    let tail = log::tail(&folder.join(run_folder::LOG), job.attempt);
    let output = job.worker.slurm().and_then(SlurmJob::output).filter(|_| tail.is_empty());
    output.map_or(tail, |output| log::tail(&folder.join(output), job.attempt))
}

impl Session<'_> {
    /// Moves the run of a worker that is gone.
    pub(crate) async fn settle(&mut self, job: Job, exit: Exit) -> Result<(), SchedulerError> {
        self.settle_as(job, exit, None).await
    }

    pub(crate) async fn settle_as(
        &mut self,
        mut job: Job,
        exit: Exit,
        launch_error: Option<String>,
    ) -> Result<(), SchedulerError> {
        self.pass_on(job.follower.drain(self.store()).await?);
        let record = self.store().job(&job.run).await.map_err(SchedulerError::Store)?;
        let evidence =
            self.evidence(&record, &job, exit, launch_error).await.map_err(SchedulerError::Store)?;
        let verdict = verdict(&evidence);
        let log_tail = if verdict.failure.is_some() { log_tail(&job) } else { String::new() };
        let at_ms = now_ms();
        let settlement = Settlement {
            attempt: job.attempt,
            end: verdict.outcome,
            failure: verdict.failure,
            exit,
            log_tail,
            afterwards: self.afterwards(&record, verdict.next, at_ms),
            // One that others stopped would have gone on.
            is_death: verdict.next == Next::Again
                && !job.watched.is_excused()
                && evidence.reported != Some(Reported::Interrupted),
            at_ms,
        };
        self.store().settle(&job.run, &settlement).await.map_err(SchedulerError::Store)?;
        self.tell_end(&record, settlement);
        self.has_news = true;
        Ok(())
    }

    async fn evidence(
        &self,
        record: &JobRecord,
        Job { watched, worker, .. }: &Job,
        exit: Exit,
        launch_error: Option<String>,
    ) -> Result<Evidence, StoreError> {
        let results = self.store().evaluations(&record.run).await?;
        let protocols = record.plan.config.evaluation.protocols.keys();
        let missing = protocols.filter(|name| results.iter().all(|result| result.protocol != **name));
        let last = record.last_attempt.as_ref();
        let reached = last.and_then(|last| last.position).map_or(0, |at| at.epoch);
        // Whoever asks for the run meanwhile may have it go further.
        let told = folder::assignment(&self.store().run_folder(&record.run));
        let told = told.map_or(record.until_epoch, |told| told.until_epoch);
        Ok(Evidence {
            reported: last.and_then(|last| last.reported),
            failure: last.and_then(|last| last.failure.clone()),
            exit,
            launch_error,
            missing: missing.cloned().collect(),
            stopping: self.stop != Stop::No || !self.is_asked(&record.run) || watched.is_recalled(),
            asked: watched.asked(),
            overdue_secs: watched.overdue_secs(),
            silent_secs: watched.silent_secs(self.scheduler.options.hung_after),
            at_limit: told.filter(|limit| reached >= *limit).map(|_| match record.until_epoch {
                Some(limit) if reached >= limit => Next::Held(Hold::Search),
                Some(_) | None => Next::Further,
            }),
            can_split: last.is_some_and(|last| last.out_of_memory) && in_halves(record).is_some(),
            tries_left: DEATHS.saturating_sub(record.deaths + u32::from(!watched.is_excused())),
            kinship: worker.kinship(),
        })
    }

    /// What becomes of the run in the queue.
    fn afterwards(&self, record: &JobRecord, next: Next, at_ms: u64) -> Afterwards {
        match next {
            Next::Stays => Afterwards::Stays,
            Next::Cancelled => Afterwards::Cancelled,
            Next::Held(hold) => Afterwards::Held(hold),
            Next::Again => {
                let doublings = record.deaths.min(16);
                let wait = self.scheduler.options.backoff * (1 << doublings);
                let not_before_ms = at_ms + wait.min(LONGEST_BACKOFF).as_millis() as u64;
                Afterwards::Delayed { not_before_ms, parts: None }
            }
            Next::Further => Afterwards::Delayed { not_before_ms: at_ms, parts: None },
            Next::InParts => Afterwards::Delayed { not_before_ms: at_ms, parts: in_halves(record) },
        }
    }

    /// Tells what became of a run.
    fn tell_end(&mut self, record: &JobRecord, settled: Settlement) {
        let run = record.run.clone();
        let last = record.last_attempt.as_ref();
        let unnamed =
            || Failure { kind: FailureKind::Infrastructure, message: "nobody knows why".to_owned() };
        let failure = settled.failure.unwrap_or_else(unnamed);
        match settled.end {
            Outcome::Finished => {
                self.note(&run, RunEnd::Finished);
                self.say(Progress::Finished { run, used: last.and_then(|last| last.used) });
            }
            Outcome::Interrupted if settled.afterwards == Afterwards::Cancelled => {
                self.note(&run, RunEnd::Refused(Refusal::Cancelled));
                self.say(Progress::Refused { run, reason: Refusal::Cancelled });
            }
            Outcome::Interrupted
                if matches!(
                    settled.afterwards,
                    Afterwards::Held(Hold::Search) | Afterwards::Delayed { .. }
                ) =>
            {
                let at = last.and_then(|last| last.position);
                self.say(Progress::Paused { run, epochs: at.map_or(0, |at| at.epoch) });
            }
            Outcome::Interrupted => {
                let is_paused = settled.afterwards == Afterwards::Held(Hold::Person);
                self.say(Progress::Interrupted { run, at: last.and_then(|last| last.position), is_paused });
            }
            Outcome::Retried => {
                tracing::info!(%run, attempt = %settled.attempt, why = failure.message, "a worker died");
                let parts = match settled.afterwards {
                    Afterwards::Delayed { parts, .. } => parts,
                    Afterwards::Stays | Afterwards::Cancelled | Afterwards::Held(_) => None,
                };
                self.say(Progress::Retrying { run, attempt: settled.attempt, failure, parts });
            }
            Outcome::Failed => {
                let log_tail = settled.log_tail;
                let (kept, kept_tail) = (failure.clone(), log_tail.clone());
                self.note(&run, RunEnd::Failed { failure: kept, log_tail: kept_tail });
                self.say(Progress::Failed { run, failure, log_tail });
            }
        }
    }
}
