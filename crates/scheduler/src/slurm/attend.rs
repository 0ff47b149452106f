//! Looking after a job on the cluster: what its journal and Slurm say of it, and what follows.

use arclab_store::{
    Afterwards, Ask,
    records::{Exit, Reported},
};

use super::{
    StopJobs, Task, TaskEnd, TaskState,
    desk::Word,
    fate::{Fate, Sight, fate},
};
use crate::{Progress, Refusal, SchedulerError, Stop, job::Job, process, scheduler::Session};

impl Session<'_> {
    /// Reads a job's journal, and acts on what that and Slurm say.
    pub(crate) async fn attend_on_slurm(&mut self, mut job: Job) -> Result<(), SchedulerError> {
        let before = job.follower.offset();
        // After Slurm was asked: what a worker wrote last is then there, as far as the file system shows it.
        self.pass_on(job.follower.drain(self.store()).await?);
        if job.follower.offset() != before {
            job.watched.sign_of_life();
        }
        let task = match job.worker.slurm().map_or(Word::NotYet, |slurm| self.desk.of(&slurm.place())) {
            Word::NotYet => {
                // So nothing is held against it.
                job.watched.waits();
                self.jobs.push(job);
                return Ok(());
            }
            Word::Unknown => None,
            Word::Known(task) => Some(task),
        };
        self.note_id(&mut job, task.as_ref()).await?;
        match self.fate_of(&job, task.as_ref()).await? {
            Fate::Waits => self.let_wait(job, task).await,
            Fate::Works => {
                self.jobs.push(job);
                Ok(())
            }
            Fate::Quiet => {
                job.watched.excuse_silence();
                self.jobs.push(job);
                Ok(())
            }
            Fate::Gone(end) => self.settle_on_slurm(job, end, task).await,
            Fate::SubmitAgain => self.submit_again(job).await,
        }
    }

    /// A scheduler that died before it had the id finds the job by its name.
    async fn note_id(&mut self, job: &mut Job, task: Option<&Task>) -> Result<(), SchedulerError> {
        let id = task.map(|task| task.id);
        match job.worker.slurm_mut() {
            Some(slurm) if id.is_some() && slurm.id != id => slurm.id = id,
            _ => return Ok(()),
        }
        self.record(std::slice::from_ref(job)).await
    }

    async fn fate_of(&self, job: &Job, task: Option<&Task>) -> Result<Fate, SchedulerError> {
        let Some(slurm) = job.worker.slurm() else { return Ok(Fate::Works) };
        let state = task.map(|task| &task.state);
        let mut sight = Sight {
            state,
            begun: false,
            reported: false,
            spoken: job.watched.has_spoken(),
            silent: job.watched.silent(),
            locked: false,
            may_submit: !slurm.again && self.stop == Stop::No && job.watched.asked().is_none(),
        };
        if matches!(state, None | Some(TaskState::Over(_))) {
            let last = self.store().job(&job.run).await.map_err(SchedulerError::Store)?.last_attempt;
            sight.begun = last.as_ref().is_some_and(|last| last.worker.is_some());
            sight.reported = last.is_some_and(|last| last.reported.is_some());
            let locked = process::lives(job.follower.folder());
            sight.locked =
                locked.map_err(|source| SchedulerError::Worker { run: job.run.clone(), source })?;
        }
        Ok(fate(&sight))
    }

    /// A job in Slurm's queue; one that can never begin is taken out of it.
    async fn let_wait(&mut self, mut job: Job, task: Option<Task>) -> Result<(), SchedulerError> {
        job.watched.waits();
        let (Some(slurm), Some(TaskState::Waiting(reason))) =
            (job.worker.slurm_mut(), task.map(|task| task.state))
        else {
            self.jobs.push(job);
            return Ok(());
        };
        if let (Some(remedy), Some(handle)) = (reason.remedy(), slurm.handle()) {
            let text = format!("its job {handle} could never begin in Slurm ({}): {remedy}", reason.0);
            self.desk.stop(vec![(slurm.place(), handle)], StopJobs::AtOnce);
            self.take_back(&job, Afterwards::Stays).await?;
            return self.refuse(&job.run, Refusal::Slurm(text)).await;
        }
        if let Some(hint) = reason.hint().filter(|_| slurm.told != reason.0) {
            let handle = slurm.handle().unwrap_or_else(|| slurm.name.clone());
            let message = format!("{}: its job {handle} waits in Slurm ({}): {hint}", job.run, reason.0);
            slurm.told = reason.0;
            self.say(Progress::Cluster { message });
        }
        self.jobs.push(job);
        Ok(())
    }

    async fn settle_on_slurm(
        &mut self,
        mut job: Job,
        end: Option<TaskEnd>,
        task: Option<Task>,
    ) -> Result<(), SchedulerError> {
        let last = self.store().job(&job.run).await.map_err(SchedulerError::Store)?.last_attempt;
        let reported = last.as_ref().and_then(|last| last.reported);
        if end == Some(TaskEnd::Cancelled) && !job.watched.was_told() && job.watched.asked().is_none() {
            // Whoever calls a job off in Slurm does not want another one in its place.
            job.watched.ask(Some(Ask::Pause));
        }
        let moved = last.and_then(|last| Some(last.position?.step > last.worker?.from.step)).unwrap_or(false);
        if moved && matches!(end, Some(TaskEnd::TimeLimit | TaskEnd::Exited(Some(3)))) {
            // It has come further, and goes on as often as its time is up.
            job.watched.excuse();
        }
        let nodes = task.map(|task| task.nodes).unwrap_or_default();
        let words = job.worker.slurm().map(|slurm| slurm.words(end, &nodes, job.follower.folder()));
        let words = words.filter(|_| !matches!(reported, Some(Reported::Finished | Reported::Failed)));
        let exit = match end {
            Some(TaskEnd::Exited(Some(code))) if code > 128 => Exit { code: None, signal: Some(code - 128) },
            Some(TaskEnd::Exited(code)) => Exit { code, signal: None },
            _ => Exit::default(),
        };
        self.settle_as(job, exit, words).await
    }
}
