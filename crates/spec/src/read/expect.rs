//! `expect:`, what a spec expects of its runs.

use serde_json::{Value as Json, json};

use super::{
    list,
    range::Range,
    section::{Reading, Section, not_one_of, written},
};
use crate::{
    Direction, Expectation, Number, ProtocolName, VariantName,
    config::EvaluationConfig,
    source::{Diagnostic, Node, Value},
};

const DOC: &str = "What the runs are expected to show, such as `{metric: open.false_negatives, change: decreases, \
                   versus: baseline}`. It is recorded before they start; the report says of each whether it is supported.";
const WITHIN: &str = "Of `stays`: by how much at most, in the metric's unit: a share of 1 of accuracy and AUC, pairs of \
                      errors.";
const EXAMPLE: &str = "[{metric: open.false_negatives, change: decreases, versus: baseline}]";

#[derive(Clone, Copy)]
enum Change {
    Increases,
    Decreases,
    Stays,
}

const CHANGES: &[(&str, Change)] =
    &[("increases", Change::Increases), ("decreases", Change::Decreases), ("stays", Change::Stays)];

pub(super) fn expect(top: &mut Section<'_>, evaluation: &EvaluationConfig) -> Vec<Expectation> {
    // Of no entry, for the schema.
    let (_, items) = entry(top, None, evaluation);
    let node = top.take_optional("expect", DOC, json!({"type": "array", "items": items}));
    let mut all: Vec<Expectation> = Vec::new();
    for item in list::items(top, "expect", node, EXAMPLE) {
        let Some(expectation) = entry(top, Some(item), evaluation).0 else { continue };
        let is_of_same = |other: &Expectation| {
            (&other.protocol, other.number, &other.versus)
                == (&expectation.protocol, expectation.number, &expectation.versus)
        };
        if all.iter().any(is_of_same) {
            let found = Diagnostic::at(&item.place, format!("`{}` is expected twice", written(item)));
            top.reading().report(found.help("say of a metric and another variant one thing"));
        }
        all.push(expectation);
    }
    all
}

/// Refuses a comparison of a variant with itself.
pub(super) fn refuse_own(document: &Node, name: &VariantName, reading: &Reading<'_>) {
    let Some(Value::List(items)) = document.get("expect").map(|node| &node.value) else { return };
    let versus = items.iter().filter_map(|item| item.get("versus"));
    for versus in versus.filter(|versus| versus.scalar() == Some(name.as_str())) {
        let found = Diagnostic::at(&versus.place, format!("`{name}` is this variant itself"));
        reading.report(found.help("name another one of the experiment, such as `baseline`"));
    }
}

fn entry<'a>(
    top: &Section<'a>,
    item: Option<&'a Node>,
    evaluation: &EvaluationConfig,
) -> (Option<Expectation>, Json) {
    let mut section = top.below("expect", item);
    let metric = section.text("metric", "A test and a number of it: `open.accuracy`, `closed.auc`.");
    let change = section.optional_word("change", "Which way the number differs.", CHANGES);
    let within = section.optional_number("within", WITHIN, 0.01, Range::above(0.0, 1e9));
    let versus = section.text("versus", "The variant that it is compared with.");
    section.demand(json!({"required": ["metric", "change", "versus"]}));
    let metric = required(&section, item, "metric", metric.as_deref())
        .and_then(|text| number(&section, text, evaluation));
    let versus =
        required(&section, item, "versus", versus.as_deref()).and_then(|text| variant(&section, text));
    let is_share =
        metric.as_ref().is_some_and(|(_, number)| matches!(number, Number::Accuracy | Number::Auc));
    let change = required(&section, item, "change", change).and_then(|change| {
        let is_wrong = |within: &f64| matches!(change, Change::Stays) && !fits(&section, *within, is_share);
        direction(&section, change, within.filter(|within| !is_wrong(within)))
    });
    let expectation = metric
        .zip(versus)
        .zip(change)
        .map(|(((protocol, number), versus), change)| Expectation { protocol, number, change, versus });
    (expectation, section.finish())
}

