//! Numbers from scores, and comparing them: thresholds, accuracy, false positives and negatives.
//!
//! Pure: no files, no clock, no randomness that is not passed in. Scores are cosine similarities.

mod evaluation;

pub use evaluation::{Confusion, Evaluation, FoldAccuracy, ThresholdPolicy};
