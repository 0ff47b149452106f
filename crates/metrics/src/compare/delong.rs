//! `DeLong`'s test of two areas under ROC curves of the same pairs (`DeLong`, `DeLong` and Clarke-Pearson, Biometrics 44, 1988).
//!
//! With m pairs of the same person, n of different people, and ψ(x, y) = 1, ½ or 0 where x is above, equal to or below y:
//!
//! - V10ᵢ = Σⱼ ψ(xᵢ, yⱼ) / n, the share of different pairs that same pair i beats, and V01ⱼ = Σᵢ ψ(xᵢ, yⱼ) / m;
//! - AUC = mean of V10, and with Δ what differs from the one to the other, Var(ΔAUC) = Var(ΔV10) / m + Var(ΔV01) / n, sample
//!   variances.
//!
//! Where pairs share people, the variance is that of the sum of each pair's part in the difference, (`ΔV10ᵢ` - mean) /
//! √(m (m - 1)) or likewise of V01, with people in common (`clustered.rs`; of clusters without dyads: Obuchowski, Biometrics 53,
//! 1997). Shares are found in sorted scores, in n log n (Sun and Xu, IEEE Signal Processing Letters 21, 2014).

use super::{
    Effect,
    clustered::{Squares, numbered},
};
use crate::{
    Difference, EvaluateError,
    distributions::{NORMAL_975, normal_two_sided},
    pairs::Pairs,
    summary::mean_and_deviation,
};

/// How the area under the ROC curve of `b` differs from that of `a`, both scores of the same pairs; with `people`, both of each
/// pair, the variance allows for those that pairs share.
pub fn compare_auc(
    a: &[f32],
    b: &[f32],
    same: &[bool],
    people: Option<&[[u32; 2]]>,
) -> Result<Effect, EvaluateError> {
    if let Some(people) = people.filter(|people| people.len() != same.len()) {
        return Err(EvaluateError::PeopleDiffer { people: people.len(), pairs: same.len() });
    }
    let truth = same;
    let (a, b) = (Shares::new(Pairs::new(a, same)?), Shares::new(Pairs::new(b, same)?));
    let (same, different) = (differences(&a.beaten, &b.beaten), differences(&a.beating, &b.beating));
    // Of one pair of a kind nothing is known of its variance; it then says the least that it can.
    let part = |values: &[f64]| match values {
        [_] => 1.0,
        values => mean_and_deviation(values, 1).1.powi(2) / values.len() as f64,
    };
    let value = mean_and_deviation(&same, 0).0;
    let independent = part(&same) + part(&different);
    let variance =
        people.map_or(independent, |people| shared(&[&different, &same], truth, people).max(independent));
    let deviation = variance.sqrt();
    let half = NORMAL_975 * deviation;
    let p = if value == 0.0 { 1.0 } else { normal_two_sided(value / deviation) };
    Ok(Effect { difference: Difference { value, low: value - half, high: value + half }, p })
}

/// The variance where pairs share people.
fn shared(differences: &[&[f64]; 2], truth: &[bool], people: &[[u32; 2]]) -> f64 {
    let parts = differences.map(|values| {
        let (mean, count) = (mean_and_deviation(values, 0).0, values.len() as f64);
        let root = (count * (count - 1.0).max(1.0)).sqrt();
        values.iter().map(move |value| (value - mean) / root)
    });
    let [mut different, mut same] = parts;
    let (people, identities) = numbered(people);
    let residuals = people.into_iter().zip(truth).map(|(people, &truth)| {
        let next = if truth { same.next() } else { different.next() };
        (people, next.unwrap_or(0.0))
    });
    Squares::of(residuals, identities).variance()
}

struct Shares {
    /// Of different pairs, below each same pair.
    beaten: Vec<f64>,
    /// Of same pairs, above each different pair.
    beating: Vec<f64>,
}

impl Shares {
    fn new(pairs: Pairs<'_>) -> Self {
        let of =
            |kind: bool| pairs.iter().filter(|pair| pair.1 == kind).map(|pair| pair.0).collect::<Vec<_>>();
        let (same, different) = (of(true), of(false));
        let (sorted_same, sorted_different) = (sorted(same.clone()), sorted(different.clone()));
        Self {
            beaten: same.iter().map(|&score| share_below(&sorted_different, score)).collect(),
            beating: different.iter().map(|&score| 1.0 - share_below(&sorted_same, score)).collect(),
        }
    }
}

fn sorted(mut scores: Vec<f32>) -> Vec<f32> {
    scores.sort_unstable_by(f32::total_cmp);
    scores
}

/// Equals count half.
fn share_below(sorted: &[f32], score: f32) -> f64 {
    let below = sorted.partition_point(|&other| other < score);
    let not_above = sorted.partition_point(|&other| other <= score);
    (below + not_above) as f64 / (2 * sorted.len()) as f64
}

fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| b - a).collect()
}