/// The value, where it is written; else the mistake is reported.
fn required<T>(section: &Section<'_>, item: Option<&Node>, key: &str, value: Option<T>) -> Option<T> {
    if let (None, Some(item), false) = (&value, item, section.mentions(key)) {
        let found = Diagnostic::at(&item.place, format!("an entry of `expect` has no `{key}`"));
        section.reading().report(found.help(format!("write such as `expect: {EXAMPLE}`")));
    }
    value
}

/// `open.false_negatives`: a protocol's name may hold dots, so that the last one counts.
fn number(
    section: &Section<'_>,
    text: &str,
    evaluation: &EvaluationConfig,
) -> Option<(ProtocolName, Number)> {
    let node = section.node("metric")?;
    let (protocol, name) = text.rsplit_once('.').unwrap_or((text, ""));
    let Some(known) = evaluation.protocols.keys().find(|known| known.as_str() == protocol) else {
        let known: Vec<String> =
            evaluation.protocols.keys().map(|known| format!("{known}.accuracy")).collect();
        report(section, node, &known.iter().map(String::as_str).collect::<Vec<_>>());
        return None;
    };
    let number = Number::ALL.into_iter().find(|(known, _)| *known == name);
    if number.is_none() {
        let names = Number::ALL.map(|(name, _)| format!("{protocol}.{name}"));
        report(section, node, &names.each_ref().map(String::as_str));
    }
    number.map(|(_, number)| (known.clone(), number))
}

fn report(section: &Section<'_>, node: &Node, names: &[&str]) {
    section.reading().report(not_one_of(node, "expect.metric", names));
}

fn variant(section: &Section<'_>, text: &str) -> Option<VariantName> {
    let wrong = |error: crate::InvalidName| {
        let node = section.node("versus")?;
        section
            .reading()
            .report(Diagnostic::at(&node.place, error.to_string()).help("write such as `versus: baseline`"));
        None
    };
    VariantName::new(text).map_or_else(wrong, Some)
}

/// A share differs by less than 1, a number of errors by one or more.
fn fits(section: &Section<'_>, within: f64, is_share: bool) -> bool {
    if let (true, Some(node)) = (is_share && within >= 1.0, section.node("within")) {
        let found = Diagnostic::at(&node.place, format!("a share cannot differ by `{}`", written(node)));
        section.reading().report(found.help("write a share of 1, such as `within: 0.01` for one percent"));
        return false;
    }
    if let (false, true, Some(node)) = (is_share, within < 1.0, section.node("within")) {
        let found = Diagnostic::at(&node.place, format!("`{}` is less than one pair", written(node)));
        section
            .reading()
            .report(found.help("errors are counted: write a number of pairs, such as `within: 10`"));
        return false;
    }
    true
}

fn direction(section: &Section<'_>, change: Change, within: Option<f64>) -> Option<Direction> {
    match (change, within, section.node("within")) {
        (Change::Stays, Some(within), _) => Some(Direction::Stays { within }),
        (Change::Increases, None, _) => Some(Direction::Increases),
        (Change::Decreases, None, _) => Some(Direction::Decreases),
        (Change::Stays, None, None) => {
            let node = section.node("change")?;
            let found = Diagnostic::at(&node.place, "`stays` says nothing of how much a number may differ");
            section.reading().report(found.help("say it beside it, such as `within: 0.01`"));
            None
        }
        // What it says is no number above 0, which is reported.
        (Change::Stays, None, Some(_)) => None,
        (Change::Increases | Change::Decreases, Some(_), node) => {
            let node = node?;
            let found =
                Diagnostic::at(&node.place, format!("`within: {}` has no effect here", written(node)));
            section.reading().report(found.help("leave it out, or write `change: stays`"));
            None
        }
    }
}
