//! Whether any model's scores of a pair list can be judged: known before one is trained, and not after.

use std::{collections::BTreeSet, convert::Infallible};

use arclab_metrics::{EvaluateError, Folds, ThresholdPolicy, evaluate};

use crate::pairs::PairList;

/// Why no scores of a pair list can be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unjudgeable {
    /// Evaluation refuses the list.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// A threshold would come from pairs of one kind.
    #[error(
        "all pairs of {} are in one fold, whose threshold comes from the other folds: at least 2 folds need both kinds",
        if *same { "the same person" } else { "different people" }
    )]
    OneFold {
        /// The kind.
        same: bool,
    },
}

/// Refuses what would be refused when the scores are there.
pub(super) fn check(list: &PairList, threshold: ThresholdPolicy) -> Result<(), Unjudgeable> {
    let (same, listed) = (list.same(), list.folds());
    let Ok(policy) = threshold.resolve(|| Ok::<f64, Infallible>(0.0));
    // What evaluation refuses in a list, it refuses whatever the scores.
    evaluate(&vec![0.0; same.len()], &same, listed.as_deref(), policy)?;
    let Some(folds) = threshold.folds() else { return Ok(()) };
    let folds = Folds::arrange(&same, listed.as_deref(), folds)?;
    let in_one_fold = |&kind: &bool| {
        let of_kind = same.iter().zip(folds.of()).filter(|(same, _)| **same == kind);
        of_kind.map(|(_, fold)| fold).collect::<BTreeSet<_>>().len() == 1
    };
    [true, false].into_iter().find(in_one_fold).map_or(Ok(()), |same| Err(Unjudgeable::OneFold { same }))
}
