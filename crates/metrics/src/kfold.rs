//! Accuracy by k folds, as InsightFace's `recognition/arcface_torch/eval/verification.py` takes it: the thresholds
//! 0, 0.01 … 3.99 on the squared distance d = 2 - 2c, a pair the same when d < t, and for each fold the first
//! threshold that is most accurate on the other folds.

use crate::{Folds, pairs::Pairs};

const STEPS: usize = 400;

/// The i-th threshold on the squared distance, as numpy's `arange(0, 4, 0.01)` rounds it.
fn distance_threshold(step: usize) -> f64 {
    step as f64 * 0.01
}

/// The cosine similarity that a squared distance stands for. No float32 similarity lies between this and the exact
/// number, so `c > cosine_threshold` and `2 - 2c < distance` never disagree at the thresholds used here.
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

/// The first step whose threshold is above the score's distance: from there on the pair is called the same.
fn first_step_above(score: f32) -> usize {
    let distance = 2.0 - 2.0 * f64::from(score);
    let mut step = ((distance * 100.0).floor().max(1.0) as usize - 1).min(STEPS);
    while step < STEPS && distance_threshold(step) <= distance {
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
