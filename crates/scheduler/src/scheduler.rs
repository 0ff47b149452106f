//! The loop that asks for decisions and acts on them.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use arclab_spec::{Assignment, Attempt, PLAN_VERSION, RunId, RunState, config::DeviceRequest};
use arclab_store::{
    JobRecord, Launch, Settlement, Store, StoreError,
    records::{Exit, Failure, Outcome},
};
use tokio::{
    sync::{mpsc::UnboundedSender, watch},
    time::sleep,
};

use crate::{
    Action, Busy, Evidence, Gpu, LaunchError, LockError, Progress, Refusal, RunEnd, SchedulerError,
    SchedulerOptions, Slots, Stop, Summary, Waiting, WorkerAbilities, decide,
    error::chain,
    folder,
    follow::Follower,
    gpu,
    job::{Job, Worker},
    launch::launch,
    lock::SchedulerLock,
    log, process, verdict,
};

/// Attempts at a run in one invocation.
const TRIES: u32 = 3;

/// Carries runs out on this machine. There is one a store.
#[derive(Debug)]
pub struct Scheduler {
    store: Store,
    options: SchedulerOptions,
    gpus: Result<Vec<Gpu>, String>,
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
    scheduler: &'a Scheduler,
    slots: Slots,
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) jobs: Vec<Job>,
    tries: BTreeMap<RunId, u32>,
    summary: Summary,
    progress: UnboundedSender<Progress>,
    stop: Stop,
}

