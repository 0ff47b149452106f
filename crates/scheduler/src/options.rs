//! What the scheduler is told before it starts.

use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use arclab_store::records::Provenance;

use crate::Programs;

/// No run waits for longer than this after a death.
pub const LONGEST_BACKOFF: Duration = Duration::from_mins(5);

/// How runs are carried out.
#[derive(Debug, Clone)]
pub struct SchedulerOptions {
    /// The worker program.
    pub worker: PathBuf,
    /// Runs carried out at once; as many as the threads and GPUs allow where absent.
    pub jobs: Option<NonZeroU32>,
    /// CPU threads to share out.
    pub threads: NonZeroU32,
    /// Memory to share out among the runs that ask for some, in bytes.
    pub memory_bytes: u64,
    /// What is free of it now, in bytes; none where that cannot be learned.
    pub free_memory_bytes: fn() -> Option<u64>,
    /// How often journals are read.
    pub poll: Duration,
    /// A worker that gives no sign of life for so long is taken to hang, and killed.
    pub hung_after: Duration,
    /// A worker that was told to stop after a checkpoint, and does not, is killed after so long.
    pub grace: Duration,
    /// How long a run waits after its first death; twice as long after each further one, up to [`LONGEST_BACKOFF`].
    pub backoff: Duration,
    /// The programs of Slurm, for runs on a cluster.
    pub slurm: Programs,
    /// Slurm is asked at most so often how its jobs are.
    pub slurm_poll: Duration,
    /// Noted with each attempt.
    pub provenance: Provenance,
}

/// What the worker program says it can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerAbilities {
    /// GPUs, or why not.
    pub cuda: Result<(), String>,
}

impl SchedulerOptions {
    /// This machine's cores and memory, shared out to `worker`.
    pub fn of_this_machine(worker: PathBuf, provenance: Provenance) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
        Self {
            worker,
            jobs: None,
            threads: NonZeroU32::new(threads).unwrap_or(NonZeroU32::MIN),
            memory_bytes: memory_bytes(),
            free_memory_bytes: || meminfo("MemAvailable:"),
            poll: Duration::from_millis(200),
            // Workers give one every second or two.
            hung_after: Duration::from_mins(2),
            grace: Duration::from_mins(1),
            backoff: Duration::from_secs(1),
            slurm: Programs::default(),
            slurm_poll: Duration::from_secs(10),
            provenance,
        }
    }
}

/// All memory of this machine; boundless where it cannot be learned, so that nothing is refused for it.
pub fn memory_bytes() -> u64 {
    meminfo("MemTotal:").unwrap_or(u64::MAX)
}

/// What Linux says of its memory, in bytes.
fn meminfo(key: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib.saturating_mul(1024))
}
