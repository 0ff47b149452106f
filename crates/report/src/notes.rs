//! What stands below the tables: on which pairs, at which thresholds, what the intervals are, and what was left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
};

use arclab_metrics::{FoldArrangement, ThresholdPolicy};
use arclab_spec::{Lineage, ProtocolName, SharedPeople};

use crate::{Basis, Comparison, RunResults, VariantResults, comparison::title};

/// The notes for these of the comparison's protocols.
pub(crate) fn notes(comparison: &Comparison, protocols: &[usize]) -> Vec<String> {
    if protocols.is_empty() {
        return vec!["No run has been tested.".to_owned()];
    }
    let names = protocols.iter().map(|&place| &comparison.protocols()[place]);
    let mut notes = vec![pairs(comparison, names.clone())];
    notes.extend(thresholds(comparison, names.clone()));
    notes.extend(names.filter_map(|protocol| dealt(comparison, protocol)));
    notes.extend(apart(comparison, protocols));
    notes.extend(protocols.iter().flat_map(|&place| people(comparison, place)));
    notes.extend(seeds(comparison));
    notes.extend(intervals(comparison, protocols));
    notes.extend(comparison.variants().iter().skip(1).filter_map(|variant| fewer_seeds(comparison, variant)));
    notes.extend(protocols.iter().flat_map(|&place| left_out(comparison, place)));
    notes.extend(comparison.variants().iter().filter_map(in_parts));
    notes.extend(comparison.variants().iter().filter_map(|variant| undeclared(comparison, variant)));
    notes
}

/// `Closed-set: 1000 pairs; Open-set: 1500 pairs.`
fn pairs<'a>(comparison: &Comparison, protocols: impl Iterator<Item = &'a ProtocolName>) -> String {
    let of_protocol = |protocol: &ProtocolName| {
        let counts: BTreeSet<u64> =
            comparison.results(protocol).map(|result| result.evaluation.confusion.pairs()).collect();
        let counts: Vec<String> = counts.iter().map(u64::to_string).collect();
        format!("{}: {} pairs", title(protocol), counts.join(" or "))
    };
    protocols.map(of_protocol).collect::<Vec<_>>().join("; ") + "."
}

/// One sentence where all protocols share a policy, else one a policy.
fn thresholds<'a>(comparison: &Comparison, protocols: impl Iterator<Item = &'a ProtocolName>) -> Vec<String> {
    let mut sentences: Vec<(String, BTreeSet<&str>)> = Vec::new();
    let mut count = 0;
    for protocol in protocols {
        count += 1;
        for result in comparison.results(protocol) {
            let sentence = policy(result.evaluation.policy, result.evaluation.thresholds.len());
            match sentences.iter_mut().find(|(known, _)| *known == sentence) {
                Some((_, of)) => drop(of.insert(title(protocol))),
                None => sentences.push((sentence, BTreeSet::from([title(protocol)]))),
            }
        }
    }
    let whole = |(sentence, of): (String, BTreeSet<&str>)| {
        if of.len() == count {
            format!("Thresholds: {sentence}.")
        } else {
            format!("Thresholds of {}: {sentence}.", of.into_iter().collect::<Vec<_>>().join(", "))
        }
    };
    sentences.into_iter().map(whole).collect()
}

fn policy(policy: ThresholdPolicy, thresholds: usize) -> String {
    match policy {
        ThresholdPolicy::KFold { .. } => {
            format!("{thresholds} folds, each at the most accurate threshold of the others (InsightFace)")
        }
        ThresholdPolicy::KFoldExact { .. } => {
            format!(
                "{thresholds} folds, each at the most accurate threshold of the others, of all between two scores"
            )
        }
        ThresholdPolicy::Validation => "the most accurate one on the validation pairs".to_owned(),
        ThresholdPolicy::Fixed(threshold) => format!("fixed at a cosine similarity of {threshold}"),
    }
}

fn dealt(comparison: &Comparison, protocol: &ProtocolName) -> Option<String> {
    let is_dealt = |result: &crate::ProtocolResult| {
        result.evaluation.folds.is_some_and(|folds| folds.arrangement == FoldArrangement::Dealt)
    };
    comparison.results(protocol).any(is_dealt).then(|| {
        let title = title(protocol);
        format!("{title}: the list is ordered by truth, so its pairs were dealt out to the folds in turn.")
    })
}

