//! Shares of counts.

use crate::distributions::NORMAL_975;

/// A share of a count, with the interval that covers the true one in 95 of 100 experiments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proportion {
    /// The share found, in [0, 1].
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Proportion {
    /// Of nothing.
    pub(crate) const NONE: Self = Self { value: 0.0, low: 0.0, high: 1.0 };

    /// `found` of `count`, with the interval of Wilson (Probable inference, Journal of the American Statistical Association 22,
    /// 1927); none of nothing.
    pub fn of(found: u64, count: u64) -> Option<Self> {
        (count > 0).then(|| Self::wilson(found as f64 / count as f64, count as f64))
    }

    /// The share `value` of what is worth `n` independent ones, above 0.
    pub(crate) fn wilson(value: f64, n: f64) -> Self {
        let z2 = NORMAL_975.powi(2);
        let centre = (value + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = NORMAL_975 / (1.0 + z2 / n) * (value * (1.0 - value) / n + z2 / (4.0 * n * n)).sqrt();
        // At either end the exact bound, which rounding may miss.
        let low = if value == 0.0 { 0.0 } else { centre - half };
        let high = if value == 1.0 { 1.0 } else { centre + half };
        Self { value, low, high }
    }
}
