//! One axis: a key and the values that it takes.

use serde_json::json;

use super::search::Taken;
use crate::{
    read::{
        list,
        range::{Counts, Range},
        section::{Section, written},
    },
    source::{Diagnostic, Node, Scalar as Word, Value},
};

/// Steps that a range may have at most.
const MOST_STEPS: u64 = 1000;
/// The largest number of a range: beyond it, no key has a meaning, and differences overflow some day.
const LARGEST: f64 = 1e12;
/// What is not computed with, or not by one cell: beginnings of keys, and what would be right.
const NO_AXES: [(&str, &str); 11] = [
    ("name", "each cell has a name by its values"),
    ("extends", "write a sweep for each spec that is extended"),
    ("hypothesis", "it is the sweep's, and changes no number"),
    ("expect", "it changes no number"),
    ("queue", "write it beside `sweep`, for all cells"),
    ("resources", "write it beside `sweep`, for all cells"),
    ("sweep", "write a sweep for each"),
    ("training.seeds", "write `training: {seeds: [0, 1]}` beside `sweep`: each cell has all of them"),
    ("training.log_every", "it changes no number"),
    ("evaluation.validation_pairs", "cells would be judged by different validation pairs"),
    ("data.split", "cells would be judged by different validation pairs"),
];

/// A key and the values that it takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    /// `loss.margin`.
    pub(super) key: String,
    /// Where the key stands.
    pub(super) node: Node,
    pub(super) values: Values,
    /// Another axis and the value of it beside which alone this one has a meaning.
    pub(super) when: Option<(String, String)>,
}

/// What an axis takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    /// What is written, in this order.
    Choices(Vec<Node>),
    /// Numbers from `low` to `high`, both included.
    Range { low: f64, high: f64, scale: Scale, steps: Option<u64>, is_whole: bool },
}

/// What is even in a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// Differences.
    Linear,
    /// Ratios.
    Log,
}

/// The schema of all axes.
pub(super) fn schema() -> serde_json::Value {
    let axis = json!({"type": ["array", "object"]});
    json!({"type": "object", "additionalProperties": axis})
}

/// The axis under `key`; absent after a mistake, which is reported.
pub(super) fn axis(axes: &mut Section<'_>, key: &str) -> Option<Axis> {
    let doc = "Values: a list, or a range {from, to, scale, steps, whole}, or {values, when}.";
    let node = axes.take(key, doc, json!({"type": ["array", "object"]}))?;
    let begins =
        |with: &str| key.strip_prefix(with).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    if let Some((_, help)) = NO_AXES.iter().find(|(with, _)| begins(with)) {
        axes.reading().report(Diagnostic::at(&node.place, format!("`{key}` cannot be an axis")).help(*help));
        return None;
    }
    let axis = |values, when| Axis { key: key.to_owned(), node: node.clone(), values, when };
    match &node.value {
        Value::List(_) => choices(axes, key, node).map(|values| axis(values, None)),
        Value::Map(_) => {
            let mut section = axes.below(key, Some(node));
            let when = when(&mut section);
            let values = if section.mentions("values") { listed(&mut section) } else { range(&mut section) };
            section.finish();
            values.map(|values| axis(values, when))
        }
        Value::Scalar(_) => {
            let message =
                format!("`{}` must be a list or a range, not `{}`", axes.path_of(key), written(node));
            let help = format!("write `{key}: [0.2, 0.5]`, or `{key}: {{from: 0.2, to: 0.8, steps: 4}}`");
            axes.reading().report(Diagnostic::at(&node.place, message).help(help));
            None
        }
    }
}

fn choices<'a>(section: &Section<'a>, key: &str, node: &'a Node) -> Option<Values> {
    let items = list::items(section, key, Some(node), "[0.2, 0.5]");
    for item in items.iter().filter(|item| matches!(item.value, Value::Map(_))) {
        let message = format!("`{}` has `{}` among its values", section.path_of(key), written(item));
        section.reading().report(Diagnostic::at(&item.place, message).help("sweep over a key of it"));
    }
    (!items.is_empty()).then(|| Values::Choices(items.to_vec()))
}

fn listed(section: &mut Section<'_>) -> Option<Values> {
    let node = section.take("values", "The values.", json!({"type": "array"}))?;
    choices(section, "values", node)
}

