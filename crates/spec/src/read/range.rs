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
    reason: Option<&'static str>,
}

impl Range {
    /// low ≤ x ≤ high.
    pub(super) const fn closed(low: f64, high: f64) -> Self {
        Self { low, with_low: true, high, with_high: true, reason: None }
    }

    /// low < x < high.
    pub(super) const fn open(low: f64, high: f64) -> Self {
        Self { with_low: false, with_high: false, ..Self::closed(low, high) }
    }

    /// low ≤ x < high.
    pub(super) const fn half_open(low: f64, high: f64) -> Self {
        Self { with_high: false, ..Self::closed(low, high) }
    }

    /// low < x ≤ high.
    pub(super) const fn above(low: f64, high: f64) -> Self {
        Self { with_low: false, ..Self::closed(low, high) }
    }

    /// Why it ends where it does, where that is not plain.
    pub(super) const fn because(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }

    pub(super) fn reason(self) -> Option<&'static str> {
        self.reason
    }

    pub(super) fn contains(self, x: f64) -> bool {
        let low = if self.with_low { x >= self.low } else { x > self.low };
        low && if self.with_high { x <= self.high } else { x < self.high }
    }

    /// The keywords of JSON Schema.
    pub(super) fn schema(self) -> Map<String, Value> {
        let low = if self.with_low { "minimum" } else { "exclusiveMinimum" };
        let high = if self.with_high { "maximum" } else { "exclusiveMaximum" };
        [("type", "number".into()), (low, self.low.into()), (high, self.high.into())]
            .into_iter()
            .map(|(key, value): (&str, Value)| (key.to_owned(), value))
            .collect()
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.low == self.high {
            return write!(f, "that is {}", self.low);
        }
        let low = if self.with_low { "from" } else { "above" };
        let high = match (self.with_low, self.with_high) {
            (true, true) => "to",
            (true, false) => "to below",
            (false, true) => "and up to",
            (false, false) => "and below",
        };
        write!(f, "{low} {} {high} {}", self.low, self.high)
    }
}

/// Whole numbers from `low` to `high`, in steps of `step`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    low: u64,
    high: u64,
    step: u64,
}

impl Counts {
    /// All whole numbers from `low` to `high`.
    pub(super) const fn from(low: u64, high: u64) -> Self {
        Self { low, high, step: 1 }
    }

    /// Only the multiples of `step`.
    pub(super) const fn multiples_of(self, step: u64) -> Self {
        Self { step, ..self }
    }

    pub(super) fn contains(self, number: u64) -> bool {
        (self.low..=self.high).contains(&number) && number.is_multiple_of(self.step)
    }

    /// The allowed numbers beside one that is in the range and no multiple.
    pub(super) fn neighbours(self, number: u64) -> Option<(u64, u64)> {
        let below = number / self.step * self.step;
        let ends = (below, below.checked_add(self.step)?);
        (self.contains(ends.0) && self.contains(ends.1) && !self.contains(number)).then_some(ends)
    }

    /// The keywords of JSON Schema.
    pub(super) fn schema(self) -> Map<String, Value> {
        let step = (self.step > 1).then_some(("multipleOf", self.step.into()));
        [("type", "integer".into()), ("minimum", self.low.into()), ("maximum", self.high.into())]
            .into_iter()
            .chain(step)
            .map(|(key, value): (&str, Value)| (key.to_owned(), value))
            .collect()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            1 => write!(f, "a whole number from {} to {}", self.low, self.high),
            step => write!(f, "a multiple of {step} from {} to {}", self.low, self.high),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_is_included_or_not() {
        assert!(Range::closed(0.0, 1.0).contains(0.0) && Range::closed(0.0, 1.0).contains(1.0));
        assert!(!Range::open(0.0, 1.0).contains(0.0) && !Range::open(0.0, 1.0).contains(1.0));
        assert!(Range::half_open(0.0, 1.0).contains(0.0) && !Range::half_open(0.0, 1.0).contains(1.0));
        assert!(!Range::above(0.0, 1.0).contains(0.0) && Range::above(0.0, 1.0).contains(1.0));
        assert!(!Range::closed(0.0, 1.0).contains(f64::NAN));
    }

    #[test]
    fn the_multiples_beside_a_number_are_found_within_the_range() {
        let sizes = Counts::from(32, 512).multiples_of(16);
        assert_eq!(sizes.neighbours(100), Some((96, 112)));
        assert_eq!(sizes.neighbours(96), None);
        assert_eq!(sizes.neighbours(17), None);
        assert_eq!(sizes.neighbours(u64::MAX), None);
    }
}
