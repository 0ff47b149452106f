//! `McNemar`'s test (Psychometrika 12, 1947), exact, and the pairs that it needs.
//!
//! Of the pairs on which two variants disagree each decides half, if neither is better: a binomial with p = 1/2.

use crate::distributions::{NORMAL_975, normal_quantile};

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

/// Pairs of the same kind that would show a difference of this size: `a_only` and `b_only` of `pairs` were decided rightly
/// by one variant alone, the test is two-sided at 5%, and it is to find the difference with chance `power`. None where the
/// variants are equally good.
///
/// n = (z₀.₉₇₅ √ψ + zₚ √(ψ - δ²))² / δ², with p the power, ψ the share on which they disagree and δ the difference of their shares
/// decided rightly (Connor, Sample size for testing differences in proportions for the paired-sample design, Biometrics
/// 43, 1987).
pub fn pairs_needed(a_only: u64, b_only: u64, pairs: u64, power: f64) -> Option<u64> {
    let share = |count: u64| count as f64 / pairs as f64;
    let (disagree, difference) = (share(a_only + b_only), share(a_only.abs_diff(b_only)));
    let deviation =
        NORMAL_975 * disagree.sqrt() + normal_quantile(power) * (disagree - difference.powi(2)).sqrt();
    (difference > 0.0).then(|| (deviation / difference).powi(2).ceil() as u64)
}
