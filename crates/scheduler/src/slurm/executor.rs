//! Runs on the cluster: submitted, followed, stopped. They take none of this machine's slots.

use std::{collections::BTreeSet, fs, io, os::unix::fs::symlink, path::Path, time::Duration};

use arclab_spec::{
    Attempt, RunId, RunState,
    config::{Executor, ResourceRequest, SlurmRequest},
    run_folder,
};
use arclab_store::{
    Afterwards, Ask, JobRecord, Settlement,
    records::{Exit, Outcome, Reported},
};

use super::{
    Batch, SlurmError, StopJobs, SubmitError, Task, TaskEnd, TaskState,
    desk::{Place, Word},
    fate::{Fate, Sight, fate},
    job::{SlurmJob, batch_name},
    script,
};
use crate::{
    Busy, LaunchError, Progress, Refusal, SchedulerError, Stop, Waiting,
    error::chain,
    folder,
    follow::Follower,
    job::{Job, Watched, Worker},
    log, process,
    scheduler::{Session, now_ms},
    start::obstacle,
};

/// Folder of the store with a folder for each array.
pub(crate) const FOLDER: &str = "slurm";

/// How long a run waits where Slurm takes no more jobs.
const FULL: Duration = Duration::from_mins(1);

/// A run about to be submitted.
type Ready = (JobRecord, Attempt, Follower);

pub(crate) fn slurm_of(request: &ResourceRequest) -> Option<&SlurmRequest> {
    match &request.executor {
        Executor::Slurm(slurm) => Some(slurm),
        Executor::Local => None,
    }
}

