//! Stores with runs that the fake worker carries out.
#![allow(dead_code, reason = "each test binary uses its part")]
#![expect(clippy::unwrap_used, reason = "helpers of tests, which may unwrap")]

pub(crate) mod nvml;
pub(crate) mod table;

use std::{
    fs,
    num::NonZeroU32,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use arclab_scheduler::{
    LockError, Programs, Progress, Role, Scheduler, SchedulerOptions, Stop, Summary, WorkerAbilities, upkeep,
};
use arclab_spec::{
    Attempt, Fingerprint, ProtocolName, RunId, RunState, Spec,
    config::{DeviceRequest, ResourceRequest},
    read_specs, run_folder,
};
use arclab_store::{
    Launch, Planning, Store,
    records::{AttemptRecord, Outcome, Provenance},
};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

/// The most of these that there were at once.
pub(crate) fn most_at_once(times: &[(u64, u64)]) -> usize {
    let at = |moment: u64| times.iter().filter(|(from, to)| *from <= moment && moment < *to).count();
    times.iter().map(|(from, _)| at(*from)).max().unwrap_or(0)
}

/// A store in which runs wait.
pub(crate) struct Bench {
    folder: TempDir,
    pub(crate) store: Store,
    pub(crate) runs: Vec<RunId>,
    pub(crate) jobs: Option<u32>,
    pub(crate) cuda: Result<(), String>,
    pub(crate) worker: PathBuf,
    pub(crate) hung_after: Duration,
    /// Where Slurm's programs lie.
    pub(crate) slurm: Option<PathBuf>,
    pub(crate) poll: Duration,
    /// This machine's memory, in bytes, and what is free of it.
    pub(crate) memory: (u64, fn() -> Option<u64>),
}

impl Bench {
    /// One run for each seed, on 4 threads, whose workers do as `script` says.
    pub(crate) async fn new(seeds: u64, script: serde_json::Value) -> Self {
        Self::asking(seeds, script, DeviceRequest::Auto).await
    }

    pub(crate) async fn asking(seeds: u64, script: serde_json::Value, device: DeviceRequest) -> Self {
        Self::with(seeds, script, |request| request.device = device).await
    }

    /// Each of whose runs asks for what `ask` writes.
    pub(crate) async fn with(
        seeds: u64,
        script: serde_json::Value,
        ask: impl FnOnce(&mut ResourceRequest),
    ) -> Self {
        Self::at(tempfile::tempdir().unwrap(), seeds, script, ask).await
    }

    /// In a folder that somebody chose.
    pub(crate) async fn at(
        folder: TempDir,
        seeds: u64,
        script: serde_json::Value,
        ask: impl FnOnce(&mut ResourceRequest),
    ) -> Self {
        let store = Store::open(folder.path()).await.unwrap();
        let runs = plan(&store, &(0..seeds).collect::<Vec<_>>(), ask).await;
        let cuda = Err("no kernels for it".to_owned());
        let bench = Self {
            folder,
            store,
            runs,
            jobs: None,
            cuda,
            worker: example("fake_worker"),
            slurm: None,
            hung_after: Duration::from_mins(2),
            poll: Duration::from_millis(10),
            memory: (1 << 40, || None),
        };
        bench.runs.iter().for_each(|run| bench.script(run, &script));
        bench
    }

    /// Has the run of this seed ask for something else.
    pub(crate) async fn ask_anew(&self, seed: u64, ask: impl FnOnce(&mut ResourceRequest)) {
        plan(&self.store, &[seed], ask).await;
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn script(&self, run: &RunId, script: &serde_json::Value) {
        fs::create_dir_all(self.store.run_folder(run)).unwrap();
        fs::write(self.store.run_folder(run).join("script.json"), script.to_string()).unwrap();
    }

    /// Records that the first attempt at the first run was launched, as a scheduler does that dies right after.
    pub(crate) async fn launched(&self, at_ms: u64) {
        let launch = Launch {
            attempt: Attempt::FIRST,
            threads: 1,
            gpu: None,
            gpu_memory_bytes: None,
            parts: None,
            provenance: provenance(),
            at_ms,
        };
        self.store.begin_attempt(&self.runs[0], &launch).await.unwrap();
    }

    /// The folder of a run, by its place among the runs.
    pub(crate) fn folder(&self, run: usize) -> PathBuf {
        self.store.run_folder(&self.runs[run])
    }

    pub(crate) fn scheduler(&self) -> Scheduler {
        self.try_scheduler().unwrap()
    }

    pub(crate) fn try_scheduler(&self) -> Result<Scheduler, LockError> {
        let mut options = SchedulerOptions::of_this_machine(self.worker.clone(), provenance());
        (options.poll, options.backoff) = (self.poll, self.poll);
        (options.memory_bytes, options.free_memory_bytes) = self.memory;
        options.slurm = Programs { folder: self.slurm.clone() };
        options.slurm_poll = Duration::from_millis(500);
        options.threads = NonZeroU32::new(4).unwrap();
        options.hung_after = self.hung_after;
        options.jobs = self.jobs.and_then(NonZeroU32::new);
        let abilities = WorkerAbilities { cuda: self.cuda.clone() };
        Scheduler::new(self.store.clone(), options, abilities, Role::Command)
    }

    /// A scheduler in a process of its own.
    pub(crate) fn drive(&self) -> Child {
        let mut command = Command::new(example("drive"));
        command.arg(self.path()).arg(&self.worker).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// When each attempt was launched, and when it ended.
    pub(crate) async fn times(&self) -> Vec<(u64, u64)> {
        let mut times = Vec::new();
        for run in &self.runs {
            let attempts = self.store.attempts(run).await.unwrap();
            times.extend(
                attempts.into_iter().map(|attempt| (attempt.launched_ms, attempt.end.unwrap().at_ms)),
            );
        }
        times
    }

    /// Carries all runs out.
    pub(crate) async fn run(&self) -> (Summary, Vec<Progress>) {
        self.run_with(|_, _| {}).await
    }

    /// Carries all runs out; `react` sees all progress and may ask to stop.
    pub(crate) async fn run_with(
        &self,
        mut react: impl FnMut(&Progress, &watch::Sender<Stop>),
    ) -> (Summary, Vec<Progress>) {
        let (stop, stopped) = watch::channel(Stop::No);
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let mut scheduler = self.scheduler();
        let listen = async {
            let mut said = Vec::new();
            while let Some(progress) = receiver.recv().await {
                react(&progress, &stop);
                said.push(progress);
            }
            said
        };
        let (summary, said) = tokio::join!(scheduler.run(&self.runs, sender, stopped), listen);
        (summary.unwrap(), said)
    }

    pub(crate) async fn state(&self, run: &RunId) -> RunState {
        self.store.run(run).await.unwrap().state
    }

    pub(crate) async fn outcomes(&self, run: &RunId) -> Vec<Option<Outcome>> {
        let attempts = self.store.attempts(run).await.unwrap();
        attempts.into_iter().map(|attempt| attempt.end.map(|end| end.outcome)).collect()
    }

    /// Asserts that the run has succeeded, and that all it gave is there exactly once, as an undisturbed worker of
    /// so many steps gives it.
    pub(crate) async fn assert_done(&self, run: &RunId, steps: u64) {
        let state = self.state(run).await;
        assert!(matches!(state, RunState::Succeeded { .. }), "{run}: {state:?}");
        let losses = self.store.metrics(run, "loss").await.unwrap();
        let got: Vec<(u64, f64)> = losses.iter().map(|point| (point.step, point.value)).collect();
        let expected: Vec<(u64, f64)> = (1..=steps).map(|step| (step, 1.0 / step as f64)).collect();
        assert_eq!(got, expected, "{run}");
        let results = self.store.evaluations(run).await.unwrap();
        assert_eq!(results.iter().map(|r| r.protocol.as_str()).collect::<Vec<_>>(), ["closed", "open"]);
        for result in &results {
            let scores = self.store.scores(run, &result.protocol).await.unwrap().unwrap();
            assert_eq!(scores.scores, (1..=8).map(|i| (1.0 / f64::from(i)) as f32).collect::<Vec<_>>());
            let list = self.store.pair_list(&result.pair_list).await.unwrap().unwrap();
            assert_eq!(list.pairs.len(), 8);
        }
        let folder = self.store.run_folder(run);
        let length = fs::metadata(folder.join(run_folder::EVENTS)).unwrap().len();
        assert_eq!(self.store.job(run).await.unwrap().journal_offset, length);
        assert!(!folder.join("two-at-once").exists(), "two workers were in {run}'s folder at once");
    }

    /// Asserts that the store contradicts itself nowhere.
    pub(crate) async fn assert_sound(&self) {
        let look = upkeep::look(&self.store).await.unwrap();
        assert_eq!(upkeep::faults(&look), []);
    }

    /// What became of each attempt at the run, in words.
    pub(crate) async fn told(&self, run: &RunId) -> String {
        let (mut told, mut before) = (Vec::new(), None);
        for AttemptRecord { end, failure, .. } in self.store.attempts(run).await.unwrap() {
            let word = match end.map(|end| end.outcome) {
                None => "at work",
                Some(Outcome::Finished) => "finished",
                Some(Outcome::Interrupted) => "waits again",
                Some(Outcome::Retried) => "tried again",
                Some(Outcome::Failed) => "failed",
            };
            let why = failure.map(|failure| failure.message);
            told.push(match &why {
                None => word.to_owned(),
                Some(_) if why == before => format!("{word} for the same reason"),
                Some(why) => format!("{word}: {why}"),
            });
            before = why;
        }
        let store = format!("{}/", self.store.folder().display());
        told.join("; then ").replace(&store, "").replace(run.as_str(), "RUN")
    }

    /// What the worker noted in the run's folder.
    pub(crate) fn pid(&self, run: &RunId) -> Option<i32> {
        let text = fs::read_to_string(self.store.run_folder(run).join(run_folder::LOCK)).ok()?;
        text.trim().parse().ok()
    }

    pub(crate) fn journal(&self, run: &RunId) -> String {
        let bytes = fs::read(self.store.run_folder(run).join(run_folder::EVENTS)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

pub(crate) fn provenance() -> Provenance {
    Provenance { program_version: "0".to_owned(), git_commit: None, git_dirty: None }
}

async fn plan(store: &Store, seeds: &[u64], ask: impl FnOnce(&mut ResourceRequest)) -> Vec<RunId> {
    let mut spec = spec(store.folder(), seeds);
    ask(&mut spec.resources);
    let data = Fingerprint::of(b"faces");
    let planning = Planning { spec: &spec, text: None, data: &data, data_summary: "nobody", people: &[] };
    let planned = store.plan_runs(&[planning], 1).await.unwrap();
    planned.into_iter().map(|planned| planned.run).collect()
}

fn spec(folder: &Path, seeds: &[u64]) -> Spec {
    let file = folder.join("baseline.yaml");
    let text = format!("data: {{dataset: {{folder: /faces}}}}\ntraining: {{seeds: {seeds:?}}}\n");
    fs::write(&file, text).unwrap();
    read_specs(&[file], &[]).unwrap().remove(0)
}

/// A program of this crate's `examples/`, which are built along with its tests.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("examples").join(name);
    assert!(path.is_file(), "{} is not built", path.display());
    path
}

pub(crate) fn script(steps: u64, step_ms: u64, attempts: &serde_json::Value) -> serde_json::Value {
    json!({"steps": steps, "step_ms": step_ms, "attempts": attempts})
}

pub(crate) fn attempt(number: u32) -> Attempt {
    Attempt(number.try_into().unwrap())
}

pub(crate) fn protocol(name: &str) -> ProtocolName {
    ProtocolName::new(name).unwrap()
}

/// What comes within half a minute, and would otherwise never come.
pub(crate) async fn in_time<T>(done: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), done).await.unwrap()
}

/// Waits until `held` holds, half a minute at most.
pub(crate) async fn until(what: &str, mut held: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !held() {
        assert!(begin.elapsed() < Duration::from_secs(30), "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
