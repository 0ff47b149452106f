//! The loop that asks for decisions and acts on them.

use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    time::{SystemTime, UNIX_EPOCH},
};

use arclab_spec::{RunId, RunState, config::ResourceRequest};
use arclab_store::{JobRecord, Restart, Store};
use tokio::{
    sync::{mpsc::UnboundedSender, watch},
    time::sleep,
};

use crate::{
    Gpu, GpuRoom, LockError, Progress, Refusal, RunEnd, SchedulerError, SchedulerOptions, Slots, Stop,
    Summary, Waiting, WorkerAbilities, decide, gpu, gpu_watch::GpuWatch, job::Job, lock::SchedulerLock,
};

/// Carries runs out on this machine. There is one a store.
#[derive(Debug)]
pub struct Scheduler {
    store: Store,
    pub(crate) options: SchedulerOptions,
    pub(crate) gpus: Result<Vec<Gpu>, String>,
    _lock: SchedulerLock,
}

impl Scheduler {
    /// Takes the store's lock and looks for GPUs where the worker can use any.
    pub fn new(
        store: Store,
        options: SchedulerOptions,
        abilities: WorkerAbilities,
    ) -> Result<Self, LockError> {
        let lock = SchedulerLock::take(store.folder())?;
        let gpus = abilities.cuda.and_then(|()| gpu::gpus().map_err(|error| error.to_string()));
        Ok(Self { store, options, gpus, _lock: lock })
    }

    /// Why a run with this request can never be carried out here.
    pub fn refusal(&self, request: &ResourceRequest) -> Option<Refusal> {
        decide::refusal(request, &self.slots())
    }

    fn slots(&self) -> Slots {
        let room = |gpu: &Gpu| GpuRoom { gpu: gpu.index, memory_bytes: gpu.memory_bytes, others_bytes: 0 };
        Slots {
            jobs: self.options.jobs.map(NonZeroU32::get),
            threads: self.options.threads.get(),
            memory_bytes: self.options.memory_bytes,
            gpus: self.gpus.as_ref().map(|gpus| gpus.iter().map(room).collect()).map_err(Clone::clone),
        }
    }

    /// Carries out `runs` and what an earlier scheduler left running, until all have ended or `stop` says so.
    /// What happens goes to `progress`; nobody need listen.
    pub async fn run(
        &mut self,
        runs: &[RunId],
        progress: UnboundedSender<Progress>,
        mut stop: watch::Receiver<Stop>,
    ) -> Result<Summary, SchedulerError> {
        let mut session = Session::new(self, runs, progress);
        session.recover().await?;
        session.queue(runs).await?;
        loop {
            session.heed(*stop.borrow_and_update())?;
            session.start().await?;
            if session.jobs.is_empty() && (session.stop != Stop::No || session.waiting.is_empty()) {
                return Ok(session.leave());
            }
            tokio::select! {
                () = sleep(session.scheduler.options.poll) => {}
                // Once nobody can ask any more, only time passes.
                Ok(()) = stop.changed() => continue,
            }
            session.attend().await?;
        }
    }
}

/// One invocation of [`Scheduler::run`].
pub(crate) struct Session<'a> {
    pub(crate) scheduler: &'a Scheduler,
    pub(crate) slots: Slots,
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) tries: BTreeMap<RunId, u32>,
    pub(crate) gpu_watch: GpuWatch,
    summary: Summary,
    progress: UnboundedSender<Progress>,
    pub(crate) stop: Stop,
}

impl<'a> Session<'a> {
    fn new(scheduler: &'a Scheduler, runs: &[RunId], progress: UnboundedSender<Progress>) -> Self {
        let runs = runs.iter().map(|run| (run.clone(), RunEnd::Waiting)).collect();
        Self {
            scheduler,
            slots: scheduler.slots(),
            waiting: Vec::new(),
            jobs: Vec::new(),
            tries: BTreeMap::new(),
            gpu_watch: GpuWatch::default(),
            summary: Summary { runs, stopped: false },
            progress,
            stop: Stop::No,
        }
    }

