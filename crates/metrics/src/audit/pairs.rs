//! Pairs whose label several runs contradict.
//!
//! A run's evidence against a label is how far the score lies on the wrong side of its threshold, in log odds: the slope of
//! Fisher's linear discriminant, (mean of same - mean of different) / variance, times the distance. Where the scores of either
//! kind are normal with one variance, as that discriminant takes them (Fisher, The use of multiple measurements in taxonomic
//! problems, 1936), one unit is odds of e to 1. So a run that tells people apart well says more with the same distance, and
//! runs with scores of another spread, as another margin or another protocol gives them, are on one scale.

use crate::{EvaluateError, Evaluation, evaluate::pair_thresholds, pairs::Pairs};

/// Scores that are closer are one to float32.
const LEAST_VARIANCE: f64 = (f32::EPSILON as f64) * (f32::EPSILON as f64);

/// A pair whose label all runs contradict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contradicted {
    /// Its place in the list.
    pub pair: usize,
    /// The smallest of the runs' evidence, in log odds.
    pub smallest: f64,
    /// The mean over the runs.
    pub mean: f64,
}

/// What one run's scores say against the label of each pair, in log odds: above 0 where the score lies on the other side of its
/// threshold. Takes what `evaluation` was made from. Scores that tell nobody apart say nothing.
pub fn contradiction(
    evaluation: &Evaluation,
    scores: &[f32],
    same: &[bool],
    folds: Option<&[u32]>,
) -> Result<Vec<f64>, EvaluateError> {
    let pairs = Pairs::new(scores, same)?;
    let thresholds = pair_thresholds(evaluation, same, folds)?;
    let slope = slope(pairs);
    let against = |((score, same), threshold): ((f32, bool), f64)| {
        let beyond = slope * (f64::from(score) - threshold);
        if same { -beyond } else { beyond }
    };
    Ok(pairs.iter().zip(thresholds).map(against).collect())
}

/// Log odds of "the same" that a unit of score adds.
fn slope(pairs: Pairs<'_>) -> f64 {
    let mean = |kind: bool| {
        let of_kind = pairs.iter().filter(|(_, same)| *same == kind);
        let (sum, count) =
            of_kind.fold((0.0, 0.0), |(sum, count), (score, _)| (sum + f64::from(score), count + 1.0));
        sum / count
    };
    let means = [mean(false), mean(true)];
    let squares = pairs.iter().map(|(score, same)| (f64::from(score) - means[usize::from(same)]).powi(2));
    let variance = squares.sum::<f64>() / pairs.scores.len() as f64;
    ((means[1] - means[0]) / variance.max(LEAST_VARIANCE)).max(0.0)
}

/// The pairs whose label all runs contradict, by the mean evidence, the strongest first. `evidence` has a row a run, of the
/// same pairs in each.
pub fn contradicted(evidence: &[Vec<f64>]) -> Result<Vec<Contradicted>, EvaluateError> {
    let pairs = evidence.first().map_or(0, Vec::len);
    if let Some(other) = evidence.iter().find(|of_run| of_run.len() != pairs) {
        return Err(EvaluateError::LengthsDiffer { scores: other.len(), pairs });
    }
    let of_pair = |pair: usize| {
        let of_runs = evidence.iter().map(|of_run| of_run[pair]);
        let mean = of_runs.clone().sum::<f64>() / evidence.len() as f64;
        Contradicted { pair, smallest: of_runs.fold(f64::INFINITY, f64::min), mean }
    };
    let mut found: Vec<Contradicted> = (0..pairs).map(of_pair).filter(|found| found.smallest > 0.0).collect();
    // Stable, so that equals keep the list's order.
    found.sort_by(|a, b| b.mean.total_cmp(&a.mean));
    Ok(found)
}
