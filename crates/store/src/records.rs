//! What the store gives out: plain records, which know no SQL.

use std::{num::NonZeroU32, path::PathBuf};

use arclab_metrics::Evaluation;
use arclab_spec::{
    Attempt, Expectation, ExperimentName, FailureKind, Fingerprint, PlanHash, Position, ProtocolName, RunId,
    RunState, Usage, VariantName,
};
use serde::{Deserialize, Serialize};

/// A run as history lists it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunRecord {
    /// Its name.
    pub id: RunId,
    /// The experiment that was asked for, else the one it was first planned for.
    pub experiment: ExperimentName,
    /// The variant that was asked for, else the one it was first planned for.
    pub variant: VariantName,
    /// Other variants that have its plan, by experiment and name, and so stand on its results, too.
    pub shared_with: Vec<SharedWith>,
    /// The plan's seed.
    pub seed: u64,
    /// What it carries out.
    pub plan: PlanHash,
    /// Where it stands.
    pub state: RunState,
    /// Whether its search has stopped it before its end, so that it waits for nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_stopped_early: bool,
    /// Whether it has come to where its search compares it with others, which has not decided yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub waits_for_search: bool,
    /// When it was first planned, Unix milliseconds.
    pub created_ms: u64,
    /// When its state last changed, Unix milliseconds.
    pub moved_ms: u64,
    /// Wall-clock seconds of all its attempts together, from launch to end.
    pub duration_seconds: f64,
    /// The last attempt; absent before the first.
    pub last_attempt: Option<AttemptRecord>,
    /// `STORE/runs/RUN`.
    pub folder: PathBuf,
}

/// A variant with the same plan as another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedWith {
    /// Its experiment.
    pub experiment: ExperimentName,
    /// Its name.
    pub variant: VariantName,
}

/// One execution of a run, and its provenance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttemptRecord {
    /// Which execution.
    pub number: Attempt,
    /// CPU threads given to it.
    pub threads: u32,
    /// The GPU given to it, by its number on this machine.
    pub gpu: Option<u32>,
    /// Its share of the GPU by memory, in bytes; absent where it had a GPU for itself, or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_memory_bytes: Option<u64>,
    /// So many parts of a batch for each that the plan has, since memory ran out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<NonZeroU32>,
    /// What the executor calls the job, where it is no process of this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The worker's process.
    pub pid: Option<u32>,
    /// Who launched it, from which state of the source.
    pub provenance: Provenance,
    /// What the worker said of itself; absent until it reports.
    pub worker: Option<WorkerRecord>,
    /// The last place in training that was reported.
    pub position: Option<Position>,
    /// What the worker reported as its end.
    pub reported: Option<Reported>,
    /// Whether it failed because memory ran out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub out_of_memory: bool,
    /// What it used; absent unless it finished.
    pub used: Option<Usage>,
    /// When it was launched, Unix milliseconds.
    pub launched_ms: u64,
    /// How it ended; absent while it runs.
    pub end: Option<EndRecord>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The last lines of its log; empty unless it failed.
    pub log_tail: String,
}

/// What a worker said of itself when it started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkerRecord {
    /// Host name.
    pub host: String,
    /// `cpu`, `cuda:0 NVIDIA H200`.
    pub device: String,
    /// The worker's version.
    pub version: String,
    /// Instruction set of the CPU kernels.
    pub kernels: String,
    /// When it was ready to train, Unix milliseconds.
    pub started_ms: u64,
    /// Where it began: the start, or a checkpoint.
    pub from: Position,
    /// Epochs in all.
    pub epochs: u32,
    /// Steps in all epochs together.
    pub steps: u64,
}

/// How an attempt ended, as the scheduler saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndRecord {
    /// When, Unix milliseconds.
    pub at_ms: u64,
    /// In which way.
    pub outcome: Outcome,
    /// Exit code and signal, where they could be learned.
    pub exit: Exit,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Carried the plan out.
    Finished,
    /// Stopped on request; the run waits.
    Interrupted,
    /// Died; another attempt follows.
    Retried,
    /// Failed for good.
    Failed,
}

/// What a worker reported as its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reported {
    /// All done.
    Finished,
    /// Stopped on request, after a checkpoint.
    Interrupted,
    /// Ended by an error.
    Failed,
}

/// How a process ended; nothing is known of one that another scheduler started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Exit {
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that killed it.
    pub signal: Option<i32>,
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Whether another attempt may help.
    pub kind: FailureKind,
    /// The whole chain of the error.
    pub message: String,
}

/// Which program launched an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Version of `arclab`.
    pub program_version: String,
    /// Commit of the repository that the specs lie in, where they lie in one.
    pub git_commit: Option<String>,
    /// Whether that repository had changes that were not committed.
    pub git_dirty: Option<bool>,
}

/// One protocol's result for one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluationRecord {
    /// Whose.
    pub run: RunId,
    /// Of which test.
    pub protocol: ProtocolName,
    /// On which pairs.
    pub pair_list: Fingerprint,
    /// The numbers.
    pub evaluation: Evaluation,
    /// Cosine similarity above which a pair is called the same person: the mean over folds.
    pub threshold: Option<f64>,
}

/// A run's similarities on one pair list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoresRecord {
    /// The pairs.
    pub pair_list: Fingerprint,
    /// One cosine similarity a pair, in the list's order.
    pub scores: Vec<f32>,
}

/// A list of labelled pairs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PairListRecord {
    /// Its content's digest.
    pub fingerprint: Fingerprint,
    /// The protocol that first used it.
    pub name: ProtocolName,
    /// The pairs, in order.
    pub pairs: Vec<PairRecord>,
}

/// One labelled pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PairRecord {
    /// One image.
    pub a: String,
    /// The other.
    pub b: String,
    /// Whether the list says that both show one person.
    pub same: bool,
    /// Its fold, where the list names folds.
    pub fold: Option<u32>,
}

/// What runs are trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DataRecord {
    /// Of images, labels, splits and pair lists.
    pub fingerprint: Fingerprint,
    /// In words: `75 people and 1013 images to train on`.
    pub summary: String,
}

/// What a variant's spec expected of its runs.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectationRecord {
    /// One after the other.
    pub expected: Vec<Expectation>,
    /// When it was first recorded, Unix milliseconds.
    pub recorded_ms: u64,
}

/// A metric's value at one place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MetricPoint {
    /// Whether it is of a step or of an epoch.
    pub scope: MetricScope,
    /// Epochs done: from 0 for a step, from 1 for an epoch.
    pub epoch: u32,
    /// Steps done in all epochs together.
    pub step: u64,
    /// Never NaN nor infinite.
    pub value: f64,
}

/// What a metric was measured over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricScope {
    /// One step.
    Step,
    /// A whole epoch.
    Epoch,
}

/// A line of history: a run with its results, by protocol.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryRecord {
    /// The run.
    #[serde(flatten)]
    pub run: RunRecord,
    /// Its results, in the order of their protocols' names.
    pub evaluations: Vec<EvaluationRecord>,
}

/// A variant's declaration, as last planned.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpecRecord {
    /// Its experiment.
    pub experiment: ExperimentName,
    /// Its name.
    pub variant: VariantName,
    /// The variant it extends.
    pub parent: Option<VariantName>,
    /// What its runs should teach.
    pub hypothesis: String,
    /// The file as written.
    pub text: Option<String>,
    /// As resolved.
    pub resolved: serde_json::Value,
    /// When it was recorded, Unix milliseconds.
    pub recorded_ms: u64,
}
