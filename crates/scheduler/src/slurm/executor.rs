//! Runs on the cluster: submitted and stopped; how each is followed, `attend.rs` says. They take none of this machine's slots.

use std::{collections::BTreeSet, fs, io, os::unix::fs::symlink, path::Path, time::Duration};

use arclab_spec::{
    Attempt, RunId, RunState,
    config::{Executor, ResourceRequest, SlurmRequest},
    run_folder,
};
use arclab_store::{
    Afterwards, JobRecord, Settlement,
    records::{Exit, Outcome},
};

use super::{
    Batch, SlurmError, StopJobs, SubmitError,
    desk::Place,
    job::{SlurmJob, batch_name},
    script,
};
use crate::{
    Busy, LaunchError, Progress, Refusal, SchedulerError, Stop, Waiting,
    error::chain,
    folder,
    follow::Follower,
    job::{Job, Watched, Worker},
    log,
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

    pub(super) async fn record(&self, jobs: &[Job]) -> Result<(), SchedulerError> {
        let named = jobs.iter().filter_map(|job| match &job.worker {
            Worker::Slurm(slurm) => Some((job.run.clone(), job.attempt, slurm.to_string())),
            Worker::Child(_) | Worker::Adopted | Worker::Absent => None,
        });
        self.store().record_jobs(&named.collect::<Vec<_>>()).await.map_err(SchedulerError::Store)
    }

    /// What Slurm said since the last turn: of submissions, of all jobs, of stops.
    pub(crate) async fn hear_slurm(&mut self) -> Result<(), SchedulerError> {
        for (name, submitted) in self.desk.submitted() {
            self.hear_submission(&name, submitted).await?;
        }
        let places = self.jobs.iter().filter_map(|job| job.worker.slurm()).map(SlurmJob::place).collect();
        let answer = self.desk.ask(places);
        if let Err(error) = answer {
            self.leave_to_slurm(&error);
        }
        for (places, error) in self.desk.unstopped() {
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
        tracing::debug!(why, "Slurm does not answer");
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
        if array.is_empty() {
            // It was let go.
            return Ok(());
        }
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
            Err(SubmitError::Unreadable(said)) => {
                let message =
                    format!("`sbatch` answers with no job's id ({said}): the jobs are looked for by name");
                self.say(Progress::Cluster { message });
                array
                    .iter_mut()
                    .filter_map(|job| job.worker.slurm_mut())
                    .for_each(|slurm| slurm.unread = Some(said.clone()));
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
    pub(super) async fn take_back(&self, job: &Job, afterwards: Afterwards) -> Result<(), SchedulerError> {
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

    /// A job that Slurm has lost, as when its controller dies right after it was handed in.
    pub(super) async fn submit_again(&mut self, mut job: Job) -> Result<(), SchedulerError> {
        if let Some(said) = job.worker.slurm().and_then(|slurm| slurm.unread.as_ref()) {
            // Once more it would only say the same again.
            let text = format!(
                "`sbatch` answers with no job's id ({said}), and Slurm knows no job of that name: where it is a program of the \
                 site's own, name the folder of Slurm's in ARCLAB_SLURM"
            );
            self.take_back(&job, Afterwards::Stays).await?;
            return self.refuse(&job.run, Refusal::Slurm(text)).await;
        }
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

    /// Does not wait for jobs that nobody can be told to end, as Slurm has not said yet what it calls them.
    fn let_go(&mut self) {
        let is_named = |job: &Job| job.worker.slurm().is_none_or(|slurm| slurm.id.is_some());
        let (named, nameless): (Vec<Job>, Vec<Job>) =
            std::mem::take(&mut self.jobs).into_iter().partition(is_named);
        self.jobs = named;
        let names: BTreeSet<&String> =
            nameless.iter().filter_map(|job| Some(&job.worker.slurm()?.name)).collect();
        for name in names {
            let message = format!(
                "Slurm has not said yet whether it takes the jobs of `{name}`: they may begin, and the same command finds them \
                 again; `scancel --name={name}` calls them off"
            );
            self.say(Progress::Cluster { message });
        }
    }

    /// Passes stops on to Slurm, in one call for each way.
    pub(crate) fn heed_on_slurm(&mut self) {
        if self.stop == Stop::AtOnce {
            self.let_go();
        }
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
