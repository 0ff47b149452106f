//! Numbers as YAML writes them.

use super::{
    range::{Counts, Range},
    section::{Reading, written},
};
use crate::source::{Diagnostic, Node, Scalar, Value};

/// The number that `node` is, if it is one in `range`. `usual` is shown to those who wrote something else.
pub(super) fn number(
    reading: &Reading<'_>,
    node: &Node,
    path: &str,
    range: Range,
    usual: f64,
) -> Option<f64> {
    let number = plain(node).filter(|&number| range.contains(number));
    if number.is_none() {
        let message = format!("`{path}` must be a number {range}, not `{}`", written(node));
        let help = match range.reason() {
            Some(reason) if plain(node).is_some() => reason.to_owned(),
            Some(_) | None => format!("usual is `{usual}`"),
        };
        reading.report(Diagnostic::at(&node.place, message).help(help).maybe_help(rewritten(node)));
    }
    number
}

/// The whole number that `node` is, if it is among `counts`.
pub(super) fn whole(
    reading: &Reading<'_>,
    node: &Node,
    path: &str,
    counts: Counts,
    usual: u64,
) -> Option<u64> {
    // `8.0` and `1e3` are whole, too, as JSON Schema sees it.
    let integral = |x: f64| (x.fract() == 0.0 && (0.0..9e15).contains(&x)).then_some(x as u64);
    let number = plain(node).and_then(|x| node.scalar()?.parse().ok().or_else(|| integral(x)));
    let allowed = number.filter(|&number| counts.contains(number));
    if allowed.is_none() {
        let message = format!("`{path}` must be {counts}, not `{}`", written(node));
        let help = match number.and_then(|number| counts.neighbours(number)) {
            Some((below, above)) => format!("the nearest are `{below}` and `{above}`"),
            None => format!("usual is `{usual}`"),
        };
        reading.report(Diagnostic::at(&node.place, message).help(help).maybe_help(rewritten(node)));
    }
    allowed
}

/// Whether `node` is `true` or `false`.
pub(super) fn flag(reading: &Reading<'_>, node: &Node, path: &str) -> Option<bool> {
    let flag = match &node.value {
        Value::Scalar(Scalar { text, quoted: false }) => text.parse().ok(),
        Value::Scalar(_) | Value::List(_) | Value::Map(_) => None,
    };
    if flag.is_none() {
        let message = format!("`{path}` must be `true` or `false`, not `{}`", written(node));
        reading.report(Diagnostic::at(&node.place, message).help("write one of the two, without quotes"));
    }
    flag
}

/// The finite number that `node` is.
pub(crate) fn plain(node: &Node) -> Option<f64> {
    match &node.value {
        Value::Scalar(Scalar { text, quoted: false }) => parsed(text),
        Value::Scalar(_) | Value::List(_) | Value::Map(_) => None,
    }
}

/// Not `inf`, `nan` or what else Rust takes for a number and YAML does not.
fn parsed(text: &str) -> Option<f64> {
    let like_one = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
    if like_one { text.parse().ok().filter(|x: &f64| x.is_finite()) } else { None }
}

/// The remedy for a number that was written as a text, or with a comma.
fn rewritten(node: &Node) -> Option<String> {
    let Value::Scalar(Scalar { text, quoted }) = &node.value else { return None };
    let with_point = text.replacen(',', ".", 1);
    match (parsed(text), parsed(&with_point)) {
        (Some(_), _) if *quoted => Some(format!("leave the quotes out: `{text}`")),
        (None, Some(_)) => Some(format!("write a point for the comma: `{with_point}`")),
        _ => None,
    }
}
