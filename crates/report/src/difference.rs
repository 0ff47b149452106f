//! Two variants on one protocol: the differences with their intervals, or why there are none.

use std::collections::BTreeMap;

use arclab_metrics::{
    Decisions, Effect, EvaluateError, Evaluation, PairedComparison, Resampling, Unit, compare_auc, decisions,
    holm, pairs_needed, seed_difference,
};
use arclab_spec::ProtocolName;

use crate::{PairLists, ProtocolResult, VariantResults};

/// What the intervals of a difference rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// One run of each: the pairs on which they disagree, drawn again with the people they show.
    Identities,
    /// One run of each: the same, pair by pair.
    Pairs,
    /// Several seeds of each: the differences between runs of one seed.
    Seeds(usize),
}

/// A variant less the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Differences {
    /// Of the accuracy.
    pub accuracy: Tested,
    /// Of the number of false positives.
    pub false_positives: Tested,
    /// Of the number of false negatives.
    pub false_negatives: Tested,
    /// Of the area under the ROC curve.
    pub auc: Tested,
    /// What the intervals rest on.
    pub basis: Basis,
    /// Of single runs.
    pub disagreement: Option<Disagreement>,
}

/// A difference with its p, as it counts alone and among all that were looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tested {
    /// The difference.
    pub effect: Effect,
    /// Its p after Holm's correction over the variants that are held against the baseline.
    pub corrected_p: f64,
}

impl Tested {
    /// Whether it is marked: neither the interval nor the corrected p leaves room for no difference.
    pub fn is_clear(&self) -> bool {
        self.effect.difference.is_significant() && self.corrected_p < 0.05
    }
}

impl From<Effect> for Tested {
    fn from(effect: Effect) -> Self {
        Self { effect, corrected_p: effect.p }
    }
}

/// Counts p values as those of several differences that were looked at (Holm).
pub(crate) fn correct(tested: &mut [&mut Tested]) {
    let p: Vec<f64> = tested.iter().map(|tested| tested.effect.p).collect();
    for (tested, corrected) in tested.iter_mut().zip(holm(&p)) {
        tested.corrected_p = corrected;
    }
}

/// Pairs on which two runs disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disagreement {
    /// That the baseline alone decided rightly.
    pub lost: u64,
    /// That the variant alone decided rightly.
    pub gained: u64,
    /// Pairs that would show a difference of accuracy of this size in four of five experiments; none where there is none.
    pub pairs_needed: Option<u64>,
}

/// Enough that the ends of an interval move by less than a tenth of its width from seed to seed.
const DRAWS: u32 = 2000;
/// The chance at which a difference should be found.
const POWER: f64 = 0.8;

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
    unit: Unit,
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
        [(baseline, variant)] => by_pairs(baseline, variant, lists, unit).map(Some),
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
    unit: Unit,
) -> Result<Differences, Incomparable> {
    let list = lists.get(&variant.pair_list).ok_or(Incomparable::Scores)?;
    let decide = |result: &ProtocolResult| {
        if result.scores.is_empty() {
            return Err(Incomparable::Scores);
        }
        decisions(&result.evaluation, &result.scores, &list.same, list.folds.as_deref())
            .map_err(Incomparable::Undecided)
    };
    let (a, b) = (decide(baseline)?, decide(variant)?);
    let decided = Decisions { a: &a, b: &b, truth: &list.same };
    let resampling = Resampling { unit, draws: DRAWS, seed: 0 };
    let found =
        PairedComparison::resampled(decided, &list.people, resampling).map_err(Incomparable::Undecided)?;
    let people = (unit == Unit::Identities).then_some(list.people.as_slice());
    let auc = compare_auc(&baseline.scores, &variant.scores, &list.same, people)
        .map_err(Incomparable::Undecided)?;
    let PairedComparison { pairs, gained, lost, accuracy, false_positives, false_negatives } = found;
    Ok(Differences {
        accuracy: accuracy.into(),
        false_positives: false_positives.into(),
        false_negatives: false_negatives.into(),
        auc: auc.into(),
        basis: match unit {
            Unit::Identities => Basis::Identities,
            Unit::Pairs => Basis::Pairs,
        },
        disagreement: Some(Disagreement {
            lost,
            gained,
            pairs_needed: pairs_needed(lost, gained, pairs, POWER),
        }),
    })
}

fn by_seeds(shared: &[(&ProtocolResult, &ProtocolResult)]) -> Option<Differences> {
    let of = |number: fn(&Evaluation) -> f64| {
        let difference = |(baseline, variant): &(&ProtocolResult, &ProtocolResult)| {
            number(&variant.evaluation) - number(&baseline.evaluation)
        };
        seed_difference(&shared.iter().map(difference).collect::<Vec<_>>()).map(Tested::from)
    };
    Some(Differences {
        accuracy: of(|evaluation| evaluation.accuracy)?,
        false_positives: of(|evaluation| evaluation.confusion.false_positives as f64)?,
        false_negatives: of(|evaluation| evaluation.confusion.false_negatives as f64)?,
        auc: of(|evaluation| evaluation.auc)?,
        basis: Basis::Seeds(shared.len()),
        disagreement: None,
    })
}
