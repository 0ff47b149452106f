//! The loop that asks for decisions and acts on them.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use arclab_spec::{RunId, RunState, config::ResourceRequest};
use arclab_store::{Scope, Store, Watch};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{
        mpsc::{UnboundedSender, unbounded_channel},
        watch,
    },
    time::sleep,
};

use crate::{
    Advisor, Gpu, GpuRoom, LockError, MemoryRoom, Progress, Refusal, Role, RunEnd, SchedulerError,
    SchedulerOptions, Slots, Stop, Summary, Waiting, WorkerAbilities, decide,
    error::chain,
    gpu,
    job::Job,
    line::Back,
    lock::SchedulerLock,
    memory_watch::MemoryWatch,
    slurm::{Desk, slurm_of},
};

/// Carries runs out on this machine. There is one a store.
#[derive(Debug)]
pub struct Scheduler {
    store: Store,
    pub(crate) options: SchedulerOptions,
    pub(crate) gpus: Result<Vec<Gpu>, String>,
    advisor: Option<Box<dyn Advisor>>,
    _lock: SchedulerLock,
}

impl Scheduler {
    /// Takes the store's lock and looks for GPUs where the worker can use any.
    pub fn new(
        store: Store,
        options: SchedulerOptions,
        abilities: WorkerAbilities,
        role: Role,
    ) -> Result<Self, LockError> {
        let lock = SchedulerLock::take(store.folder(), role)?;
        let gpus = abilities.cuda.and_then(|()| gpu::gpus().map_err(|error| error.to_string()));
        Ok(Self { store, options, gpus, advisor: None, _lock: lock })
    }

    /// Has `advisor` decide by results which runs go on, the next time that runs are carried out.
    pub fn heed(&mut self, advisor: Box<dyn Advisor>) {
        self.advisor = Some(advisor);
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Moves a run that counts as running and whose worker is gone, as [`Self::run`] would at its start.
    pub(crate) async fn settle_abandoned(&mut self, run: &RunId) -> Result<(), SchedulerError> {
        let (progress, _) = unbounded_channel();
        let mut session = Session::new(self, Scope::These(BTreeSet::new()), progress).await?;
        session.recover_one(run.clone()).await
    }

    /// Why a run with this request can never be carried out here.
    pub fn refusal(&self, request: &ResourceRequest) -> Option<Refusal> {
        if slurm_of(request).is_some() {
            let absence = self.options.slurm.absence();
            return absence.map(|error| {
                Refusal::Slurm(format!("it asks for `executor: slurm`, and {}", chain(&error)))
            });
        }
        decide::refusal(request, &self.slots())
    }

    /// Why no run can have a GPU here; fine where one can.
    pub fn no_gpu(&self) -> Result<(), String> {
        self.gpus.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    fn slots(&self) -> Slots {
        let room = |gpu: &Gpu| GpuRoom { gpu: gpu.index, memory: MemoryRoom::of(gpu.memory_bytes) };
        Slots {
            jobs: self.options.jobs.map(NonZeroU32::get),
            threads: self.options.threads.get(),
            memory: MemoryRoom::of(self.options.memory_bytes),
            gpus: self.gpus.as_ref().map(|gpus| gpus.iter().map(room).collect()).map_err(Clone::clone),
        }
    }

    /// Carries out `runs`, which are put in the queue where they are not, and what an earlier scheduler left running, until all have
    /// ended or `stop` says so. What happens goes to `progress`; nobody need listen.
    pub async fn run(
        &mut self,
        runs: &[RunId],
        progress: UnboundedSender<Progress>,
        stop: watch::Receiver<Stop>,
    ) -> Result<Summary, SchedulerError> {
        let scope = Scope::These(runs.iter().cloned().collect());
        let advisor = self.advisor.take();
        let mut session = Session { advisor, ..Session::new(self, scope, progress).await? };
        session.recover().await?;
        session.queue(runs).await?;
        session.work(stop).await
    }

    /// Carries out all that is in the queue, and what comes into it, until `stop` says so.
    pub async fn serve(
        &mut self,
        progress: UnboundedSender<Progress>,
        stop: watch::Receiver<Stop>,
    ) -> Result<Summary, SchedulerError> {
        let advisor = self.advisor.take();
        let mut session = Session { advisor, ..Session::new(self, Scope::All, progress).await? };
        session.recover().await?;
        session.work(stop).await
    }
}

/// One invocation of [`Scheduler::run`] or [`Scheduler::serve`].
pub(crate) struct Session<'a> {
    pub(crate) scheduler: &'a Scheduler,
    pub(crate) slots: Slots,
    /// Whose runs are carried out.
    pub(crate) scope: Scope,
    /// The first in line, as of the last look at the store.
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) watch: Watch,
    pub(crate) looked: Option<Instant>,
    pub(crate) back: Back,
    pub(crate) jobs: Vec<Job>,
    pub(crate) memory_watch: MemoryWatch,
    pub(crate) advisor: Option<Box<dyn Advisor>>,
    /// Whether the advisor has not been asked since a run stopped.
    pub(crate) has_news: bool,
    /// Whether somebody wrote since it was last asked for that, for which it is not asked before then.
    pub(crate) has_writes: bool,
    pub(crate) rests_until: Option<Instant>,
    pub(crate) desk: Desk,
    summary: Summary,
    progress: UnboundedSender<Progress>,
    pub(crate) stop: Stop,
}

