//! Slurm: what is asked of it, what it answers, and what that means for a run. Whatever a job's state, what counts as done is
//! what its worker's journal says.

mod answers;
mod attend;
mod client;
mod desk;
mod executor;
mod fate;
mod job;
mod refusal;
mod script;
mod state;

pub use client::{Cluster, Programs, SlurmError, StopJobs};
pub(crate) use desk::Desk;
pub(crate) use executor::{FOLDER, slurm_of};
pub(crate) use job::SlurmJob;
pub use refusal::SubmitError;
pub use script::Batch;
pub use state::{Reason, Task, TaskEnd, TaskState};
