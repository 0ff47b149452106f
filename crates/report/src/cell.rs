//! One cell of a table: a typed value that each format writes in its own way.

use arclab_metrics::{Difference, Proportion, Summary};
use serde_json::Value;

use crate::{Tested, time};

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing to show; `-` for people, null for programs.
    Empty,
    /// Words.
    Text(String),
    /// A whole number.
    Count(u64),
    /// A number, shown with so many decimals.
    Number {
        /// The number.
        value: f64,
        /// Digits after the point.
        decimals: usize,
    },
    /// Mean, and deviation where there are several seeds.
    Spread {
        /// Over the seeds.
        summary: Summary,
        /// Digits after the point.
        decimals: usize,
    },
    /// A difference with its 95% interval.
    Difference {
        /// The difference.
        difference: Difference,
        /// Digits after the point.
        decimals: usize,
        /// Whether it is more than chance, which a `*` says.
        is_clear: bool,
    },
    /// A share with its 95% interval.
    Proportion(Proportion),
    /// A p value, to two digits that count.
    P(f64),
    /// A length of time in seconds; shown as `1m 23s`.
    Seconds(f64),
    /// Unix time in milliseconds; shown to the second, in UTC.
    Time(u64),
}

impl Cell {
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A difference that was tested.
    pub fn difference(tested: Tested, decimals: usize) -> Self {
        Self::Difference { difference: tested.effect.difference, decimals, is_clear: tested.is_clear() }
    }

    /// What people read, before a format escapes it.
    pub fn shown(&self) -> String {
        match self {
            Self::Empty => "-".to_owned(),
            Self::Text(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Number { value, decimals } => format!("{value:.decimals$}"),
            Self::Spread { summary, decimals } => match summary.std {
                Some(std) => format!("{:.decimals$} ± {std:.decimals$}", summary.mean),
                None => format!("{:.decimals$}", summary.mean),
            },
            Self::Difference { difference, decimals, is_clear } => {
                shown_difference(*difference, *decimals) + if *is_clear { "*" } else { "" }
            }
            Self::Proportion(Proportion { value, low, high }) => format!("{value:.3} [{low:.3}, {high:.3}]"),
            Self::P(p) => shown_p(*p),
            Self::Seconds(seconds) => time::shown_seconds(*seconds),
            Self::Time(ms) => time::shown_time(*ms),
        }
    }

    /// The value for programs: unrounded.
    pub(crate) fn raw(&self) -> Vec<Value> {
        match self {
            Self::Empty => vec![Value::Null],
            Self::Text(text) => vec![text.as_str().into()],
            Self::Count(count) => vec![(*count).into()],
            Self::Number { value, .. } | Self::P(value) => vec![(*value).into()],
            Self::Spread { summary, .. } => vec![summary.mean.into(), summary.std.into()],
            Self::Difference { difference: d, is_clear, .. } => {
                vec![d.value.into(), d.low.into(), d.high.into(), (*is_clear).into()]
            }
            Self::Proportion(share) => vec![share.value.into(), share.low.into(), share.high.into()],
            Self::Seconds(seconds) => vec![(*seconds).into()],
            Self::Time(ms) => vec![time::iso(*ms).into()],
        }
    }

    /// A difference that is more than chance.
    pub(crate) fn clear(&self) -> Option<Difference> {
        let Self::Difference { difference, is_clear, .. } = self else { return None };
        is_clear.then_some(*difference)
    }
}

/// `+0.008 [-0.012, +0.028]`.
fn shown_difference(difference: Difference, decimals: usize) -> String {
    let Difference { value, low, high } = difference;
    let [value, low, high] = [value, low, high].map(|number| signed(number, decimals));
    format!("{value} [{low}, {high}]")
}

/// `0.32`, `0.031`, `0.0042`, `< 0.0001`.
pub(crate) fn shown_p(p: f64) -> String {
    match p {
        p if p < 1e-4 => "< 0.0001".to_owned(),
        p if p < 1e-2 => format!("{p:.4}"),
        p if p < 0.1 => format!("{p:.3}"),
        p => format!("{p:.2}"),
    }
}

/// With its sign, which a number that rounds to zero keeps: whether an interval leaves out 0 may hang on it.
fn signed(number: f64, decimals: usize) -> String {
    // Negative zero is no side of zero.
    let number = if number == 0.0 { 0.0 } else { number };
    format!("{number:+.decimals$}")
}
