//! Who waits: read from the store whenever somebody changed it, and what people ask of those at work.

use std::time::Instant;

use arclab_spec::{RunId, RunState};
use arclab_store::{Reach, Scope, Submission};

use crate::{
    LONGEST_BACKOFF, Progress, Refusal, RunEnd, SchedulerError, Stop, Waiting,
    scheduler::{Session, now_ms},
};

/// So many in line are looked at. Those behind them wait for a turn of their own; so a look takes as long however many there are.
const WINDOW: u32 = 256;

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
        if is_time {
            self.looked = Some(Instant::now());
        }
        // Sweeps come from other programs.
        self.has_news |= is_time && self.scope == Scope::All;
        self.hear_requests().await?;
        // Where this machine is full, a look now and then is for those that go elsewhere.
        if self.stop != Stop::No || (self.is_full() && !is_time) {
            return Ok(());
        }
        let (now_ms, longest_ms) = (now_ms(), LONGEST_BACKOFF.as_millis() as u64);
        // As often as time passes is enough for these, of whom there may be many.
        if is_time {
            let hopeless = self.store().hopeless(&self.scope).await.map_err(SchedulerError::Store)?;
            for (run, after, why) in hopeless {
                self.refuse(&run, Refusal::After { run: after, why }).await?;
            }
        }
        let due = self.store().due(&self.scope, now_ms, longest_ms, WINDOW).await;
        let waiting = due.map_err(SchedulerError::Store)?.into_iter().map(|due| {
            // None where the clock was set back.
            let waited_ms = now_ms.saturating_sub(due.submitted_ms);
            Waiting { run: due.run, request: due.request, waited_ms }
        });
        self.waiting = waiting.collect();
        Ok(())
    }

    async fn hear_requests(&mut self) -> Result<(), SchedulerError> {
        let asked = self.store().asked().await.map_err(SchedulerError::Store)?;
        for job in &mut self.jobs {
            let of_job = asked.iter().find(|(run, _)| *run == job.run).map(|(_, ask)| *ask);
            job.watched.ask(of_job);
        }
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
        tracing::warn!(%run, %reason, "refused a run");
        self.waiting.retain(|other| other.run != *run);
        self.store().refuse(run, &reason.to_string()).await.map_err(SchedulerError::Store)?;
        self.say(Progress::Refused { run: run.clone(), reason: reason.clone() });
        self.note(run, RunEnd::Refused(reason));
        Ok(())
    }
}
