//! One protocol's numbers, from the scores of its pairs.

use crate::{
    Confusion, EvaluateError, Evaluation, FoldAccuracy, Folds, ResolvedPolicy, Roc,
    kfold::{exact_thresholds, fold_thresholds},
    pairs::Pairs,
    policy,
    summary::mean_and_deviation,
};

/// Accuracy, threshold and counts of one pair list.
///
/// `scores` are cosine similarities and `same` the truth, in the list's order; `folds` are the list's own fold
/// numbers, where it has some, and matter under [`ResolvedPolicy::KFold`] only.
pub fn evaluate(
    scores: &[f32],
    same: &[bool],
    folds: Option<&[u32]>,
    policy: ResolvedPolicy,
) -> Result<Evaluation, EvaluateError> {
    let pairs = Pairs::new(scores, same)?;
    let decided = match policy {
        ResolvedPolicy::KFold { folds: wanted } => {
            by_folds(pairs, &Folds::arrange(same, folds, wanted)?, fold_thresholds)
        }
        ResolvedPolicy::KFoldExact { folds: wanted } => {
            by_folds(pairs, &Folds::arrange(same, folds, wanted)?, exact_thresholds)
        }
        ResolvedPolicy::Validation { threshold } | ResolvedPolicy::Fixed { threshold } => {
            at(pairs, policy::checked(threshold)?)
        }
    };
    let roc = Roc::of(pairs);
    Ok(Evaluation {
        policy: policy.into(),
        accuracy: decided.folds.map_or(decided.confusion.accuracy(), |folds| folds.mean),
        thresholds: decided.thresholds,
        confusion: decided.confusion,
        folds: decided.folds,
        auc: roc.auc(),
        best_accuracy: roc.best().1,
    })
}

/// The most accurate threshold on validation pairs, a cosine similarity: half way between two scores, and of
/// equally accurate ones the highest.
pub fn validation_threshold(scores: &[f32], same: &[bool]) -> Result<f64, EvaluateError> {
    Ok(Roc::new(scores, same)?.best().0)
}

/// Whether each pair is called the same person, in the list's order: what `evaluation` counted. Takes the scores and
/// the pair list that it was made from.
pub fn decisions(
    evaluation: &Evaluation,
    scores: &[f32],
    same: &[bool],
    folds: Option<&[u32]>,
) -> Result<Vec<bool>, EvaluateError> {
    let pairs = Pairs::new(scores, same)?;
    let thresholds = pair_thresholds(evaluation, same, folds)?;
    Ok(pairs.scores.iter().zip(thresholds).map(|(&score, threshold)| f64::from(score) > threshold).collect())
}

/// The threshold that each pair was held against, in the list's order: that of its fold, where there are folds.
pub fn pair_thresholds(
    evaluation: &Evaluation,
    same: &[bool],
    folds: Option<&[u32]>,
) -> Result<Vec<f64>, EvaluateError> {
    let of = evaluation.policy.folds().map(|wanted| Folds::arrange(same, folds, wanted)).transpose()?;
    let (thresholds, count) = (&evaluation.thresholds, of.as_ref().map_or(1, Folds::count));
    if thresholds.len() != count {
        return Err(EvaluateError::ThresholdsDiffer { thresholds: thresholds.len(), folds: count });
    }
    let fold = |pair: usize| of.as_ref().map_or(0, |folds| folds.of()[pair] as usize);
    Ok((0..same.len()).map(|pair| thresholds[fold(pair)]).collect())
}

/// What depends on the policy.
struct Decided {
    thresholds: Vec<f64>,
    confusion: Confusion,
    folds: Option<FoldAccuracy>,
}

fn at(pairs: Pairs<'_>, threshold: f64) -> Decided {
    let mut confusion = Confusion::default();
    for (score, same) in pairs.iter() {
        confusion.add(f64::from(score) > threshold, same);
    }
    Decided { thresholds: vec![threshold], confusion, folds: None }
}

fn by_folds(pairs: Pairs<'_>, folds: &Folds, thresholds: fn(Pairs<'_>, &Folds) -> Vec<f64>) -> Decided {
    let thresholds = thresholds(pairs, folds);
    let mut each = vec![Confusion::default(); folds.count()];
    for ((score, same), &fold) in pairs.iter().zip(folds.of()) {
        each[fold as usize].add(f64::from(score) > thresholds[fold as usize], same);
    }
    let accuracies: Vec<f64> = each.iter().map(Confusion::accuracy).collect();
    let (mean, std) = mean_and_deviation(&accuracies, 0);
    let folds = Some(FoldAccuracy { mean, std, arrangement: folds.arrangement() });
    Decided { thresholds, confusion: each.into_iter().sum(), folds }
}
