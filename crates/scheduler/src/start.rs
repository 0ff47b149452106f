//! Starting runs, as decided.

use std::{path::Path, process::Child, time::Duration};

use arclab_spec::{Assignment, Attempt, PLAN_VERSION, RunId, RunState, config::DeviceRequest};
use arclab_store::{JobRecord, Launch, StoreError, records::Exit};

use crate::{
    Action, Busy, Gpu, GpuPlace, LaunchError, Progress, Refusal, SchedulerError, Stop, decide,
    error::chain,
    folder,
    follow::Follower,
    job::{Job, Watched, Worker},
    launch::launch,
    process,
    scheduler::{Session, now_ms},
};

impl Session<'_> {
    /// Starts what fits, unless it is to stop.
    pub(crate) async fn start(&mut self) -> Result<(), SchedulerError> {
        if self.stop != Stop::No || self.waiting.is_empty() {
            return Ok(());
        }
        let before = self.jobs.len();
        self.start_on_slurm().await?;
        let local = self.jobs.iter().filter(|job| job.worker.slurm().is_none());
        let busy: Vec<Busy> = local.map(|job| job.holds).collect();
        self.measure_memory(&busy);
        let actions = decide(&self.waiting, &busy, &self.slots);
        self.tell_full_memory(&busy, &actions);
        for action in actions {
            match action {
                Action::Refuse { run, reason } => self.refuse(&run, reason).await?,
                Action::Start { run, threads, holds } => self.start_one(run, threads, holds).await?,
            }
        }
        self.back.is_due = self.jobs.len() == before;
        Ok(())
    }

    async fn start_one(&mut self, run: RunId, threads: u32, holds: Busy) -> Result<(), SchedulerError> {
        self.waiting.retain(|other| other.run != run);
        let record = self.store().job(&run).await.map_err(SchedulerError::Store)?;
        let RunState::Queued { next } = record.state else { return Ok(()) };
        let mut follower = Follower::new(self.store(), &run, record.journal_offset, next);
        // What an earlier attempt wrote last must be in before this one's results are.
        follower.drain(self.store()).await?;
        if let Some(reason) = obstacle(&record, follower.folder())? {
            return self.refuse(&run, reason).await;
        }
        follower.rewind_if_lost(self.store()).await?;
        self.begin((&record, next), threads, holds).await.map_err(SchedulerError::Store)?;
        let launched = self.spawn(&record, next, threads, holds);
        let watched = Watched::since(Duration::ZERO, record.request.time_limit_secs);
        let job = Job { run, attempt: next, holds, worker: Worker::Absent, follower, watched };
        match launched {
            Ok(child) => self.take_on(job, child, threads).await,
            Err(error) => self.settle_as(job, Exit::default(), Some(chain(&error))).await,
        }
    }

    async fn take_on(&mut self, mut job: Job, child: Child, threads: u32) -> Result<(), SchedulerError> {
        let (run, attempt, pid) = (job.run.clone(), job.attempt, child.id());
        let gpu = job.holds.gpu.map(|place| place.gpu);
        job.worker = Worker::Child(child);
        self.jobs.push(job);
        self.store().record_pid(&run, attempt, pid).await.map_err(SchedulerError::Store)?;
        tracing::info!(%run, %attempt, pid, threads, gpu, "launched a worker");
        self.say(Progress::Launched { run, attempt, threads, gpu });
        Ok(())
    }

    pub(crate) async fn begin(
        &self,
        (record, attempt): (&JobRecord, Attempt),
        threads: u32,
        holds: Busy,
    ) -> Result<(), StoreError> {
        let provenance = self.scheduler.options.provenance.clone();
        let gpu = holds.gpu.map(|place| place.gpu);
        let gpu_memory_bytes = holds.gpu.and_then(|place| place.share_bytes);
        let (parts, at_ms) = (record.parts, now_ms());
        let launch = Launch { attempt, threads, gpu, gpu_memory_bytes, parts, provenance, at_ms };
        self.store().begin_attempt(&record.run, &launch).await.map(drop)
    }

    fn spawn(
        &self,
        record: &JobRecord,
        attempt: Attempt,
        threads: u32,
        holds: Busy,
    ) -> Result<Child, LaunchError> {
        // Decided here: a worker without the GPU that it was given must say so rather than fall back.
        let device = if holds.gpu.is_some() { DeviceRequest::Cuda } else { DeviceRequest::Cpu };
        let share = holds.gpu.and_then(|place| place.share_bytes);
        let assignment = self.assignment(record, attempt, threads, (device, share));
        let folder = self.store().run_folder(&record.run);
        launch(&self.scheduler.options.worker, &folder, &assignment, &self.visible(holds.gpu))
    }

    /// What a worker is told, which computes on `device` with this share of its memory.
    pub(crate) fn assignment(
        &self,
        record: &JobRecord,
        attempt: Attempt,
        threads: u32,
        (device, gpu_memory_bytes): (DeviceRequest, Option<u64>),
    ) -> Assignment {
        Assignment {
            version: PLAN_VERSION,
            run: record.run.clone(),
            variant: record.variant.clone(),
            attempt,
            plan: record.plan.clone(),
            device,
            gpu_memory_bytes,
            deterministic: record.request.deterministic,
            until_epoch: record.until_epoch,
            parts: record.parts,
            threads,
            cache: self.store().cache(),
        }
    }

    fn visible(&self, place: Option<GpuPlace>) -> String {
        let is_it = |known: &&Gpu| place.is_some_and(|place| place.gpu == known.index);
        let known = self.scheduler.gpus.iter().flatten().find(is_it);
        known.map(|gpu| gpu.visible.clone()).unwrap_or_default()
    }
}

/// Why a run cannot start in its folder. Where it is to be done afresh, what must go is taken away: before the store
/// forgets that it is to be, so that a death in between only does it twice.
pub(crate) fn obstacle(record: &JobRecord, folder: &Path) -> Result<Option<Refusal>, SchedulerError> {
    let lives = process::lives(folder);
    if lives.map_err(|source| SchedulerError::Worker { run: record.run.clone(), source })? {
        return Ok(Some(Refusal::FolderInUse));
    }
    let cleared = if record.afresh { folder::clear(folder) } else { Ok(()) };
    Ok(cleared.err().map(|error| Refusal::Folder(chain(&error))))
}