/// Numbers of several tests stand side by side, and invite to be compared.
fn apart(comparison: &Comparison, protocols: &[usize]) -> Option<String> {
    let of = |&place: &usize| {
        let protocol = &comparison.protocols()[place];
        let policies = comparison.results(protocol).map(|result| policy(result.evaluation.policy, 0));
        (title(protocol), policies.collect::<BTreeSet<String>>())
    };
    let (titles, policies): (Vec<&str>, Vec<_>) = protocols.iter().map(of).unzip();
    let (last, others) = titles.split_last().filter(|(_, others)| !others.is_empty())?;
    let also = if policies.windows(2).all(|two| two[0] == two[1]) {
        ""
    } else {
        " and thresholds of another origin"
    };
    Some(format!(
        "{} and {last} rest on different pairs{also}: compare variants within a test, not one test with another.",
        others.join(", ")
    ))
}

/// Who of a test is in training, too, as far as that is known.
fn people(comparison: &Comparison, place: usize) -> Vec<String> {
    let protocol = &comparison.protocols()[place];
    let mut known: BTreeMap<Option<SharedPeople>, BTreeSet<&str>> = BTreeMap::new();
    for variant in comparison.variants() {
        for result in variant.runs.iter().filter_map(|run| run.protocols.get(protocol)) {
            known.entry(result.shared_people).or_default().insert(variant.name.as_str());
        }
    }
    let differ = known.len() > 1;
    let mut notes: Vec<String> = Vec::new();
    if differ {
        notes.push(format!(
            "Warning: variants do not share as many people of {} with their training, and are not to be compared on it.",
            title(protocol)
        ));
    }
    for (shared, variants) in known {
        let of = if differ {
            format!(" (of {})", variants.into_iter().collect::<Vec<_>>().join(", "))
        } else {
            String::new()
        };
        notes.extend(shared.map(|shared| in_training(title(protocol), shared) + &of + "."));
    }
    notes
}

fn in_training(title: &str, SharedPeople { people, in_training }: SharedPeople) -> String {
    let all = if people == 1 { "1 person".to_owned() } else { format!("{people} people") };
    match in_training {
        0 => format!("{title}: {all}, none of them in training"),
        seen if seen == people => format!("{title}: {all}, all of them in training, with other photos"),
        seen => format!(
            "Warning: of the {all} of {title}, {seen} are in training, too: it is neither a test of known people nor one of strangers"
        ),
    }
}

fn seeds(comparison: &Comparison) -> Option<String> {
    let counts: BTreeSet<usize> =
        comparison.variants().iter().map(|variant| variant.runs.len()).filter(|&runs| runs > 0).collect();
    let (&fewest, &most) = (counts.first()?, counts.last()?);
    match (fewest, most) {
        (_, 1) => None,
        (fewest, most) if fewest == most => {
            Some(format!("Mean ± standard deviation (n - 1) over {most} seeds."))
        }
        (fewest, most) => Some(format!("Mean ± standard deviation (n - 1) over {fewest} to {most} seeds.")),
    }
}

/// A difference is over the seeds that both have, and need not be that of the means beside it.
fn fewer_seeds(comparison: &Comparison, variant: &VariantResults) -> Option<String> {
    let seeds = |variant: &VariantResults| variant.runs.iter().map(|run| run.seed).collect::<BTreeSet<_>>();
    let baseline = comparison.variants().first()?;
    let (ours, theirs) = (seeds(variant), seeds(baseline));
    let shared: Vec<String> = ours.intersection(&theirs).map(u64::to_string).collect();
    (ours != theirs && !shared.is_empty()).then(|| {
        let names = (&variant.name, &baseline.name);
        format!(
            "The difference of {} to {} is over the seeds that both have: {}.",
            names.0,
            names.1,
            shared.join(", ")
        )
    })
}

/// Batch norm and some losses see parts in place of batches: it is not quite what the others are.
fn in_parts(variant: &VariantResults) -> Option<String> {
    let of_run = |run: &RunResults| Some((run.seed, run.parts?));
    let cut: Vec<(u64, NonZeroU32)> = variant.runs.iter().filter_map(of_run).collect();
    let (_, parts) = cut.first()?;
    let seeds: Vec<String> = cut.iter().map(|(seed, _)| seed.to_string()).collect();
    Some(format!(
        "{} (seed {}) ran out of memory and went on with each batch in {parts} parts, whose statistics batch norm takes: to compare \
         like with like, set `training.accumulate` or a smaller `training.batch_size` for all.",
        variant.name,
        seeds.join(", ")
    ))
}

