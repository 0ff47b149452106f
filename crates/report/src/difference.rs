//! Two variants on one protocol: the differences with their intervals, or why there are none.

use std::collections::BTreeMap;

use arclab_metrics::{Difference, EvaluateError, Evaluation, compare_paired, decisions, seed_difference};
use arclab_spec::ProtocolName;

use crate::{PairLists, ProtocolResult, VariantResults};

/// What the intervals of a difference rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// One run of each: the pairs on which they disagree.
    Pairs,
    /// Several seeds of each: the differences between runs of one seed.
    Seeds(usize),
}

/// A variant less the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Differences {
    /// Of the accuracy.
    pub accuracy: Difference,
    /// Of the number of false positives.
    pub false_positives: Difference,
    /// Of the number of false negatives.
    pub false_negatives: Difference,
    /// What the intervals rest on.
    pub basis: Basis,
}

/// Why two results must not be set against each other.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Incomparable {
    /// Other pairs, other difficulty.
    #[error("they were tested on different pair lists")]
    PairLists,
    /// Thresholds that were chosen otherwise.
    #[error("their thresholds come from different policies")]
    Policies,
    /// Variants of one plan share its run.
    #[error("both stand on the same run")]
    SameRun,
    /// Each has runs, but of other seeds.
    #[error("they have no seed in common")]
    Seeds,
    /// A single run of each needs the scores of every pair.
    #[error("the scores or the pair list were not kept")]
    Scores,
    /// The scores and the evaluation do not belong together.
    #[error("their scores cannot be decided again: {0}")]
    Undecided(EvaluateError),
}

/// The differences of `variant` to `baseline`; none where either has no result on the protocol.
pub(crate) fn differences(
    baseline: &VariantResults,
    variant: &VariantResults,
    protocol: &ProtocolName,
    lists: &PairLists,
) -> Result<Option<Differences>, Incomparable> {
    let (ours, theirs) = (by_seed(variant, protocol), by_seed(baseline, protocol));
    if ours.is_empty() || theirs.is_empty() {
        return Ok(None);
    }
    let shared: Vec<_> =
        theirs.iter().filter_map(|(seed, &result)| Some((result, *ours.get(seed)?))).collect();
    for (baseline, variant) in &shared {
        check(baseline, variant)?;
    }
    if variant.runs.iter().any(|run| baseline.runs.iter().any(|other| other.run == run.run)) {
        return Err(Incomparable::SameRun);
    }
    match *shared {
        [] => Err(Incomparable::Seeds),
        [(baseline, variant)] => by_pairs(baseline, variant, lists).map(Some),
        _ => Ok(by_seeds(&shared)),
    }
}

fn by_seed<'a>(variant: &'a VariantResults, protocol: &ProtocolName) -> BTreeMap<u64, &'a ProtocolResult> {
    let result = |run: &'a crate::RunResults| Some((run.seed, run.protocols.get(protocol)?));
    variant.runs.iter().filter_map(result).collect()
}

fn check(a: &ProtocolResult, b: &ProtocolResult) -> Result<(), Incomparable> {
    if a.pair_list != b.pair_list {
        return Err(Incomparable::PairLists);
    }
    if a.evaluation.policy != b.evaluation.policy {
        return Err(Incomparable::Policies);
    }
    Ok(())
}

fn by_pairs(
    baseline: &ProtocolResult,
    variant: &ProtocolResult,
    lists: &PairLists,
) -> Result<Differences, Incomparable> {
    let list = lists.get(&variant.pair_list).ok_or(Incomparable::Scores)?;
    let decide = |result: &ProtocolResult| {
        if result.scores.is_empty() {
            return Err(Incomparable::Scores);
        }
        decisions(&result.evaluation, &result.scores, &list.same, list.folds.as_deref())
            .map_err(Incomparable::Undecided)
    };
    let found =
        compare_paired(&decide(baseline)?, &decide(variant)?, &list.same).map_err(Incomparable::Undecided)?;
    Ok(Differences {
        accuracy: found.accuracy,
        false_positives: found.false_positives,
        false_negatives: found.false_negatives,
        basis: Basis::Pairs,
    })
}

fn by_seeds(shared: &[(&ProtocolResult, &ProtocolResult)]) -> Option<Differences> {
    let of = |number: fn(&Evaluation) -> f64| {
        let difference = |(baseline, variant): &(&ProtocolResult, &ProtocolResult)| {
            number(&variant.evaluation) - number(&baseline.evaluation)
        };
        seed_difference(&shared.iter().map(difference).collect::<Vec<_>>())
    };
    Some(Differences {
        accuracy: of(|evaluation| evaluation.accuracy)?,
        false_positives: of(|evaluation| evaluation.confusion.false_positives as f64)?,
        false_negatives: of(|evaluation| evaluation.confusion.false_negatives as f64)?,
        basis: Basis::Seeds(shared.len()),
    })
}
