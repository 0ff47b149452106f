//! `evaluation:`.

use std::collections::BTreeMap;

use arclab_metrics::ThresholdPolicy;
use serde_json::{Value as Json, json};

use super::{
    range::Range,
    section::{Section, not_one_of},
};
use crate::{
    ProtocolName,
    config::{EvaluationConfig, PairSource, Protocol, SplitPart},
    source::{Diagnostic, Node},
};

const FOLDS: u32 = 10;
const THRESHOLD: &str = "Where the decision threshold comes from: `validation` (the most accurate on the validation pairs), \
    `k_fold` (InsightFace's procedure on the test pairs), `{k_fold: N}` or `{fixed: COSINE}`.";

pub(super) fn read(evaluation: &mut Section<'_>) -> EvaluationConfig {
    let threshold = threshold(evaluation, ThresholdPolicy::Validation);
    let validation_pairs = evaluation.count(
        "validation_pairs",
        "Pairs drawn from the validation images: half same, half different.",
        1_000,
        2,
        1_000_000,
    );
    EvaluationConfig {
        protocols: protocols(evaluation, threshold),
        validation_pairs: validation_pairs as u32,
    }
}

fn protocols(evaluation: &mut Section<'_>, threshold: ThresholdPolicy) -> BTreeMap<ProtocolName, Protocol> {
    const DOC: &str = "The tests, by name; `closed` and `open`, drawn from the split, where none are named.";
    let path = evaluation.path_of("protocols");
    let reading = evaluation.reading();
    let mut described = Section::new(reading, None, &path);
    protocol(&mut described, threshold);
    let schema = json!({"type": "object", "additionalProperties": described.finish()});
    let Some(node) = evaluation.take("protocols", DOC, schema) else { return usual(threshold) };
    let Some(entries) = node.entries() else {
        reading.report(
            Diagnostic::at(node.place.clone(), format!("`{path}` must be a mapping of names to tests"))
                .help("write `protocols: {open: {draw: open_test, pairs: 1000}}`"),
        );
        return usual(threshold);
    };
    let mut protocols = BTreeMap::new();
    for entry in entries {
        let mut section = Section::new(reading, Some(&entry.node), &format!("{path}.{}", entry.key));
        let read = protocol(&mut section, threshold);
        section.finish();
        match ProtocolName::new(entry.key.as_str()) {
            Ok(name) => drop(protocols.insert(name, read)),
            Err(error) => reading.report(Diagnostic::at(entry.key_place.clone(), error.to_string())),
        }
    }
    protocols
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
    let list = protocol.path(
        "list",
        "Pairs in a file: CSV with columns `a,b,same` and perhaps `fold`, or LFW's `pairs.txt`.",
    );
    let images =
        protocol.path("images", "Of `list`: the folder of its images; the data set's own where absent.");
    let from = protocol.word(
        "draw",
        "Balanced pairs drawn from a part of the split: held-out photos of trained people, or people held out.",
        "open_test",
        &[("closed_test", SplitPart::ClosedTest), ("open_test", SplitPart::OpenTest)],
    );
    let count = protocol.count(
        "pairs",
        "Of `draw`: how many pairs; half same, half different.",
        1_000,
        2,
        10_000_000,
    );
    let mislabelled = protocol.number(
        "mislabelled",
        "Of `draw`: share of the pairs whose label is turned around.",
        0.0,
        Range::half_open(0.0, 0.5),
    );
    if let Some(place) = protocol.place().filter(|_| draws == lists) {
        let found = Diagnostic::at(place.clone(), "a protocol has either `draw` or `list`");
        protocol
            .reading()
            .report(found.help("write `{draw: open_test, pairs: 1000}` or `{list: pairs.csv}`"));
    }
    let idle: &[&str] = if lists { &["pairs", "mislabelled"] } else { &["images"] };
    if draws != lists {
        no_effect(protocol, idle, if lists { "list" } else { "draw" });
    }
    let pairs = if lists {
        PairSource::Listed { list: list.unwrap_or_default(), images }
    } else {
        PairSource::Drawn { from, count: count as u32, mislabelled }
    };
    Protocol { pairs, threshold: threshold(protocol, above) }
}

fn no_effect(section: &Section<'_>, keys: &[&str], beside: &str) {
    for key in keys {
        if let Some(node) = section.node(key) {
            let message = format!("`{}` has no effect beside `{beside}`", section.path_of(key));
            section.reading().report(Diagnostic::at(node.place.clone(), message).help("leave it out"));
        }
    }
}

fn threshold(section: &mut Section<'_>, default: ThresholdPolicy) -> ThresholdPolicy {
    let path = section.path_of("threshold");
    let reading = section.reading();
    let node = section.take("threshold", THRESHOLD, json!({}));
    let mapping = node.filter(|node| node.entries().is_some());
    let mut kinds = Section::new(reading, mapping, &path);
    let folds =
        kinds.count("k_fold", "Number of folds, where the list names none.", u64::from(FOLDS), 2, 1_000);
    let fixed = kinds.number("fixed", "A cosine similarity.", 0.0, Range::closed(-1.0, 1.0));
    let (has_folds, has_fixed) = (kinds.has("k_fold"), kinds.has("fixed"));
    let schema: Json = json!({"oneOf": [{"enum": ["validation", "k_fold"]}, kinds.finish()]});
    section.describe("threshold", THRESHOLD, schema);
    let chosen = |node: &Node| match (node.scalar(), has_folds, has_fixed) {
        (Some("validation"), ..) => Some(ThresholdPolicy::Validation),
        (Some("k_fold"), ..) => Some(ThresholdPolicy::KFold { folds: FOLDS }),
        (None, true, false) => Some(ThresholdPolicy::KFold { folds: folds as u32 }),
        (None, false, true) => Some(ThresholdPolicy::Fixed(fixed)),
        _ => {
            reading.report(not_one_of(
                node,
                &path,
                &["validation", "k_fold", "{k_fold: N}", "{fixed: COSINE}"],
            ));
            None
        }
    };
    node.and_then(chosen).unwrap_or(default)
}