    pub(crate) fn store(&self) -> &'a Store {
        &self.scheduler.store
    }

    pub(crate) fn say(&self, progress: Progress) {
        // Nobody listening is no reason to stop working.
        drop(self.progress.send(progress));
    }

    pub(crate) fn pass_on(&self, said: Vec<Progress>) {
        for progress in said {
            self.say(progress);
        }
    }

    pub(crate) fn count_try(&mut self, run: &RunId) {
        *self.tries.entry(run.clone()).or_default() += 1;
    }

    pub(crate) fn is_asked(&self, run: &RunId) -> bool {
        self.summary.runs.contains_key(run)
    }

    /// Notes how a run ended, if it was asked for.
    pub(crate) fn note(&mut self, run: &RunId, end: RunEnd) {
        if let Some(noted) = self.summary.runs.get_mut(run) {
            *noted = end;
        }
    }

    /// Lets the runs that were asked for wait, in their order. One that failed before is asked for again by that,
    /// and goes on from its checkpoint.
    async fn queue(&mut self, runs: &[RunId]) -> Result<(), SchedulerError> {
        for run in runs {
            let record = self.store().job(run).await.map_err(SchedulerError::Store)?;
            // Recovering may have settled it just now, and then let it wait again already.
            let is_open = self.summary.runs.get(run) == Some(&RunEnd::Waiting)
                && self.waiting.iter().all(|other| other.run != *run);
            match record.state {
                RunState::Queued { .. } if is_open => self.wait_for(record),
                RunState::Failed { .. } if is_open => {
                    let queued = self.store().requeue(run, Restart::Resume, now_ms()).await;
                    queued.map_err(SchedulerError::Store)?;
                    self.wait_for(record);
                }
                RunState::Queued { .. } | RunState::Running { .. } | RunState::Failed { .. } => {}
                RunState::Succeeded { .. } => self.note(run, RunEnd::Finished),
                RunState::Cancelled => self.refuse(run, Refusal::Cancelled),
            }
        }
        Ok(())
    }

    fn wait_for(&mut self, record: JobRecord) {
        self.waiting.push(Waiting { run: record.run, request: record.request });
    }

    pub(crate) fn refuse(&mut self, run: &RunId, reason: Refusal) {
        tracing::warn!(%run, %reason, "refused a run");
        self.waiting.retain(|other| other.run != *run);
        self.say(Progress::Refused { run: run.clone(), reason: reason.clone() });
        self.note(run, RunEnd::Refused(reason));
    }

    /// Passes what a person asked for on to the workers.
    fn heed(&mut self, stop: Stop) -> Result<(), SchedulerError> {
        if stop > self.stop {
            self.stop = stop;
            let workers = self.jobs.len();
            tracing::info!(workers, ?stop, "stopping");
            let says = if stop == Stop::AtOnce {
                Progress::Killing { workers }
            } else {
                Progress::Stopping { workers }
            };
            self.say(says);
        }
        for job in &mut self.jobs {
            let told = job.tell(self.stop);
            told.map_err(|source| SchedulerError::Worker { run: job.run.clone(), source })?;
        }
        Ok(())
    }

    /// Reads the journals, and settles the runs whose workers are gone.
    async fn attend(&mut self) -> Result<(), SchedulerError> {
        for mut job in std::mem::take(&mut self.jobs) {
            // Before the journal: what a worker wrote last is then certainly there.
            let gone = job.gone();
            let gone = gone.map_err(|source| SchedulerError::Worker { run: job.run.clone(), source })?;
            if let Some(exit) = gone {
                self.settle(job, exit).await?;
            } else {
                self.pass_on(job.follower.drain(self.store()).await?);
                self.jobs.push(job);
            }
        }
        Ok(())
    }

    fn leave(self) -> Summary {
        Summary { stopped: self.stop != Stop::No, ..self.summary }
    }
}

pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as u64
}
