//! What the scheduler tells while it works, and what it leaves.

use std::{collections::BTreeMap, num::NonZeroU32};

use arclab_metrics::Evaluation;
use arclab_spec::{Attempt, Position, ProtocolName, RunId, Usage};
use arclab_store::records::Failure;

use crate::Refusal;

/// Something that a person who waits would like to know.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// The run cannot be carried out here.
    Refused {
        /// The run.
        run: RunId,
        /// Why not.
        reason: Refusal,
    },
    /// A worker process was started.
    Launched {
        /// The run.
        run: RunId,
        /// Which attempt.
        attempt: Attempt,
        /// CPU threads given to it.
        threads: u32,
        /// The GPU given to it.
        gpu: Option<u32>,
    },
    /// Runs were handed in to Slurm.
    Submitted {
        /// The runs, in the order of the array.
        runs: Vec<RunId>,
        /// What Slurm calls the array.
        job: u64,
    },
    /// Something about the cluster that a person may have to act on.
    Cluster {
        /// What, in a sentence.
        message: String,
    },
    /// A worker is ready to train, or one that an earlier scheduler left behind was found at work.
    Started {
        /// The run.
        run: RunId,
        /// Which attempt.
        attempt: Attempt,
        /// Whether it was found at work.
        adopted: bool,
        /// `cpu`, `cuda:0 NVIDIA H200`.
        device: String,
        /// CPU threads.
        threads: u32,
        /// Where it begins, or where the adopted one is.
        at: Position,
        /// Epochs in all.
        epochs: u32,
        /// Steps in all epochs together.
        steps: u64,
    },
    /// A worker went on.
    Position {
        /// The run.
        run: RunId,
        /// Where it is.
        at: Position,
        /// Epochs in all.
        epochs: u32,
        /// Steps in all epochs together.
        steps: u64,
        /// The last loss, where this report has one.
        loss: Option<f64>,
        /// The last speed, where this report has one.
        images_per_second: Option<f64>,
    },
    /// A protocol was tested.
    Evaluated {
        /// The run.
        run: RunId,
        /// The protocol.
        protocol: ProtocolName,
        /// The numbers.
        evaluation: Evaluation,
    },
    /// An attempt died, and another follows.
    Retrying {
        /// The run.
        run: RunId,
        /// The attempt that died.
        attempt: Attempt,
        /// Why.
        failure: Failure,
        /// Batches are in so many parts from now on, since memory ran out.
        parts: Option<NonZeroU32>,
    },
    /// The run is carried out.
    Finished {
        /// The run.
        run: RunId,
        /// What the last attempt used.
        used: Option<Usage>,
    },
    /// The run stopped and waits.
    Interrupted {
        /// The run.
        run: RunId,
        /// Where it stopped, where that is known.
        at: Option<Position>,
        /// Whether it waits until somebody resumes it.
        is_paused: bool,
    },
    /// The run has come to where its search compares it with others.
    Paused {
        /// The run.
        run: RunId,
        /// Epochs that are done.
        epochs: u32,
    },
    /// The run failed for good.
    Failed {
        /// The run.
        run: RunId,
        /// Why.
        failure: Failure,
        /// The last lines of its log.
        log_tail: String,
    },
    /// Nothing is at work, and no run starts before other programs free memory.
    MemoryFull {
        /// The first in line.
        run: RunId,
        /// What it waits for.
        memory: Memory,
        /// What it asks for, in bytes.
        asked_bytes: u64,
        /// What others leave, of GPUs of that which has most left, in bytes.
        free_bytes: u64,
    },
    /// Workers were asked to stop after a checkpoint.
    Stopping {
        /// How many are at work.
        workers: usize,
    },
    /// Workers were killed.
    Killing {
        /// How many are at work.
        workers: usize,
    },
}

/// Whose memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// This machine's.
    Machine,
    /// A GPU's.
    Gpu,
}

/// How a run ended, as far as this invocation goes.
#[derive(Debug, Clone, PartialEq)]
pub enum RunEnd {
    /// Carried out.
    Finished,
    /// Failed for good.
    Failed {
        /// Why.
        failure: Failure,
        /// The last lines of its log.
        log_tail: String,
    },
    /// Waits to be picked up again.
    Waiting,
    /// Its search has stopped it before its end.
    StoppedEarly,
    /// Cannot be carried out here.
    Refused(Refusal),
}

/// What an invocation leaves.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// Each run that was asked for.
    pub runs: BTreeMap<RunId, RunEnd>,
    /// Whether a person stopped it.
    pub stopped: bool,
}
