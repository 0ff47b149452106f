//! `evaluation:`.

use std::collections::BTreeMap;

use arclab_metrics::ThresholdPolicy;
use serde_json::json;

use super::{
    range::{Counts, Range},
    section::{Section, nullable, written},
    threshold,
};
use crate::{
    ProtocolName,
    config::{EvaluationConfig, PairSource, Protocol, SplitPart},
    source::{Diagnostic, Entry},
};

/// Half of them are of one person.
const PAIRS: Counts = Counts::from(2, 10_000_000).multiples_of(2);

pub(super) fn read(evaluation: &mut Section<'_>) -> EvaluationConfig {
    let threshold = threshold::read(evaluation, ThresholdPolicy::Validation);
    let validation_pairs = evaluation.count(
        "validation_pairs",
        "Pairs drawn from the validation images, at most: half same, half different.",
        1_000,
        PAIRS,
    );
    EvaluationConfig {
        protocols: protocols(evaluation, threshold),
        validation_pairs: validation_pairs as u32,
    }
}

fn protocols(evaluation: &mut Section<'_>, above: ThresholdPolicy) -> BTreeMap<ProtocolName, Protocol> {
    const DOC: &str = "The tests, by name; null takes an inherited one away. Where absent: `closed` and `open`, drawn from the split.";
    // Read from nothing, for the schema alone.
    let mut described = Section::new(evaluation.reading(), None, "");
    protocol(&mut described, above);
    let schema = json!({"type": "object", "additionalProperties": nullable(described.finish())});
    let Some(node) = evaluation.take("protocols", DOC, schema) else { return usual(above) };
    let section = evaluation.below("protocols", Some(node));
    let named = node.entries().unwrap_or_default().iter().filter(|entry| !entry.node.is_null());
    let protocols: BTreeMap<_, _> =
        named.filter_map(|entry| named_protocol(&section, entry, above)).collect();
    let none_left = node.entries().is_some_and(|entries| entries.iter().all(|entry| entry.node.is_null()));
    if none_left {
        let message = format!("`{}` names no test", evaluation.path_of("protocols"));
        let help = "write `{open: {draw: open_test}}`, or leave it out for `closed` and `open`";
        evaluation.reading().report(Diagnostic::at(&node.place, message).help(help));
    }
    protocols
}

fn named_protocol<'a>(
    section: &Section<'a>,
    entry: &'a Entry,
    above: ThresholdPolicy,
) -> Option<(ProtocolName, Protocol)> {
    let report = |message: String, help: &str| {
        section.reading().report(Diagnostic::at(&entry.key_place, message).help(help));
    };
    if entry.node.entries().is_none() {
        let message = format!("the test `{}` cannot be `{}`", entry.key, written(&entry.node));
        report(message, "write `{draw: open_test, pairs: 1000}` or `{list: pairs.csv}`");
        return None;
    }
    let mut own = section.below(&entry.key, Some(&entry.node));
    let protocol = protocol(&mut own, above);
    own.finish();
    ProtocolName::new(entry.key.as_str())
        .map_err(|error| report(error.to_string(), "give the test a shorter, simpler name"))
        .ok()
        .map(|name| (name, protocol))
}

/// The report's two tests.
fn usual(threshold: ThresholdPolicy) -> BTreeMap<ProtocolName, Protocol> {
    let drawn = |name: &str, from| {
        let pairs = PairSource::Drawn { from, count: 1_000, mislabelled: 0.0 };
        (ProtocolName::new(name).expect("a word is a name"), Protocol { pairs, threshold })
    };
    BTreeMap::from([drawn("closed", SplitPart::ClosedTest), drawn("open", SplitPart::OpenTest)])
}

fn protocol(protocol: &mut Section<'_>, above: ThresholdPolicy) -> Protocol {
    let (draws, lists) = (protocol.has("draw"), protocol.has("list"));
    protocol.exclusive(["draw", "list"]);
    if let Some(place) = protocol.place().filter(|_| draws == lists) {
        let found = Diagnostic::at(place, "a test has either `draw` or `list`");
        protocol
            .reading()
            .report(found.help("write `{draw: open_test, pairs: 1000}` or `{list: pairs.csv}`"));
    }
    let drawn = drawn(protocol);
    let listed = listed(protocol);
    if draws != lists {
        let (beside, idle): (_, &[_]) =
            if lists { ("`list`", &["pairs", "mislabelled"]) } else { ("`draw`", &["images"]) };
        for key in idle {
            protocol.no_effect(key, beside, "leave it out");
        }
    }
    let pairs = if lists { listed } else { drawn };
    Protocol { pairs, threshold: threshold::read(protocol, above) }
}

fn drawn(protocol: &mut Section<'_>) -> PairSource {
    let from = protocol.optional_word(
        "draw",
        "Balanced pairs drawn from a part of the split: held-out photos of trained people, or people held out.",
        &[("closed_test", SplitPart::ClosedTest), ("open_test", SplitPart::OpenTest)],
    );
    let count = protocol.count(
        "pairs",
        "Of `draw`: how many pairs at most; half same, half different. Where the photos make fewer, all balanced ones \
         are drawn, and a note says so.",
        1_000,
        PAIRS,
    );
    let mislabelled = protocol.number(
        "mislabelled",
        "Of `draw`: share of the pairs whose label is turned around.",
        0.0,
        Range::half_open(0.0, 0.5).because("with half of the labels wrong, nothing could be told from them"),
    );
    // A protocol without either is reported, and nothing is read then.
    let from = from.unwrap_or(SplitPart::OpenTest);
    PairSource::Drawn { from, count: count as u32, mislabelled }
}

fn listed(protocol: &mut Section<'_>) -> PairSource {
    let list = protocol.path(
        "list",
        "Pairs in a file: CSV with columns `a,b,same` and perhaps `fold`, LFW's `pairs.txt`, or InsightFace's verification \
         set (`.bin`), which holds its images, too.",
    );
    let images = protocol.path(
        "images",
        "Of `list`: where its images lie, in any form; the data set's own where absent. A verification set has its own.",
    );
    PairSource::Listed { list: list.unwrap_or_default(), images }
}
