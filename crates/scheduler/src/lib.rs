//! Which run goes where and when, and making it so: slots, worker processes, recovery.
//!
//! Decisions are pure ([`decide`], [`verdict`]); a thin loop acts on them. What a run's numbers are is the worker's
//! matter, what becomes durable the store's.

mod advisor;
mod decide;
mod error;
mod folder;
mod follow;
mod gpu;
mod gpu_room;
mod job;
mod launch;
mod line;
mod lock;
mod log;
mod memory_room;
mod memory_watch;
mod options;
mod pairs;
mod process;
mod progress;
mod recover;
mod scheduler;
mod settle;
mod shutdown;
mod slurm;
mod start;
mod tail;
pub mod upkeep;
mod verdict;

pub use advisor::{Advised, Advisor};
pub use decide::{Action, Busy, PATIENCE_MS, Refusal, Slots, Waiting, decide};
pub use error::{LaunchError, SchedulerError};
pub use gpu::{Gpu, GpuError, driver_version, gpus};
pub use gpu_room::{GpuPlace, GpuRoom};
pub use lock::{Holder, LockError, Role, holder};
pub use memory_room::MemoryRoom;
pub use options::{LONGEST_BACKOFF, SchedulerOptions, WorkerAbilities, memory_bytes};
pub use progress::{Memory, Progress, RunEnd, Summary};
pub use scheduler::Scheduler;
pub use shutdown::{Stop, stop_on_signals};
pub use slurm::{
    Batch, Cluster, Programs, Reason, SlurmError, StopJobs, SubmitError, Task, TaskEnd, TaskState,
};
pub use verdict::{Evidence, Kinship, Next, Verdict, verdict};
