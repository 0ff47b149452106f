//! Two variants on one pair list: is the difference more than chance?
//!
//! Both decide the same pairs, so only the pairs on which they disagree tell them apart. Intervals of pairs that count as
//! independent are the adjusted Wald interval for matched proportions of Agresti and Min (Simple improved confidence
//! intervals for comparing matched proportions, Statistics in Medicine 24, 2005): half a pair is added to each of the four
//! cells. [`PairedComparison::resampled`] allows for the people that pairs share.

pub(crate) mod bootstrap;
pub(crate) mod clustered;
mod delong;
mod holm;
mod mcnemar;
mod rate;
mod trend;

pub use self::{
    bootstrap::{Resampling, Unit},
    delong::compare_auc,
    holm::holm,
    mcnemar::{mcnemar_exact, pairs_needed},
    trend::{Placed, Trend, trend},
};
use crate::{Difference, EvaluateError, distributions::NORMAL_975};

/// A difference, and the chance of one at least as large, to either side, were there none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// `b` less `a`, with its interval.
    pub difference: Difference,
    /// Two-sided.
    pub p: f64,
}

/// What two variants decide of each pair of a list (`true`: the same person), and the truth.
#[derive(Debug, Clone, Copy)]
pub struct Decisions<'a> {
    /// Of variant `a`.
    pub a: &'a [bool],
    /// Of variant `b`.
    pub b: &'a [bool],
    /// What is so.
    pub truth: &'a [bool],
}

/// How variant `b` differs from variant `a` on one pair list. All differences are `b` less `a`; all p are of `McNemar`'s exact
/// test, which takes pairs as independent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedComparison {
    /// Pairs decided by both.
    pub pairs: u64,
    /// Pairs that `b` alone decided rightly.
    pub gained: u64,
    /// Pairs that `a` alone decided rightly.
    pub lost: u64,
    /// Of the share decided rightly.
    pub accuracy: Effect,
    /// Of the number of false positives.
    pub false_positives: Effect,
    /// Of the number of false negatives.
    pub false_negatives: Effect,
}

impl PairedComparison {
    /// Compares pair by pair, with intervals of independent pairs.
    pub fn new(decisions: Decisions<'_>) -> Result<Self, EvaluateError> {
        let Decisions { a, b, truth } = decisions;
        for decided in [a, b] {
            if decided.len() != truth.len() {
                return Err(EvaluateError::LengthsDiffer { scores: decided.len(), pairs: truth.len() });
            }
        }
        if truth.is_empty() {
            return Err(EvaluateError::NoPairs);
        }
        let [different, same] = [false, true].map(|kind| Discordance::count(decisions, kind));
        let all = same.and(different);
        // What `a` alone decided rightly is an error of `b` alone.
        let errors = |of: Discordance| Effect {
            difference: of.swapped().difference().times(of.pairs as f64),
            p: of.p(),
        };
        Ok(Self {
            pairs: all.pairs,
            gained: all.b_only,
            lost: all.a_only,
            accuracy: Effect { difference: all.difference(), p: all.p() },
            false_positives: errors(different),
            false_negatives: errors(same),
        })
    }
}

/// Pairs of a kind, and those that one variant alone decided rightly.
#[derive(Debug, Clone, Copy, Default)]
struct Discordance {
    pairs: u64,
    a_only: u64,
    b_only: u64,
}

impl Discordance {
    fn count(Decisions { a, b, truth }: Decisions<'_>, kind: bool) -> Self {
        let mut found = Self::default();
        for ((&a, &b), _) in a.iter().zip(b).zip(truth).filter(|&(_, &truth)| truth == kind) {
            found.pairs += 1;
            found.a_only += u64::from(a == kind && b != kind);
            found.b_only += u64::from(b == kind && a != kind);
        }
        found
    }

    fn swapped(self) -> Self {
        Self { a_only: self.b_only, b_only: self.a_only, ..self }
    }

    fn and(self, other: Self) -> Self {
        Self {
            pairs: self.pairs + other.pairs,
            a_only: self.a_only + other.a_only,
            b_only: self.b_only + other.b_only,
        }
    }

    fn p(self) -> f64 {
        mcnemar_exact(self.a_only, self.b_only)
    }

    /// Difference of the shares decided rightly, `b` less `a`, by Agresti and Min.
    fn difference(self) -> Difference {
        if self.pairs == 0 {
            return Difference { value: 0.0, low: 0.0, high: 0.0 };
        }
        let (b_only, a_only) = (self.b_only as f64 + 0.5, self.a_only as f64 + 0.5);
        let pairs = self.pairs as f64 + 2.0;
        let centre = (b_only - a_only) / pairs;
        let variance = (b_only + a_only - (b_only - a_only).powi(2) / pairs) / pairs.powi(2);
        let half = NORMAL_975 * variance.sqrt();
        Difference {
            value: (self.b_only as f64 - self.a_only as f64) / self.pairs as f64,
            low: (centre - half).max(-1.0),
            high: (centre + half).min(1.0),
        }
    }
}
