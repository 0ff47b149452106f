//! Accuracy by k folds, as InsightFace's `recognition/arcface_torch/eval/verification.py` takes it: the thresholds
//! 0, 0.01 … 3.99 on the squared distance d = 2 - 2c, a pair the same when d < t, and for each fold the first
//! threshold that is most accurate on the other folds.

use crate::{Folds, Roc, pairs::Pairs};

const STEPS: usize = 400;

/// The i-th threshold on the squared distance, as numpy's `arange(0, 4, 0.01)` rounds it.
fn distance_threshold(step: usize) -> f64 {
    step as f64 * 0.01
}

/// The cosine similarity that a squared distance stands for. At the thresholds used here, no float32 similarity lies
/// between it and the exact number, so `c > cosine_threshold` says what `2 - 2c < distance` says.
pub(crate) fn cosine_threshold(distance: f64) -> f64 {
    1.0 - distance / 2.0
}

/// Per fold, how many more pairs become right (or wrong, below zero) as the threshold reaches each step.
struct Gains(Vec<[i64; STEPS]>);

impl Gains {
    fn new(pairs: Pairs<'_>, folds: &Folds) -> Self {
        let mut gains = vec![[0; STEPS]; folds.count()];
        for ((score, same), &fold) in pairs.iter().zip(folds.of()) {
            if let Some(gain) = gains[fold as usize].get_mut(first_step_above(score)) {
                *gain += if same { 1 } else { -1 };
            }
        }
        Self(gains)
    }

    /// The first of the steps that are most accurate on all folds but `held_out`.
    fn best_step_without(&self, held_out: usize) -> usize {
        let (mut best, mut best_gain, mut sum) = (0, i64::MIN, 0);
        for step in 0..STEPS {
            let others = self.0.iter().enumerate().filter(|&(fold, _)| fold != held_out);
            sum += others.map(|(_, gains)| gains[step]).sum::<i64>();
            if sum > best_gain {
                (best, best_gain) = (step, sum);
            }
        }
        best
    }
}

/// The first step at which a score is called the same.
fn first_step_above(score: f32) -> usize {
    let accepts = |step| f64::from(score) > cosine_threshold(distance_threshold(step));
    let distance = 2.0 - 2.0 * f64::from(score);
    // The step just below by division, and then by the comparison itself, since both round.
    let mut step = ((distance * 100.0).floor().max(1.0) as usize - 1).min(STEPS);
    while step < STEPS && !accepts(step) {
        step += 1;
    }
    step
}

/// One cosine threshold a fold.
pub(crate) fn fold_thresholds(pairs: Pairs<'_>, folds: &Folds) -> Vec<f64> {
    let gains = Gains::new(pairs, folds);
    let threshold = |fold| cosine_threshold(distance_threshold(gains.best_step_without(fold)));
    (0..folds.count()).map(threshold).collect()
}

/// One cosine threshold a fold: the most accurate of all on the other folds, and of equals the highest.
pub(crate) fn exact_thresholds(pairs: Pairs<'_>, folds: &Folds) -> Vec<f64> {
    let threshold = |held_out: usize| {
        let others = pairs.iter().zip(folds.of()).filter(|&(_, &fold)| fold as usize != held_out);
        let (scores, same): (Vec<f32>, Vec<bool>) = others.map(|(pair, _)| pair).unzip();
        Roc::of(Pairs { scores: &scores, same: &same }).best().0
    };
    (0..folds.count()).map(threshold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The float32 similarity nearest to a threshold, and its neighbours: where rounding could show.
    fn about(threshold: f64) -> [f32; 5] {
        // About 0, float32 has neighbours that `2 - 2c` cannot tell from 2.
        if threshold.abs() < 1e-9 {
            return [-1e-9, -0.0, 0.0, 1e-9, 1e-6];
        }
        let near = threshold as f32;
        [near.next_down().next_down(), near.next_down(), near, near.next_up(), near.next_up().next_up()]
    }

    #[test]
    fn cosine_and_distance_thresholds_never_disagree() {
        for step in 0..STEPS {
            let distance = distance_threshold(step);
            for score in about(cosine_threshold(distance)) {
                let by_distance = 2.0 - 2.0 * f64::from(score) < distance;
                let by_cosine = f64::from(score) > cosine_threshold(distance);
                assert_eq!(by_distance, by_cosine, "step {step}, score {score}");
            }
        }
    }

    #[test]
    fn the_first_step_above_a_score_is_the_first_that_accepts_it() {
        let scores = (0..STEPS).flat_map(|step| about(cosine_threshold(distance_threshold(step))));
        for score in scores.chain([1.0, -1.0, 0.0, 0.3]) {
            let distance = 2.0 - 2.0 * f64::from(score);
            let first = (0..STEPS).position(|step| distance < distance_threshold(step)).unwrap_or(STEPS);
            assert_eq!(first_step_above(score), first, "{score}");
        }
    }
}
