//! Who waits: read from the store whenever somebody changed it, and what people ask of those at work.

use std::time::Instant;

use arclab_spec::{RunId, RunState};
use arclab_store::{Due, Reach, Scope, Spot, Submission};

use crate::{
    LONGEST_BACKOFF, Progress, Refusal, RunEnd, SchedulerError, Stop, Waiting,
    job::Job,
    scheduler::{Session, now_ms},
};

/// So many in line are looked at, so that a look takes as long however many there are. Where none of them begins though there is
/// room, as many of those behind them are looked at beside them: others at each look, so that all have their turn.
const WINDOW: u32 = 256;

/// Looking further back in line.
#[derive(Debug, Default)]
pub(crate) struct Back {
    /// Whether none of those looked at began.
    pub(crate) is_due: bool,
    /// Where it goes on from.
    from: Option<Spot>,
}

impl Session<'_> {
    /// Puts the runs that were asked for in line. One that failed before, or was called off, is asked for again by that.
    pub(crate) async fn queue(&mut self, runs: &[RunId]) -> Result<(), SchedulerError> {
        // Recovering may have settled some just now.
        let open: Vec<&RunId> = runs.iter().filter(|run| self.is_open(run)).collect();
        // What was asked of a run that waits stays.
        let submission =
            |run: &&RunId| Submission { reach: Reach::AsBefore, ..Submission::of((*run).clone()) };
        let submissions: Vec<_> = open.iter().map(submission).collect();
        let states = self.store().submit(&submissions, now_ms()).await.map_err(SchedulerError::Store)?;
        for (run, state) in open.into_iter().zip(states) {
            if matches!(state, RunState::Succeeded { .. }) {
                self.note(run, RunEnd::Finished);
            }
        }
        Ok(())
    }

    /// Reads who waits and what is asked, where that may have changed.
    pub(crate) async fn look(&mut self) -> Result<(), SchedulerError> {
        let has_changed = self.watch.has_changed().await.map_err(SchedulerError::Store)?;
        // Waits end without anybody writing.
        let is_time = self.looked.is_none_or(|at: Instant| at.elapsed() >= self.scheduler.options.poll * 5);
        if !has_changed && !is_time {
            return Ok(());
        }
        self.has_writes |= has_changed;
        if is_time {
            self.looked = Some(Instant::now());
            // Sweeps come from other programs.
            let may_ask =
                self.scope == Scope::All && self.rests_until.is_none_or(|until| Instant::now() >= until);
            self.has_news |= may_ask && std::mem::take(&mut self.has_writes);
        }
        self.hear_requests().await?;
        // Where this machine is full, a look now and then is for those that go elsewhere.
        if self.stop != Stop::No || (self.is_full() && !is_time) {
            return Ok(());
        }
        let (now_ms, longest_ms) = (now_ms(), LONGEST_BACKOFF.as_millis() as u64);
        // As often as time passes is enough for these, of whom there may be many.
        if is_time {
            self.refuse_hopeless(false).await?;
        }
        let store = self.store();
        let due = async |scope, behind| {
            store.due(scope, behind, now_ms, longest_ms, WINDOW).await.map_err(SchedulerError::Store)
        };
        let mut seen = due(&self.scope, None).await?;
        if let Some(end) = end(&seen).filter(|_| self.back.is_due && !self.is_full()) {
            // Those in front may have left meanwhile.
            let from = self.back.from.filter(|from| *from > end).unwrap_or(end);
            let further = due(&self.scope, Some(from)).await?;
            self.back.from = self::end(&further);
            seen.extend(further);
        }
        let waiting = seen.into_iter().map(|due| {
            // None where the clock was set back.
            let waited_ms = now_ms.saturating_sub(due.submitted_ms);
            Waiting { run: due.run, request: due.request, waited_ms }
        });
        self.waiting = waiting.collect();
        Ok(())
    }

    /// Refuses what comes after a run that will not succeed, where nothing else happens if it `is_still`; whether there was any.
    pub(crate) async fn refuse_hopeless(&mut self, is_still: bool) -> Result<bool, SchedulerError> {
        let hopeless = self.store().hopeless(&self.scope, is_still).await.map_err(SchedulerError::Store)?;
        let is_any = !hopeless.is_empty();
        for (run, after, why) in hopeless {
            self.refuse(&run, Refusal::After { run: after, why }).await?;
        }
        Ok(is_any)
    }

    async fn hear_requests(&mut self) -> Result<(), SchedulerError> {
        let asked = self.store().asked().await.map_err(SchedulerError::Store)?;
        self.jobs.iter_mut().for_each(|job| job.hear(&asked));
        Ok(())
    }

    /// The last that is asked of a worker that is gone: what was taken back just now must not be done.
    pub(crate) async fn hear_last_request(&self, job: &mut Job) -> Result<(), SchedulerError> {
        let asked = self.store().asked().await.map_err(SchedulerError::Store)?;
        job.hear(&asked);
        Ok(())
    }

    /// Whether nothing more can begin on this machine before something ends.
    fn is_full(&self) -> bool {
        let here = || self.jobs.iter().filter(|job| job.worker.slurm().is_none());
        let threads: u32 = here().map(|job| job.holds.threads).sum();
        let is_crowded = self.slots.jobs.is_some_and(|most| here().count() >= most as usize);
        is_crowded || threads >= self.slots.threads
    }

    /// Takes a run out of the queue that cannot be carried out.
    pub(crate) async fn refuse(&mut self, run: &RunId, reason: Refusal) -> Result<(), SchedulerError> {
        tracing::info!(%run, %reason, "refused a run");
        self.waiting.retain(|other| other.run != *run);
        self.store().refuse(run, &reason.to_string()).await.map_err(SchedulerError::Store)?;
        self.say(Progress::Refused { run: run.clone(), reason: reason.clone() });
        self.note(run, RunEnd::Refused(reason));
        Ok(())
    }
}

/// The last of a look that there may be more behind.
fn end(seen: &[Due]) -> Option<Spot> {
    seen.last().filter(|_| seen.len() == WINDOW as usize).map(|due| due.at)
}
