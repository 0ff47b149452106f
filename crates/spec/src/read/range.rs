//! Ranges of numbers, in words for people and as JSON Schema.

use std::fmt;

use serde_json::{Map, Value};

/// A range of numbers; each end included or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    low: f64,
    with_low: bool,
    high: f64,
    with_high: bool,
}

impl Range {
    /// low ≤ x ≤ high.
    pub(super) const fn closed(low: f64, high: f64) -> Self {
        Self { low, with_low: true, high, with_high: true }
    }

    /// low < x < high.
    pub(super) const fn open(low: f64, high: f64) -> Self {
        Self { low, with_low: false, high, with_high: false }
    }

    /// low ≤ x < high.
    pub(super) const fn half_open(low: f64, high: f64) -> Self {
        Self { low, with_low: true, high, with_high: false }
    }

    /// low < x ≤ high.
    pub(super) const fn above(low: f64, high: f64) -> Self {
        Self { low, with_low: false, high, with_high: true }
    }

    pub(super) fn contains(self, x: f64) -> bool {
        let low = if self.with_low { x >= self.low } else { x > self.low };
        low && if self.with_high { x <= self.high } else { x < self.high }
    }

    /// The keywords of JSON Schema.
    pub(super) fn schema(self, kind: &str) -> Map<String, Value> {
        // Whole numbers stay whole in the schema.
        let number = |x: f64| if kind == "integer" { Value::from(x as u64) } else { Value::from(x) };
        let low = if self.with_low { "minimum" } else { "exclusiveMinimum" };
        let high = if self.with_high { "maximum" } else { "exclusiveMaximum" };
        [("type", kind.into()), (low, number(self.low)), (high, number(self.high))]
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let low = if self.with_low { "from" } else { "above" };
        let high = if self.with_high { "to" } else { "and below" };
        write!(f, "{low} {} {high} {}", self.low, self.high)
    }
}