impl Session<'_> {
    /// Submits those in line that are for the cluster, one array for all that ask for the same.
    pub(crate) async fn start_on_slurm(&mut self) -> Result<(), SchedulerError> {
        let room = self.slots.jobs.map_or(usize::MAX, |most| (most as usize).saturating_sub(self.jobs.len()));
        let is_local = |run: &Waiting| run.request.executor.is_local();
        let (local, remote): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(is_local);
        self.waiting = local;
        let mut arrays: Vec<(ResourceRequest, Vec<RunId>)> = Vec::new();
        for Waiting { run, request, .. } in remote.into_iter().take(room) {
            match arrays.iter_mut().find(|(other, _)| *other == request) {
                Some((_, runs)) => runs.push(run),
                None => arrays.push((request, vec![run])),
            }
        }
        for (request, runs) in arrays {
            let mut ready = Vec::new();
            for run in runs {
                ready.extend(self.made_ready(&run).await?);
            }
            self.submit(&request, ready).await?;
        }
        Ok(())
    }

    async fn made_ready(&mut self, run: &RunId) -> Result<Option<Ready>, SchedulerError> {
        let record = self.store().job(run).await.map_err(SchedulerError::Store)?;
        let RunState::Queued { next } = record.state else { return Ok(None) };
        let mut follower = Follower::new(self.store(), run, record.journal_offset, next);
        follower.drain(self.store()).await?;
        follower.rewind_if_lost(self.store()).await?;
        if let Some(reason) = obstacle(&record, follower.folder())? {
            self.refuse(run, reason).await?;
            return Ok(None);
        }
        Ok(Some((record, next, follower)))
    }

    async fn submit(&mut self, request: &ResourceRequest, ready: Vec<Ready>) -> Result<(), SchedulerError> {
        let Some(slurm) = slurm_of(request).filter(|_| !ready.is_empty()) else { return Ok(()) };
        let (threads, device) = (script::threads(request, slurm), script::device(request, slurm));
        let name = batch_name(self.store().folder(), now_ms(), self.desk.arrays);
        let (mut jobs, mut error) = (Vec::new(), None);
        for ((record, attempt, follower), index) in ready.into_iter().zip(0..) {
            let holds = Busy { threads: 0, memory_bytes: 0, gpu: None };
            self.begin((&record, attempt), threads, holds).await.map_err(SchedulerError::Store)?;
            let assignment = self.assignment(&record, attempt, threads, (device, None));
            let written = folder::write_plan(follower.folder(), &assignment)
                .and_then(|()| heading(follower.folder(), attempt));
            error = error.or(written.err());
            let watched = Watched::since(Duration::ZERO, record.request.time_limit_secs);
            let worker = Worker::Slurm(SlurmJob::new(&name, index));
            jobs.push(Job { run: record.run, attempt, holds, worker, follower, watched });
        }
        self.record(&jobs).await?;
        self.hand_in(&name, jobs, (request, slurm), error).await
    }

    /// Hands an array in, and looks after its jobs from now on.
    async fn hand_in(
        &mut self,
        name: &str,
        jobs: Vec<Job>,
        (request, slurm): (&ResourceRequest, &SlurmRequest),
        mut error: Option<LaunchError>,
    ) -> Result<(), SchedulerError> {
        let at = self.store().folder().join(FOLDER).join(name);
        let worker = std::path::absolute(&self.scheduler.options.worker);
        let worker = worker.unwrap_or_else(|_| self.scheduler.options.worker.clone());
        let comment = match &jobs[..] {
            [only] => only.run.to_string(),
            all => format!("{} runs of {}", all.len(), self.store().folder().display()),
        };
        let runs = jobs.len() as u32;
        let batch = Batch { name, folder: &at, runs, request, slurm, worker: &worker, comment: &comment };
        let (file, text) = (at.join("job.sh"), batch.script());
        let laid_out = lay_out(&at, &jobs).and_then(|()| fs::write(&file, text));
        error = error.or(laid_out.err().map(|source| LaunchError::Write(file.clone(), source)));
        if let Some(error) = error {
            for job in jobs {
                self.settle_as(job, Exit::default(), Some(chain(&error))).await?;
            }
            return Ok(());
        }
        self.jobs.extend(jobs);
        self.desk.submit(name, file);
        Ok(())
    }

    async fn record(&self, jobs: &[Job]) -> Result<(), SchedulerError> {
        let named = jobs.iter().filter_map(|job| match &job.worker {
            Worker::Slurm(slurm) => Some((job.run.clone(), job.attempt, slurm.to_string())),
            Worker::Child(_) | Worker::Adopted | Worker::Absent => None,
        });
        self.store().record_jobs(&named.collect::<Vec<_>>()).await.map_err(SchedulerError::Store)
    }

    /// What Slurm said since the last turn: of submissions, of all jobs, of stops.
    pub(crate) async fn hear_slurm(&mut self) -> Result<(), SchedulerError> {
        for (name, submitted) in self.desk.submitted().await {
            self.hear_submission(&name, submitted).await?;
        }
        let places = self.jobs.iter().filter_map(|job| job.worker.slurm()).map(SlurmJob::place).collect();
        let answer = self.desk.ask(places).await;
        if let Err(error) = answer {
            self.leave_to_slurm(&error);
        }
        for (places, error) in self.desk.unstopped().await {
            tracing::warn!(error = chain(&error), "Slurm was not told to stop jobs");
            let is_one =
                |job: &&mut Job| job.worker.slurm().is_some_and(|slurm| places.contains(&slurm.place()));
            self.jobs.iter_mut().filter(is_one).for_each(|job| job.watched.untold());
        }
        Ok(())
    }

    /// Slurm does not answer. Its jobs need nobody who watches; whoever wants to leave at once may.
    fn leave_to_slurm(&mut self, error: &SlurmError) {
        let why = chain(error);
        tracing::warn!(why, "Slurm does not answer");
        if self.stop == Stop::AtOnce {
            self.jobs.retain(|job| job.worker.slurm().is_none());
            let message = "Slurm does not answer: its jobs go on, and the same command finds them again";
            self.say(Progress::Cluster { message: message.to_owned() });
        } else if std::mem::replace(&mut self.desk.told, why.clone()) != why {
            let message = format!("Slurm does not answer ({why}): its jobs go on, and it is asked again");
            self.say(Progress::Cluster { message });
        }
    }

    async fn hear_submission(
        &mut self,
        name: &str,
        submitted: Result<u64, SubmitError>,
    ) -> Result<(), SchedulerError> {
        let is_of_it = |job: &Job| job.worker.slurm().is_some_and(|slurm| slurm.name == name);
        let (mut array, others): (Vec<Job>, Vec<Job>) =
            std::mem::take(&mut self.jobs).into_iter().partition(is_of_it);
        self.jobs = others;
        match submitted {
            Ok(id) => {
                array
                    .iter_mut()
                    .filter_map(|job| job.worker.slurm_mut())
                    .for_each(|slurm| slurm.id = Some(id));
                self.record(&array).await?;
                let runs = array.iter().map(|job| job.run.clone()).collect();
                tracing::info!(name, id, jobs = array.len(), "submitted to Slurm");
                self.say(Progress::Submitted { runs, job: id });
                self.jobs.extend(array);
            }
            Err(SubmitError::Unreachable(said)) => {
                let message = format!("Slurm does not answer ({said}): the jobs are handed in once it does");
                self.say(Progress::Cluster { message });
                self.jobs.extend(array);
            }
            Err(SubmitError::Full(said)) => {
                let message = format!("Slurm takes no more jobs for now ({said}): the runs wait");
                self.say(Progress::Cluster { message });
                let not_before_ms = now_ms() + FULL.as_millis() as u64;
                for job in array {
                    self.take_back(&job, Afterwards::Delayed { not_before_ms, parts: None }).await?;
                }
            }
            Err(refused @ SubmitError::Refused { .. }) => {
                for job in array {
                    self.take_back(&job, Afterwards::Stays).await?;
                    self.refuse(&job.run, Refusal::Slurm(refused.to_string())).await?;
                }
            }
        }
        Ok(())
    }

    /// Ends an attempt that never began.
    async fn take_back(&self, job: &Job, afterwards: Afterwards) -> Result<(), SchedulerError> {
        let settlement = Settlement {
            attempt: job.attempt,
            end: Outcome::Interrupted,
            failure: None,
            exit: Exit::default(),
            log_tail: String::new(),
            afterwards,
            is_death: false,
            at_ms: now_ms(),
        };
        self.store().settle(&job.run, &settlement).await.map(drop).map_err(SchedulerError::Store)
    }

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

    /// A job that Slurm has lost, as when its controller dies right after it was handed in.
    async fn submit_again(&mut self, mut job: Job) -> Result<(), SchedulerError> {
        let request = self.store().job(&job.run).await.map_err(SchedulerError::Store)?.request;
        let Some(slurm) = slurm_of(&request) else {
            return self.settle(job, Exit::default()).await;
        };
        let name = batch_name(self.store().folder(), now_ms(), self.desk.arrays);
        // One that Slurm never confirmed was not lost by it.
        let was_confirmed = job.worker.slurm().is_some_and(|slurm| slurm.id.is_some());
        tracing::warn!(run = %job.run, name, "Slurm does not know the job: submitting it again");
        job.worker = Worker::Slurm(SlurmJob { again: was_confirmed, ..SlurmJob::new(&name, 0) });
        self.record(std::slice::from_ref(&job)).await?;
        self.hand_in(&name, vec![job], (&request, slurm), None).await
    }

    /// Passes stops on to Slurm, in one call for each way.
    pub(crate) fn heed_on_slurm(&mut self) {
        let options = &self.scheduler.options;
        let (mut after, mut at_once): (Vec<(Place, String)>, Vec<_>) = (Vec::new(), Vec::new());
        for job in &mut self.jobs {
            let Some((place, handle)) =
                job.worker.slurm().and_then(|slurm| Some((slurm.place(), slurm.handle()?)))
            else {
                continue;
            };
            match job.watched.tell(self.stop, options) {
                None | Some(Stop::No) => {}
                Some(Stop::AfterCheckpoint) => after.push((place, handle)),
                Some(Stop::AtOnce) => at_once.push((place, handle)),
            }
        }
        self.desk.stop(after, StopJobs::AfterCheckpoint);
        self.desk.stop(at_once, StopJobs::AtOnce);
    }
}

/// Writes where an attempt begins into its log.
fn heading(at: &Path, attempt: Attempt) -> Result<(), LaunchError> {
    let file = at.join(run_folder::LOG);
    log::open(&file, attempt).map(drop).map_err(|source| LaunchError::Write(file, source))
}

/// Makes an array's folder, in which each place leads to the run's folder.
fn lay_out(at: &Path, jobs: &[Job]) -> io::Result<()> {
    fs::create_dir_all(at)?;
    let places: BTreeSet<(u32, &Path)> =
        jobs.iter().filter_map(|job| Some((job.worker.slurm()?.index, job.follower.folder()))).collect();
    places.into_iter().try_for_each(|(index, run)| symlink(run, at.join(index.to_string())))
}