fn intervals(comparison: &Comparison, protocols: &[usize]) -> Vec<String> {
    let bases = bases(comparison, protocols);
    let Some(baseline) = comparison.variants().first().filter(|_| !bases.is_empty()) else {
        return Vec::new();
    };
    let mut notes = vec![format!(
        "Differences are to {}, with 95% intervals; an asterisk marks those that leave out 0 and of which p, corrected for \
         the number of variants (Holm), is below 0.05.",
        baseline.name
    )];
    if bases.contains(&Basis::Identities) {
        notes.push(
            "Intervals of single runs: bootstrap over identities. They allow for the choice of people and pairs, but not \
             for the luck of training."
                .to_owned(),
        );
    }
    if bases.contains(&Basis::Pairs) {
        notes.push(
            "Intervals of single runs: bootstrap over pairs as if they were independent, which is too narrow where pairs \
             share people. They do not allow for the luck of training."
                .to_owned(),
        );
    }
    let seeds: Vec<usize> = bases.iter().filter_map(seeds_of).collect();
    if let (Some(fewest), Some(most)) = (seeds.first(), seeds.last()) {
        let count = if fewest == most { most.to_string() } else { format!("{fewest} to {most}") };
        notes.push(format!(
            "Intervals of several seeds: paired t over {count} shared seeds. They allow for the luck of \
             training, but not for the choice of pairs."
        ));
    }
    notes
}

/// What a reader of the tests must know.
pub(crate) fn test_notes(comparison: &Comparison) -> Vec<String> {
    let all: Vec<usize> = (0..comparison.protocols().len()).collect();
    let bases = bases(comparison, &all);
    let mut notes = Vec::new();
    if bases.iter().any(|basis| seeds_of(basis).is_none()) {
        notes.push(
            "Of single runs: pairs that the baseline alone (lost) or the variant alone (gained) decided rightly, and the p of \
             McNemar's exact test on them, which takes pairs as independent. Pairs needed: so many of the same kind show an equal \
             difference of accuracy with a chance of 80% (Connor, 1987). The areas under the ROC curves are DeLong's."
                .to_owned(),
        );
    }
    if bases.iter().any(|basis| seeds_of(basis).is_some()) {
        notes.push("p over several seeds: Student's paired t test.".to_owned());
    }
    let (others, baseline) = (comparison.variants().len() - 1, &comparison.variants()[0].name);
    let held = if others == 1 {
        format!("the one variant that is held against {baseline}: none")
    } else {
        format!("all variants that can be compared with {baseline}, for each test and number by itself")
    };
    notes.push(format!(
        "Corrected, FP and FN (of false positives and negatives): p after Holm's correction over {held}."
    ));
    notes
}

/// What a reader of the rates must know.
pub(crate) fn rate_notes(comparison: &Comparison) -> Vec<String> {
    let is_by_folds = |protocol: &ProtocolName| {
        comparison.results(protocol).any(|result| result.evaluation.policy.folds().is_some())
    };
    let by_folds = comparison.protocols().iter().any(is_by_folds);
    let folds =
        if by_folds { "; those of folds come from the other folds' pairs of the same test" } else { "" };
    vec![
        format!(
            "Accuracy: at thresholds that were chosen elsewhere, as in the first table{folds}. Best on test: at the one that \
             suits these very pairs best, which nobody knows beforehand: no result, and not to be held against accuracies."
        ),
        "AUC: area under the ROC curve. EER: where as many pairs of one person are refused as pairs of two are accepted, \
         as shares. TAR@: share of pairs of one person accepted where no more than this share of pairs of two are (FAR)."
            .to_owned(),
    ]
}

fn bases(comparison: &Comparison, protocols: &[usize]) -> BTreeSet<Basis> {
    let outcomes = protocols.iter().flat_map(|&place| comparison.outcomes(place));
    outcomes.filter_map(|(_, outcome)| Some(outcome.against.ok()??.basis)).collect()
}

fn seeds_of(basis: &Basis) -> Option<usize> {
    match basis {
        Basis::Identities | Basis::Pairs => None,
        Basis::Seeds(count) => Some(*count),
    }
}

/// Warnings: two numbers stand in one column that do not belong side by side.
fn left_out(comparison: &Comparison, protocol: usize) -> Vec<String> {
    let title = title(&comparison.protocols()[protocol]);
    let warning = |(variant, outcome): (&VariantResults, &crate::comparison::Outcome)| {
        let why = outcome.against.err()?;
        let baseline = &comparison.variants()[0].name;
        Some(format!("Warning: {title} of {} is not compared with {baseline}: {why}.", variant.name))
    };
    comparison.outcomes(protocol).filter_map(warning).collect()
}

/// Warning: a difference between two variants is not that of their specs alone.
fn undeclared(comparison: &Comparison, variant: &VariantResults) -> Option<String> {
    let changes = comparison.changes(variant, Lineage::undeclared_differences);
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let baseline = &comparison.variants().first()?.name;
    (!changes.is_empty()).then(|| {
        format!(
            "Warning: {} differs from {baseline} also by what no spec says: {}. Run both again, with the same --set.",
            variant.name,
            changes.join(", ")
        )
    })
}
