//! What a worker reports: typed events, one JSON line each in the run's `events.jsonl`.

use std::collections::BTreeMap;

use arclab_metrics::Evaluation;
use serde::{Deserialize, Serialize};

use crate::{Attempt, FailureKind, Fingerprint, ProtocolName};

/// Version of the journal's lines. A reader refuses another.
pub const JOURNAL_VERSION: u32 = 1;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalLine {
    /// [`JOURNAL_VERSION`] of the writer.
    pub version: u32,
    /// The attempt that reports.
    pub attempt: Attempt,
    /// Unix time in milliseconds.
    pub at_ms: u64,
    /// What happened.
    pub event: Event,
}

/// A place in training: so many steps are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Epoch, from 0.
    pub epoch: u32,
    /// Steps done in all epochs together.
    pub step: u64,
}

/// What happened in a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The worker is ready to train; says on what.
    Started(Started),
    /// Numbers of a step (every `log_every`): `loss`, `learning_rate`, `images_per_second`, `data_seconds`,
    /// `forward_seconds`, `backward_seconds`, …
    Step {
        /// After this step.
        at: Position,
        /// By name; never NaN nor infinite.
        metrics: BTreeMap<String, f64>,
    },
    /// Numbers of an epoch: means of the above, and `validation_accuracy`.
    Epoch {
        /// After this epoch: `epoch` counts from 1 here.
        at: Position,
        /// By name.
        metrics: BTreeMap<String, f64>,
    },
    /// A checkpoint is on the disk.
    Checkpoint {
        /// What it holds.
        at: Position,
    },
    /// One protocol was tested.
    Evaluated {
        /// Its name.
        protocol: ProtocolName,
        /// Its pairs: a file of this name lies in the cache's `pairs` folder.
        pair_list: Fingerprint,
        /// The numbers.
        evaluation: Evaluation,
        /// File in the run's folder with one little-endian float32 cosine similarity a pair, in the list's order.
        scores: String,
    },
    /// The worker is alive though it has nothing else to say.
    Heartbeat(Heartbeat),
    /// Stopped on request, after a checkpoint.
    Interrupted {
        /// What the checkpoint holds.
        at: Position,
    },
    /// All done.
    Finished {
        /// What the attempt used.
        used: Usage,
    },
    /// Ended by an error.
    Failed {
        /// Whether another attempt may help.
        kind: FailureKind,
        /// The whole chain of the error.
        message: String,
        /// Where training was.
        at: Option<Position>,
        /// Whether memory ran out, so that a batch in parts may fit.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        out_of_memory: bool,
    },
}

/// Provenance of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Started {
    /// Process id.
    pub pid: u32,
    /// Host name.
    pub host: String,
    /// `cpu`, `cuda:0 NVIDIA H200`.
    pub device: String,
    /// CPU threads.
    pub threads: u32,
    /// The worker's version.
    pub version: String,
    /// Instruction set of the CPU kernels: `avx512`, `avx2`, `portable`.
    pub kernels: String,
    /// Where the attempt began: the start, or a checkpoint.
    pub from: Position,
    /// Epochs in all.
    pub epochs: u32,
    /// Steps in all epochs together.
    pub steps: u64,
}

/// A sign of life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// Where training is.
    pub at: Position,
}

/// What an attempt used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Wall-clock seconds.
    pub wall_seconds: f64,
    /// User and system CPU seconds.
    pub cpu_seconds: f64,
    /// Peak resident memory.
    pub peak_memory_bytes: u64,
    /// What tensors and workspaces held at most of a GPU's memory, beside what CUDA takes; absent on the CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_gpu_memory_bytes: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_on_the_cpu_used_says_nothing_of_a_gpu() {
        let (wall_seconds, cpu_seconds, peak_memory_bytes) = (1.5, 2.5, 3);
        let used = Usage { wall_seconds, cpu_seconds, peak_memory_bytes, peak_gpu_memory_bytes: None };
        let json = r#"{"wall_seconds":1.5,"cpu_seconds":2.5,"peak_memory_bytes":3}"#;
        assert_eq!(serde_json::to_string(&used).unwrap(), json);
        assert_eq!(serde_json::from_str::<Usage>(json).unwrap(), used);
    }
}
