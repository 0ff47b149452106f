//! Numbers from scores, and comparing them: thresholds, accuracy, false positives and negatives.
//!
//! Pure: no files, no clock, no randomness that is not passed in. Scores are cosine similarities, and a pair is
//! called the same person when its score is above the threshold.

mod compare;
mod evaluate;
mod evaluation;
mod folds;
mod kfold;
mod pairs;
mod policy;
mod roc;
mod student;
mod summary;

pub use compare::{PairedComparison, compare_paired, mcnemar_exact};
pub use evaluate::{decisions, evaluate, validation_threshold};
pub use evaluation::{Confusion, Evaluation, FoldAccuracy, FoldArrangement, ThresholdPolicy};
pub use folds::Folds;
pub use pairs::EvaluateError;
pub use policy::ResolvedPolicy;
pub use roc::{Far, InvalidFar, Roc};
pub use summary::{Difference, Summary, seed_difference};