impl<'a> Session<'a> {
    async fn new(
        scheduler: &'a Scheduler,
        scope: Scope,
        progress: UnboundedSender<Progress>,
    ) -> Result<Self, SchedulerError> {
        let runs = match &scope {
            Scope::All => BTreeMap::new(),
            Scope::These(runs) => runs.iter().map(|run| (run.clone(), RunEnd::Waiting)).collect(),
        };
        Ok(Self {
            scheduler,
            slots: scheduler.slots(),
            scope,
            watch: scheduler.store.watch().await.map_err(SchedulerError::Store)?,
            looked: None,
            back: Back::default(),
            waiting: Vec::new(),
            jobs: Vec::new(),
            memory_watch: MemoryWatch::default(),
            advisor: None,
            has_news: true,
            has_writes: false,
            rests_until: None,
            desk: Desk::new(Arc::new(scheduler.options.slurm.clone()), scheduler.options.slurm_poll),
            summary: Summary { runs, stopped: false },
            progress,
            stop: Stop::No,
        })
    }

    async fn work(mut self, mut stop: watch::Receiver<Stop>) -> Result<Summary, SchedulerError> {
        // The end of a worker is looked at when it comes; without that, at the next turn.
        let mut ends = signal(SignalKind::child()).ok();
        loop {
            self.heed(*stop.borrow_and_update())?;
            self.consult().await?;
            self.look().await?;
            self.start().await?;
            if self.jobs.is_empty() && self.has_ended().await? {
                return self.leave().await;
            }
            tokio::select! {
                () = sleep(self.scheduler.options.poll) => {}
                // Once nobody can ask any more, only time passes.
                Ok(()) = stop.changed() => continue,
                Some(()) = next(&mut ends) => {}
            }
            self.attend().await?;
        }
    }

    /// Whether nothing is left to wait for, while nothing is at work.
    async fn has_ended(&mut self) -> Result<bool, SchedulerError> {
        match (self.stop, &self.scope) {
            (Stop::AfterCheckpoint | Stop::AtOnce, _) => Ok(true),
            (Stop::No, Scope::All) => Ok(false),
            (Stop::No, Scope::These(_)) => {
                let waits = self.store().is_any_in_line(&self.scope).await.map_err(SchedulerError::Store)?;
                // What is left comes after others, and once that is refused, others may follow it.
                Ok(!waits && !self.refuse_hopeless(true).await?)
            }
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

    pub(crate) fn is_asked(&self, run: &RunId) -> bool {
        match &self.scope {
            Scope::All => true,
            Scope::These(runs) => runs.contains(run),
        }
    }

    /// Whether it was not settled yet, of the runs that were asked for.
    pub(crate) fn is_open(&self, run: &RunId) -> bool {
        self.summary.runs.get(run) == Some(&RunEnd::Waiting)
    }

    /// Carries out another run, too.
    pub(crate) fn ask_for(&mut self, run: RunId) {
        if let Scope::These(runs) = &mut self.scope {
            self.summary.runs.insert(run.clone(), RunEnd::Waiting);
            runs.insert(run);
        }
    }

    /// Notes how a run ended, if it was asked for.
    pub(crate) fn note(&mut self, run: &RunId, end: RunEnd) {
        if let Some(noted) = self.summary.runs.get_mut(run) {
            *noted = end;
        }
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
        self.heed_on_slurm();
        for job in &mut self.jobs {
            let told = job.tell(self.stop, &self.scheduler.options);
            told.map_err(|source| SchedulerError::Worker { run: job.run.clone(), source })?;
        }
        Ok(())
    }

    /// Reads the journals, and settles the runs whose workers are gone.
    async fn attend(&mut self) -> Result<(), SchedulerError> {
        self.hear_slurm().await?;
        for mut job in std::mem::take(&mut self.jobs) {
            if job.worker.slurm().is_some() {
                self.attend_on_slurm(job).await?;
                continue;
            }
            // Before the journal: what a worker wrote last is then certainly there.
            let gone = job.gone();
            let gone = gone.map_err(|source| SchedulerError::Worker { run: job.run.clone(), source })?;
            if let Some(exit) = gone {
                self.hear_last_request(&mut job).await?;
                self.settle(job, exit).await?;
            } else {
                let before = job.follower.offset();
                self.pass_on(job.follower.drain(self.store()).await?);
                if job.follower.offset() != before {
                    job.watched.sign_of_life();
                }
                self.jobs.push(job);
            }
        }
        Ok(())
    }

    /// What was asked for here, and was stopped, nobody else is to begin.
    async fn leave(mut self) -> Result<Summary, SchedulerError> {
        if let Scope::These(_) = &self.scope {
            let open: Vec<RunId> =
                self.summary.runs.keys().filter(|run| self.is_open(run)).cloned().collect();
            for run in &open {
                let state = self.store().run(run).await.map_err(SchedulerError::Store)?.state;
                if state == RunState::Cancelled {
                    self.note(run, RunEnd::Refused(Refusal::Cancelled));
                }
                if self.store().is_stopped_early(run).await.map_err(SchedulerError::Store)? {
                    self.note(run, RunEnd::StoppedEarly);
                }
            }
            if self.stop != Stop::No {
                self.store().withdraw(&open).await.map_err(SchedulerError::Store)?;
            }
        }
        Ok(Summary { stopped: self.stop != Stop::No, ..self.summary })
    }
}

async fn next(ends: &mut Option<tokio::signal::unix::Signal>) -> Option<()> {
    match ends {
        Some(ends) => ends.recv().await,
        None => None,
    }
}

pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as u64
}
