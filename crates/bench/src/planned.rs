//! A store with runs of which a worker of this program makes nothing, and arclab's own scheduler over it.

use std::{
    env, fs,
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use arclab_scheduler::{Progress, Role, Scheduler, SchedulerOptions, Stop, WorkerAbilities};
use arclab_spec::{
    Attempt, Fingerprint, RunId, Spec,
    config::{DeviceRequest, Threads},
    read_specs,
};
use arclab_store::{
    Afterwards, Launch, Planning, Settlement, Store, Submission,
    records::{Exit, Outcome, Provenance},
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{mpsc, watch},
};

/// Under `target/`, on whose disk all that is measured here is written.
pub(crate) fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench-queue").join(name)
}

/// A folder that is empty at first and gone in the end.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> anyhow::Result<Self> {
        let folder = place(name);
        remove(&folder)?;
        fs::create_dir_all(&folder).with_context(|| format!("failed to make {}", folder.display()))?;
        Ok(Self(folder.canonicalize()?))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left over is removed the next time.
        drop(remove(&self.0));
    }
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("failed to remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// One thread, as the store has threads of its own.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("failed to make a runtime")
}

/// A store in which runs are planned.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) store: Store,
    pub(crate) runs: Vec<RunId>,
    pub(crate) folder: Folder,
}

impl Planned {
    /// A new store in which nothing is planned yet.
    pub(crate) async fn empty(name: &str) -> anyhow::Result<Self> {
        let folder = Folder::new(name)?;
        let store = Store::open(folder.path().join("store")).await?;
        Ok(Self { store, runs: Vec::new(), folder })
    }

    /// Plans one run a seed, each on one thread of the CPU.
    pub(crate) async fn plan(&mut self, seeds: u64) -> anyhow::Result<()> {
        let spec = spec(self.folder.path(), seeds)?;
        let data = Fingerprint::of(b"nobody");
        let planning = Planning { spec: &spec, text: None, data: &data, data_summary: "nobody", people: &[] };
        let planned = self.store.plan_runs(&[planning], now_ms()).await?;
        self.runs = planned.into_iter().map(|planned| planned.run).collect();
        Ok(())
    }

    /// Puts all of them in the queue.
    pub(crate) async fn submit(&self) -> anyhow::Result<()> {
        let submissions: Vec<Submission> = self.runs.iter().cloned().map(Submission::of).collect();
        self.store.submit(&submissions, now_ms()).await?;
        Ok(())
    }

    /// Has a daemon's scheduler work the queue, so many runs at once, until so many have finished.
    pub(crate) async fn work(&self, at_once: NonZeroU32, until: usize) -> anyhow::Result<()> {
        let mut scheduler = self.scheduler(at_once)?;
        let (stop, stopped) = watch::channel(Stop::No);
        let (sender, mut said) = mpsc::unbounded_channel();
        let listen = async {
            let (mut finished, mut failed) = (0, None);
            while let Some(progress) = said.recv().await {
                if matches!(progress, Progress::Finished { .. }) {
                    finished += 1;
                } else if is_amiss(&progress) {
                    failed.get_or_insert(progress);
                }
                if finished >= until || failed.is_some() {
                    stop.send_replace(Stop::AtOnce);
                }
            }
            failed
        };
        let (summary, failed) = tokio::join!(scheduler.serve(sender, stopped), listen);
        summary?;
        failed.map_or(Ok(()), |failed| Err(anyhow::anyhow!("a run was not carried out: {failed:?}")))
    }

    fn scheduler(&self, at_once: NonZeroU32) -> anyhow::Result<Scheduler> {
        let mut options = SchedulerOptions::of_this_machine(env::current_exe()?, provenance());
        options.jobs = Some(at_once);
        options.threads = options.threads.max(at_once);
        let abilities = WorkerAbilities { cuda: Err("nothing is trained here".to_owned()) };
        Ok(Scheduler::new(self.store.clone(), options, abilities, Role::Daemon)?)
    }
}

/// Workers that do nothing have no reason to fail.
fn is_amiss(progress: &Progress) -> bool {
    matches!(progress, Progress::Failed { .. } | Progress::Retrying { .. } | Progress::Refused { .. })
}

fn spec(folder: &Path, seeds: u64) -> anyhow::Result<Spec> {
    let file = folder.join("trivial.yaml");
    fs::write(&file, "data: {dataset: {folder: /nowhere}}\n")?;
    let mut spec = read_specs(&[file], &[])?.pop().context("the spec is not there")?;
    spec.seeds = (0..seeds).collect();
    spec.resources.device = DeviceRequest::Cpu;
    spec.resources.threads = Threads::Exactly(NonZeroU32::MIN);
    Ok(spec)
}

/// Has the store take a run to be at work, though there is no worker.
pub(crate) async fn begin(store: &Store, run: &RunId) -> anyhow::Result<()> {
    let launch = Launch {
        attempt: Attempt::FIRST,
        threads: 1,
        gpu: None,
        gpu_memory_bytes: None,
        parts: None,
        provenance: provenance(),
        at_ms: now_ms(),
    };
    store.begin_attempt(run, &launch).await?;
    Ok(())
}

/// Has the store take its first attempt to have ended well.
pub(crate) async fn finish(store: &Store, run: &RunId) -> anyhow::Result<()> {
    let settlement = Settlement {
        attempt: Attempt::FIRST,
        end: Outcome::Finished,
        failure: None,
        exit: Exit::default(),
        log_tail: String::new(),
        afterwards: Afterwards::Stays,
        is_death: false,
        at_ms: now_ms(),
    };
    store.settle(run, &settlement).await?;
    Ok(())
}

fn provenance() -> Provenance {
    let program_version = env!("CARGO_PKG_VERSION").to_owned();
    Provenance { program_version, git_commit: None, git_dirty: None }
}

pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
