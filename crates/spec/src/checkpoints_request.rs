//! What a check of a store asks of a worker: `arclab-worker checkpoints REQUEST.json`, and what it answers on its output.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Whether checkpoints can be read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointsRequest {
    /// [`PLAN_VERSION`](crate::PLAN_VERSION) of the writer. The worker refuses another.
    pub version: u32,
    /// Folders of runs.
    pub folders: Vec<PathBuf>,
}

/// The worker's answer, as JSON on its standard output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointsReport {
    /// Of each folder, in the order that was asked in.
    pub folders: Vec<CheckedCheckpoints>,
}

/// What became of reading a run's checkpoints back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckedCheckpoints {
    /// How many can be used.
    pub usable: u32,
    /// Those that cannot be, and why.
    pub damaged: Vec<(PathBuf, String)>,
}
