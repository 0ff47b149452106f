//! Names of the files in a run's folder: the contract between scheduler and worker.
//!
//! A run's folder is `STORE/runs/RUN`. The scheduler writes `plan.json` and starts `arclab-worker run FOLDER`; the
//! worker holds an exclusive lock on `worker.lock` while it lives and appends to `events.jsonl`.

/// The [`Assignment`](crate::Assignment), replaced for each attempt.
pub const PLAN: &str = "plan.json";
/// The journal: one [`JournalLine`](crate::JournalLine) a line. A new attempt begins a new line, so that a line cut
/// short by a kill spoils only itself.
pub const EVENTS: &str = "events.jsonl";
/// Locked (`flock`) by a living worker: whoever gets the lock knows that none lives.
pub const LOCK: &str = "worker.lock";
/// What the worker printed: its log, a panic.
pub const LOG: &str = "worker.log";
/// Checkpoints: pairs of `checkpoint-STEP.safetensors` and `checkpoint-STEP.json`, the newest and the one before it.
pub const CHECKPOINTS: &str = "checkpoints";
/// The trained weights, under PyTorch's InsightFace names.
pub const WEIGHTS: &str = "weights.safetensors";

/// Exit codes of `arclab-worker run`.
pub mod exit {
    /// The plan is carried out.
    pub const FINISHED: u8 = 0;
    /// The run failed; a `failed` event says why.
    pub const FAILED: u8 = 1;
    /// Stopped on request (SIGTERM) after a checkpoint.
    pub const INTERRUPTED: u8 = 3;
    /// Another worker holds the run's lock.
    pub const LOCKED: u8 = 4;
}
