//! What one protocol says of one run: the words that events, the database and the tables share.

use serde::{Deserialize, Serialize};

/// Where a protocol's decision threshold comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ThresholdPolicy {
    /// InsightFace's procedure: per fold, the most accurate threshold of the other folds.
    KFold {
        /// Number of folds where the pair list names none; lists with folds keep their own.
        folds: u32,
    },
    /// The same over all thresholds rather than InsightFace's grid: half way between two scores of the other folds.
    KFoldExact {
        /// As of `KFold`.
        folds: u32,
    },
    /// The most accurate threshold on the validation pairs, applied to every test.
    Validation,
    /// One cosine similarity, given in the spec.
    Fixed(f64),
}

/// Decisions against the truth. "Positive" is "same person".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Confusion {
    /// Same person, called same.
    pub true_positives: u64,
    /// Different people, called same.
    pub false_positives: u64,
    /// Different people, called different.
    pub true_negatives: u64,
    /// Same person, called different.
    pub false_negatives: u64,
}

impl Confusion {
    /// Counts one more pair.
    pub fn add(&mut self, decision: bool, truth: bool) {
        let count = match (decision, truth) {
            (true, true) => &mut self.true_positives,
            (true, false) => &mut self.false_positives,
            (false, false) => &mut self.true_negatives,
            (false, true) => &mut self.false_negatives,
        };
        *count += 1;
    }

    /// Number of pairs decided.
    pub fn pairs(&self) -> u64 {
        self.true_positives + self.false_positives + self.true_negatives + self.false_negatives
    }

    /// Share of pairs decided rightly, in [0, 1]; 0 of no pairs.
    pub fn accuracy(&self) -> f64 {
        let right = self.true_positives + self.true_negatives;
        right as f64 / self.pairs().max(1) as f64
    }
}

impl std::iter::Sum for Confusion {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |a, b| Self {
            true_positives: a.true_positives + b.true_positives,
            false_positives: a.false_positives + b.false_positives,
            true_negatives: a.true_negatives + b.true_negatives,
            false_negatives: a.false_negatives + b.false_negatives,
        })
    }
}

/// How pairs came into their folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoldArrangement {
    /// The pair list names each pair's fold, as LFW's does.
    Listed,
    /// Neighbours in the list share a fold, as InsightFace cuts it.
    #[default]
    Contiguous,
    /// The list is ordered by truth, so its same and its different pairs were dealt out in turn instead: neighbours
    /// would make folds of one class, and accuracies below chance.
    Dealt,
}

/// Mean and deviation of the accuracy over folds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FoldAccuracy {
    /// Mean over the folds.
    pub mean: f64,
    /// Standard deviation over the folds, divisor n (ddof 0), as InsightFace prints it.
    pub std: f64,
    /// How pairs came into their folds.
    #[serde(default)]
    pub arrangement: FoldArrangement,
}

/// One protocol's result for one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Where the thresholds came from.
    pub policy: ThresholdPolicy,
    /// Cosine similarity above which a pair is called the same person: one, or one a fold.
    pub thresholds: Vec<f64>,
    /// Decisions over all pairs, each at its fold's threshold.
    pub confusion: Confusion,
    /// Share of pairs decided rightly; the mean over folds where there are some.
    pub accuracy: f64,
    /// Where there are folds.
    pub folds: Option<FoldAccuracy>,
    /// Area under the ROC curve.
    pub auc: f64,
    /// Accuracy at the best threshold chosen on these very pairs: an optimistic bound, never the headline.
    pub best_accuracy: f64,
}

impl Evaluation {
    /// The mean of the thresholds over folds; absent where there are none.
    pub fn mean_threshold(&self) -> Option<f64> {
        let count = self.thresholds.len();
        (count > 0).then(|| self.thresholds.iter().sum::<f64>() / count as f64)
    }
}
