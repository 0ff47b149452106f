//! Settling runs whose workers are gone.

use arclab_spec::{FailureKind, run_folder};
use arclab_store::{
    JobRecord, Settlement, StoreError,
    records::{Exit, Failure, Outcome},
};

use crate::{
    Evidence, Progress, RunEnd, SchedulerError, Stop, Waiting,
    job::Job,
    log,
    scheduler::{Session, now_ms},
    verdict,
};

/// Attempts at a run in one invocation.
const TRIES: u32 = 3;

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
        let evidence = self.evidence(&record, exit, launch_error).await.map_err(SchedulerError::Store)?;
        let verdict = verdict(&evidence);
        let log_file = job.follower.folder().join(run_folder::LOG);
        let log_tail =
            if verdict.failure.is_some() { log::tail(&log_file, job.attempt) } else { String::new() };
        let settlement = Settlement {
            attempt: job.attempt,
            end: verdict.outcome,
            failure: verdict.failure,
            exit,
            log_tail,
            at_ms: now_ms(),
        };
        self.store().settle(&job.run, &settlement).await.map_err(SchedulerError::Store)?;
        self.tell_end(&record, settlement);
        Ok(())
    }

    async fn evidence(
        &self,
        record: &JobRecord,
        exit: Exit,
        launch_error: Option<String>,
    ) -> Result<Evidence, StoreError> {
        let results = self.store().evaluations(&record.run).await?;
        let protocols = record.plan.config.evaluation.protocols.keys();
        let missing = protocols.filter(|name| results.iter().all(|result| result.protocol != **name));
        let last = record.last_attempt.as_ref();
        let tries = self.tries.get(&record.run).copied().unwrap_or(0);
        Ok(Evidence {
            reported: last.and_then(|last| last.reported),
            failure: last.and_then(|last| last.failure.clone()),
            exit,
            launch_error,
            missing: missing.cloned().collect(),
            stopping: self.stop != Stop::No || !self.is_asked(&record.run),
            tries_left: TRIES.saturating_sub(tries),
        })
    }

    /// Tells what became of a run, and lets it wait again where another attempt follows.
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
            Outcome::Interrupted => {
                self.say(Progress::Interrupted { run, at: last.and_then(|last| last.position) });
            }
            Outcome::Retried => {
                tracing::info!(%run, attempt = %settled.attempt, why = failure.message, "a worker died");
                // First in line: others began after it.
                self.waiting.insert(0, Waiting { run: run.clone(), request: record.request.clone() });
                self.say(Progress::Retrying { run, attempt: settled.attempt, failure });
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
