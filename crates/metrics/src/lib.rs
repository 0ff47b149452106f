//! Numbers from scores, and comparing them: thresholds, accuracy, false positives and negatives.
//!
//! Pure: no files, no clock, no randomness that is not passed in. Scores are cosine similarities, and a pair is
//! called the same person when its score is above the threshold.

mod audit;
mod band;
mod compare;
mod distributions;
mod evaluate;
mod evaluation;
mod folds;
mod identification;
mod kfold;
mod pairs;
mod policy;
mod proportion;
mod random;
mod roc;
mod sort;
mod summary;

pub use audit::{
    Alike, AlikeClasses, Bound, ClassMeans, Contradicted, Found, Nearest, Ranking, contradicted,
    contradiction,
};
pub use band::{TarAt, tar_band};
pub use compare::{
    Decisions, Effect, PairedComparison, Placed, Resampling, Trend, Unit, compare_auc, holm, mcnemar_exact,
    pairs_needed, trend,
};
pub use distributions::normal_quantile;
pub use evaluate::{decisions, evaluate, evaluate_with_curve, pair_thresholds, validation_threshold};
pub use evaluation::{Confusion, Evaluation, FoldAccuracy, FoldArrangement, ThresholdPolicy};
pub use folds::Folds;
pub use identification::{Mate, Search, Searches};
pub use pairs::EvaluateError;
pub use policy::ResolvedPolicy;
pub use proportion::Proportion;
pub use roc::{Far, InvalidFar, NotMeasurable, OperatingPoint, Roc};
pub use summary::{Difference, Summary, seed_difference, unpaired_difference};
