//! Numbers of a loss on pairs: cosines, and terms that are cut off at 0.

use arclab_nn::heads::{CosineSum, Hinges};
use serde::{Deserialize, Serialize};

/// Of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct PairNumbers {
    pub(crate) same: CosineSum,
    pub(crate) different: CosineSum,
    pub(crate) hinges: Hinges,
}

impl PairNumbers {
    /// The sum with those of another part of the same step.
    pub(super) fn and(self, next: Self) -> Self {
        Self {
            same: self.same.and(next.same),
            different: self.different.and(next.different),
            hinges: self.hinges.and(next.hinges),
        }
    }
}

/// Sums over pairs; of losses on class centres there are none, and their checkpoints say nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PairSums {
    steps: u64,
    same_cosines: f64,
    same_pairs: u64,
    different_cosines: f64,
    different_pairs: u64,
    terms: u64,
    active_terms: u64,
}

impl PairSums {
    pub(super) fn is_empty(&self) -> bool {
        self.steps == 0
    }

    pub(super) fn add(&mut self, PairNumbers { same, different, hinges }: &PairNumbers) {
        self.steps += 1;
        self.same_cosines += same.sum;
        self.same_pairs += same.count as u64;
        self.different_cosines += different.sum;
        self.different_pairs += different.count as u64;
        self.terms += hinges.total as u64;
        self.active_terms += hinges.active as u64;
    }

    /// Mean cosines, and the share of terms that are not cut off; none of what there is nothing of.
    pub(super) fn means(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let means = [
            ("same_cosine", self.same_cosines, self.same_pairs),
            ("different_cosine", self.different_cosines, self.different_pairs),
            ("active_share", self.active_terms as f64, self.terms),
        ];
        means
            .into_iter()
            .filter(|(.., count)| *count > 0)
            .map(|(name, sum, count)| (name, sum / count as f64))
    }
}
