//! Variants set against the first of them, protocol by protocol.

use std::collections::BTreeSet;

use arclab_metrics::{Evaluation, Summary, Unit};
use arclab_spec::{Change, Lineage, ProtocolName};

use crate::{
    Differences, Incomparable, PairLists, ProtocolResult, Tested, VariantResults,
    difference::{correct, differences},
};

/// Variants and what the first of them, the baseline, is compared by.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    variants: Vec<VariantResults>,
    lists: PairLists,
    unit: Unit,
    protocols: Vec<ProtocolName>,
    /// By variant, then by protocol.
    outcomes: Vec<Vec<Option<Outcome>>>,
}

/// One variant on one protocol.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) accuracy: Summary,
    pub(crate) false_positives: Summary,
    pub(crate) false_negatives: Summary,
    /// To the baseline; none of the baseline itself, or where the baseline has no result.
    pub(crate) against: Result<Option<Differences>, Incomparable>,
}

impl Comparison {
    /// Compares each variant with the first. `lists` holds the pair lists that the results name, as far as they were
    /// kept: without its list, a protocol of single runs gets no differences. Intervals of single runs are drawn over
    /// `unit`.
    pub fn new(variants: Vec<VariantResults>, lists: PairLists, unit: Unit) -> Self {
        let protocols = protocols(&variants);
        let of_variant = |(place, variant): (usize, &VariantResults)| {
            let baseline = (place > 0).then(|| &variants[0]);
            protocols.iter().map(|protocol| outcome(variant, baseline, protocol, &lists, unit)).collect()
        };
        let mut outcomes: Vec<Vec<_>> = variants.iter().enumerate().map(of_variant).collect();
        for protocol in 0..protocols.len() {
            correct_each(outcomes.iter_mut().filter_map(|of_variant| of_variant[protocol].as_mut()));
        }
        Self { variants, lists, unit, protocols, outcomes }
    }

    /// The variants, the baseline first.
    pub fn variants(&self) -> &[VariantResults] {
        &self.variants
    }

    /// All protocols that any variant was tested by: `closed`, `open`, then the others by name.
    pub fn protocols(&self) -> &[ProtocolName] {
        &self.protocols
    }

    /// What a variant says otherwise than the baseline, by one of the ways that lineages are compared.
    pub(crate) fn changes(
        &self,
        variant: &VariantResults,
        compare: fn(&Lineage, &Lineage) -> Vec<Change>,
    ) -> Vec<Change> {
        let baseline = self.variants.first().and_then(|baseline| baseline.lineage.as_ref());
        variant.lineage.as_ref().zip(baseline).map_or(Vec::new(), |(of, baseline)| compare(of, baseline))
    }

    /// What intervals of single runs are drawn over.
    pub(crate) fn unit(&self) -> Unit {
        self.unit
    }

    pub(crate) fn lists(&self) -> &PairLists {
        &self.lists
    }

    pub(crate) fn outcome(&self, variant: usize, protocol: usize) -> Option<&Outcome> {
        self.outcomes[variant][protocol].as_ref()
    }

    /// All outcomes on one protocol, with the variants they are of.
    pub(crate) fn outcomes(&self, protocol: usize) -> impl Iterator<Item = (&VariantResults, &Outcome)> {
        let outcomes = self.outcomes.iter().map(move |of_variant| of_variant[protocol].as_ref());
        self.variants.iter().zip(outcomes).filter_map(|(variant, outcome)| Some((variant, outcome?)))
    }

    /// All results on one protocol, of all variants and seeds.
    pub(crate) fn results<'a>(
        &'a self,
        protocol: &'a ProtocolName,
    ) -> impl Iterator<Item = &'a ProtocolResult> {
        self.variants
            .iter()
            .flat_map(|variant| &variant.runs)
            .filter_map(move |run| run.protocols.get(protocol))
    }
}

/// `Closed-set`, `Open-set`; others by their own name.
pub fn title(protocol: &ProtocolName) -> &str {
    match protocol.as_str() {
        "closed" => "Closed-set",
        "open" => "Open-set",
        other => other,
    }
}

fn protocols(variants: &[VariantResults]) -> Vec<ProtocolName> {
    let runs = variants.iter().flat_map(|variant| &variant.runs);
    in_order(runs.flat_map(|run| run.protocols.keys().cloned()).collect())
}

/// `closed`, `open`, then the others by name.
pub(crate) fn in_order(protocols: BTreeSet<ProtocolName>) -> Vec<ProtocolName> {
    let mut protocols: Vec<_> = protocols.into_iter().collect();
    // Stable, so the others keep the order of their names.
    protocols.sort_by_key(|protocol| match protocol.as_str() {
        "closed" => 0,
        "open" => 1,
        _ => 2,
    });
    protocols
}

fn outcome(
    variant: &VariantResults,
    baseline: Option<&VariantResults>,
    protocol: &ProtocolName,
    lists: &PairLists,
    unit: Unit,
) -> Option<Outcome> {
    let summary = |number: fn(&Evaluation) -> f64| {
        let results = variant.runs.iter().filter_map(|run| run.protocols.get(protocol));
        Summary::of(&results.map(|result| number(&result.evaluation)).collect::<Vec<_>>())
    };
    Some(Outcome {
        accuracy: summary(|evaluation| evaluation.accuracy)?,
        false_positives: summary(|evaluation| evaluation.confusion.false_positives as f64)?,
        false_negatives: summary(|evaluation| evaluation.confusion.false_negatives as f64)?,
        against: baseline.map_or(Ok(None), |baseline| differences(baseline, variant, protocol, lists, unit)),
    })
}

/// Counts the p of one protocol's differences as those of several variants that were held against one baseline.
fn correct_each<'a>(outcomes: impl Iterator<Item = &'a mut Outcome>) {
    let mut found: Vec<&mut Differences> =
        outcomes.filter_map(|outcome| outcome.against.as_mut().ok()?.as_mut()).collect();
    let numbers: [fn(&mut Differences) -> &mut Tested; 4] = [
        |found| &mut found.accuracy,
        |found| &mut found.false_positives,
        |found| &mut found.false_negatives,
        |found| &mut found.auc,
    ];
    for number in numbers {
        correct(&mut found.iter_mut().map(|found| number(found)).collect::<Vec<_>>());
    }
}