impl<'a> Session<'a> {
    fn new(scheduler: &'a Scheduler, runs: &[RunId], progress: UnboundedSender<Progress>) -> Self {
        let options = &scheduler.options;
        let numbers = |gpus: &Vec<Gpu>| gpus.iter().map(|gpu| gpu.index).collect();
        let slots = Slots {
            jobs: options.jobs.map(std::num::NonZeroU32::get),
            threads: options.threads.get(),
            memory_bytes: options.memory_bytes,
            gpus: scheduler.gpus.as_ref().map(numbers).map_err(Clone::clone),
        };
        let runs = runs.iter().map(|run| (run.clone(), RunEnd::Waiting)).collect();
        Self {
            scheduler,
            slots,
            waiting: Vec::new(),
            jobs: Vec::new(),
            tries: BTreeMap::new(),
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

    pub(crate) fn count_try(&mut self, run: &RunId) {
        *self.tries.entry(run.clone()).or_default() += 1;
    }

    fn is_asked(&self, run: &RunId) -> bool {
        self.summary.runs.contains_key(run)
    }

    /// Notes how a run ended, if it was asked for.
    fn note(&mut self, run: &RunId, end: RunEnd) {
        if let Some(noted) = self.summary.runs.get_mut(run) {
            *noted = end;
        }
    }

    /// Lets the runs that were asked for wait, in their order.
    async fn queue(&mut self, runs: &[RunId]) -> Result<(), SchedulerError> {
        for run in runs {
            let record = self.store().job(run).await.map_err(SchedulerError::Store)?;
            match record.state {
                RunState::Queued { .. } if self.waiting.iter().all(|other| other.run != *run) => {
                    self.waiting.push(Waiting { run: run.clone(), request: record.request });
                }
                RunState::Queued { .. } | RunState::Running { .. } => {}
                RunState::Succeeded { .. } => self.note(run, RunEnd::Finished),
                RunState::Failed { .. } => self.refuse_ended(run, "failed"),
                RunState::Cancelled => self.refuse_ended(run, "cancelled"),
            }
        }
        Ok(())
    }

    /// Unless it failed just now, when it was recovered, which then stands.
    fn refuse_ended(&mut self, run: &RunId, state: &'static str) {
        if self.summary.runs.get(run) == Some(&RunEnd::Waiting) {
            self.refuse(run, Refusal::NotWaiting(state));
        }
    }

    fn refuse(&mut self, run: &RunId, reason: Refusal) {
        tracing::warn!(%run, %reason, "refused a run");
        self.waiting.retain(|other| other.run != *run);
        self.say(Progress::Refused { run: run.clone(), reason: reason.clone() });
        self.note(run, RunEnd::Refused(reason));
    }

    /// Starts what fits, unless it is to stop.
    async fn start(&mut self) -> Result<(), SchedulerError> {
        if self.stop != Stop::No || self.waiting.is_empty() {
            return Ok(());
        }
        let busy: Vec<Busy> = self.jobs.iter().map(|job| job.holds).collect();
        for action in decide(&self.waiting, &busy, &self.slots) {
            match action {
                Action::Refuse { run, reason } => self.refuse(&run, reason),
                Action::Start { run, threads, holds } => self.start_one(run, threads, holds).await?,
            }
        }
        Ok(())
    }

    async fn start_one(&mut self, run: RunId, threads: u32, holds: Busy) -> Result<(), SchedulerError> {
        self.waiting.retain(|other| other.run != run);
        let record = self.store().job(&run).await.map_err(SchedulerError::Store)?;
        let RunState::Queued { next } = record.state else { return Ok(()) };
        let mut follower = Follower::new(self.store(), &run, record.journal_offset, next);
        // What an earlier attempt wrote last must be in before this one's results are.
        follower.drain(self.store()).await?;
        let lives = process::lives(follower.folder());
        if lives.map_err(|source| SchedulerError::Worker { run: run.clone(), source })? {
            self.refuse(&run, Refusal::FolderInUse);
            return Ok(());
        }
        let cleared = if record.afresh { folder::clear(follower.folder()) } else { Ok(()) };
        self.begin(&run, next, threads, &holds).await.map_err(SchedulerError::Store)?;
        let launched = cleared.and_then(|()| self.spawn(&record, next, threads, &holds));
        let (told, attempt) = (Stop::No, next);
        match launched {
            Ok(child) => {
                let pid = child.id();
                let worker = Worker::Child(child);
                self.jobs.push(Job { run: run.clone(), attempt, holds, worker, follower, told });
                let noted = self.store().record_pid(&run, attempt, pid).await;
                noted.map_err(SchedulerError::Store)?;
                tracing::info!(%run, %attempt, pid, threads, gpu = holds.gpu, "launched a worker");
                self.say(Progress::Launched { run, attempt, threads, gpu: holds.gpu });
                Ok(())
            }
            Err(error) => {
                let job = Job { run, attempt, holds, worker: Worker::Adopted, follower, told };
                self.settle_as(job, Exit::default(), Some(chain(&error))).await
            }
        }
    }

    async fn begin(
        &mut self,
        run: &RunId,
        attempt: Attempt,
        threads: u32,
        holds: &Busy,
    ) -> Result<(), StoreError> {
        let provenance = self.scheduler.options.provenance.clone();
        let launch = Launch { attempt, threads, gpu: holds.gpu, provenance, at_ms: now_ms() };
        self.store().begin_attempt(run, &launch).await?;
        self.count_try(run);
        Ok(())
    }

    fn spawn(
        &self,
        record: &JobRecord,
        attempt: Attempt,
        threads: u32,
        holds: &Busy,
    ) -> Result<std::process::Child, LaunchError> {
        let assignment = Assignment {
            version: PLAN_VERSION,
            run: record.run.clone(),
            variant: record.variant.clone(),
            attempt,
            plan: record.plan.clone(),
            // Decided here: a worker without the GPU that it was given must say so rather than fall back.
            device: if holds.gpu.is_some() { DeviceRequest::Cuda } else { DeviceRequest::Cpu },
            threads,
            cache: self.store().cache(),
        };
        let folder = self.store().run_folder(&record.run);
        launch(&self.scheduler.options.worker, &folder, &assignment, &self.visible(holds.gpu))
    }

    fn visible(&self, gpu: Option<u32>) -> String {
        let known = self.scheduler.gpus.iter().flatten().find(|known| Some(known.index) == gpu);
        known.map(|gpu| gpu.visible.clone()).unwrap_or_default()
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
            match gone {
                Some(exit) => self.settle(job, exit).await?,
                None => {
                    let said = job.follower.drain(self.store()).await?;
                    said.into_iter().for_each(|progress| self.say(progress));
                    self.jobs.push(job);
                }
            }
        }
        Ok(())
    }

    /// Moves the run of a worker that is gone.
    pub(crate) async fn settle(&mut self, job: Job, exit: Exit) -> Result<(), SchedulerError> {
        self.settle_as(job, exit, None).await
    }

    async fn settle_as(
        &mut self,
        mut job: Job,
        exit: Exit,
        launch_error: Option<String>,
    ) -> Result<(), SchedulerError> {
        let said = job.follower.drain(self.store()).await?;
        said.into_iter().for_each(|progress| self.say(progress));
        let record = self.store().job(&job.run).await.map_err(SchedulerError::Store)?;
        let evidence = self.evidence(&record, exit, launch_error).await.map_err(SchedulerError::Store)?;
        let verdict = verdict(&evidence);
        let log_file = job.follower.folder().join(arclab_spec::run_folder::LOG);
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
        let failure = settled
            .failure
            .unwrap_or(Failure { kind: arclab_spec::FailureKind::Infrastructure, message: String::new() });
        match settled.end {
            Outcome::Finished => {
                self.note(&run, RunEnd::Finished);
                self.say(Progress::Finished { run, used: last.and_then(|last| last.used) });
            }
            Outcome::Interrupted => {
                self.say(Progress::Interrupted { run, at: last.and_then(|last| last.position) });
            }
            Outcome::Retried => {
                tracing::warn!(%run, attempt = %settled.attempt, why = failure.message, "a worker died");
                // First in line: others began after it.
                self.waiting.insert(0, Waiting { run: run.clone(), request: record.request });
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

    fn leave(self) -> Summary {
        Summary { stopped: self.stop != Stop::No, ..self.summary }
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as u64
}