fn range(section: &mut Section<'_>) -> Option<Values> {
    let any = Range::closed(-LARGEST, LARGEST);
    let low = section.optional_number("from", "The smallest value.", 0.2, any);
    let high = section.optional_number("to", "The largest value.", 0.8, any);
    let scales = [("linear", Scale::Linear), ("log", Scale::Log)];
    let scale = section.word("scale", "Whether differences or ratios are even.", "linear", &scales);
    let steps = section.optional_count("steps", "Values of a grid.", 4, Counts::from(2, MOST_STEPS));
    let is_whole = section.flag("whole", "Whether values are whole numbers.", false);
    let complain = |message: &str| {
        if let Some(place) = section.place() {
            let found = Diagnostic::at(place, message);
            section
                .reading()
                .report(found.help("write such as `{from: 0.2, to: 0.8, steps: 4}`, or a list of values"));
        }
        None
    };
    match (low, high) {
        (Some(low), Some(high)) if low >= high => complain("a range must begin below its end"),
        (Some(low), Some(_)) if low <= 0.0 && scale == Scale::Log => {
            complain("a range of ratios must begin above 0")
        }
        (Some(low), Some(high)) if is_whole && (low.fract() != 0.0 || high.fract() != 0.0) => {
            complain("a range of whole numbers begins and ends with one")
        }
        (Some(low), Some(high)) => Some(Values::Range { low, high, scale, steps, is_whole }),
        // What is there and wrong was told already.
        _ if section.mentions("from") && section.mentions("to") => None,
        _ => complain("a range needs `from` and `to`"),
    }
}

/// `when: {loss.name: arcface}`.
fn when(section: &mut Section<'_>) -> Option<(String, String)> {
    let node = section.take(
        "when",
        "The axis, and its value, beside which alone this one counts.",
        json!({"type": "object"}),
    )?;
    let entry = match node.entries() {
        Some([entry]) => entry.node.scalar().map(|value| (entry.key.clone(), value.to_owned())),
        Some(_) | None => None,
    };
    if entry.is_none() {
        let message =
            format!("`{}` must be one key with one value, not `{}`", section.path_of("when"), written(node));
        section
            .reading()
            .report(Diagnostic::at(&node.place, message).help("write such as `when: {loss.name: arcface}`"));
    }
    entry
}

impl Axis {
    /// The values of a grid; of a range without steps there are none.
    pub(super) fn grid(&self) -> Vec<Node> {
        match &self.values {
            Values::Choices(nodes) => nodes.clone(),
            Values::Range { steps, .. } => {
                let steps = steps.unwrap_or_default();
                let mut nodes: Vec<Node> =
                    (0..steps).map(|step| self.at(step as f64 / (steps - 1) as f64)).collect();
                nodes.dedup_by(|a, b| a.value == b.value);
                nodes
            }
        }
    }

    /// The value at `place` of [0, 1], evenly: whole numbers have parts of it that are equal, in differences or ratios.
    pub(super) fn at(&self, place: f64) -> Node {
        match &self.values {
            Values::Choices(nodes) => {
                nodes[((place * nodes.len() as f64) as usize).min(nodes.len() - 1)].clone()
            }
            &Values::Range { low, high, scale, is_whole, .. } => {
                let end = if is_whole { high + 1.0 } else { high };
                let value = match scale {
                    Scale::Linear => low + place * (end - low),
                    Scale::Log => low * (end / low).powf(place),
                };
                self.number(match scale {
                    _ if is_whole => value.floor().clamp(low, high),
                    _ if place == 0.0 => low,
                    _ if place == 1.0 => high,
                    Scale::Linear => shortened(value, high - low).clamp(low, high),
                    Scale::Log => shortened(value, value).clamp(low, high),
                })
            }
        }
    }

    /// How many values a list has.
    pub(super) fn choices(&self) -> Option<usize> {
        match &self.values {
            Values::Choices(nodes) => Some(nodes.len()),
            Values::Range { .. } => None,
        }
    }

    fn number(&self, value: f64) -> Node {
        let text = format!("{value}");
        Node { value: Value::Scalar(Word { text, quoted: false }), place: self.node.place.clone() }
    }

    /// `place` of [0, 1), or the middle of what a value of a list has of it.
    pub(super) fn settled(&self, place: f64) -> f64 {
        let Some(count) = self.choices().map(|count| count as f64) else { return place };
        ((place * count).floor().min(count - 1.0) + 0.5) / count
    }

    /// Whether it counts beside `taken`, what axes before it have.
    pub(super) fn counts(&self, taken: &[Taken<'_>]) -> bool {
        self.when.as_ref().is_none_or(|(key, value)| {
            taken.iter().any(|taken| taken.axis.key == *key && is_value(&taken.node, value))
        })
    }

    /// Whether it takes `value` some day; of what is drawn from a range nobody knows.
    pub(super) fn takes(&self, value: &str) -> bool {
        matches!(self.values, Values::Range { steps: None, .. })
            || self.grid().iter().any(|node| is_value(node, value))
    }
}

/// Whether both are one text, or one number.
fn is_value(node: &Node, value: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    node.scalar().is_some_and(|own| own == value || number(own).is_some_and(|own| number(value) == Some(own)))
}

/// With as many decimals as four digits of `size` have: names and tables show it, and no run needs more.
fn shortened(value: f64, size: f64) -> f64 {
    let decimals = (3.0 - size.log10().floor()).max(0.0) as usize;
    format!("{value:.decimals$}").parse().unwrap_or(value)
}
