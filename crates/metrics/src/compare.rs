//! Two variants on one pair list: is the difference more than chance?
//!
//! Both decide the same pairs, so only the pairs on which they disagree tell them apart. Intervals are the adjusted
//! Wald interval for matched proportions of Agresti and Min (Simple improved confidence intervals for comparing
//! matched proportions, Statistics in Medicine 24, 2005): half a pair is added to each of the four cells. The pairs
//! count as independent.

use crate::{Difference, EvaluateError, student::NORMAL_975};

/// How variant `b` differs from variant `a` on one pair list. All differences are `b` less `a`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedComparison {
    /// Pairs decided by both.
    pub pairs: u64,
    /// Pairs that `b` alone decided rightly.
    pub gained: u64,
    /// Pairs that `a` alone decided rightly.
    pub lost: u64,
    /// Of the share decided rightly.
    pub accuracy: Difference,
    /// Of the number of false positives.
    pub false_positives: Difference,
    /// Of the number of false negatives.
    pub false_negatives: Difference,
    /// Two-sided exact p of `McNemar`'s test on the accuracy.
    pub mcnemar_p: f64,
}

/// Compares decisions (`true`: the same person) of two variants with the truth, pair by pair.
pub fn compare_paired(a: &[bool], b: &[bool], truth: &[bool]) -> Result<PairedComparison, EvaluateError> {
    for decisions in [a, b] {
        if decisions.len() != truth.len() {
            return Err(EvaluateError::LengthsDiffer { scores: decisions.len(), pairs: truth.len() });
        }
    }
    if truth.is_empty() {
        return Err(EvaluateError::NoPairs);
    }
    let of_same = Discordance::count(a, b, truth, true);
    let of_different = Discordance::count(a, b, truth, false);
    let all = of_same.and(of_different);
    Ok(PairedComparison {
        pairs: all.pairs,
        gained: all.b_only,
        lost: all.a_only,
        accuracy: all.difference(),
        // What `a` alone decided rightly is an error of `b` alone.
        false_positives: of_different.swapped().difference().times(of_different.pairs as f64),
        false_negatives: of_same.swapped().difference().times(of_same.pairs as f64),
        mcnemar_p: mcnemar_exact(all.a_only, all.b_only),
    })
}

/// Pairs of a kind, and those that one variant alone decided rightly.
#[derive(Debug, Clone, Copy, Default)]
struct Discordance {
    pairs: u64,
    a_only: u64,
    b_only: u64,
}

impl Discordance {
    fn count(a: &[bool], b: &[bool], truth: &[bool], kind: bool) -> Self {
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

/// Two-sided exact p of `McNemar`'s test: the chance that a fair coin, thrown once for each pair on which the variants
/// disagree, falls at least as unevenly.
pub fn mcnemar_exact(a_only: u64, b_only: u64) -> f64 {
    let throws = a_only + b_only;
    // In logarithms, since 0.5 to the power of the throws is no float64 beyond a thousand of them.
    let mut log_chance = throws as f64 * 0.5_f64.ln();
    let mut tail = log_chance.exp();
    for heads in 0..a_only.min(b_only) {
        log_chance += ((throws - heads) as f64 / (heads + 1) as f64).ln();
        tail += log_chance.exp();
    }
    (2.0 * tail).min(1.0)
}
