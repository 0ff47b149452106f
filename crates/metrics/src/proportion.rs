//! Shares of counts, and whether they rise.

use crate::distributions::{NORMAL_975, normal_two_sided};

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
        if count == 0 {
            return None;
        }
        let (n, z2) = (count as f64, NORMAL_975.powi(2));
        let value = found as f64 / n;
        let centre = (value + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = NORMAL_975 / (1.0 + z2 / n) * (value * (1.0 - value) / n + z2 / (4.0 * n * n)).sqrt();
        // At either end the exact bound, which rounding may miss.
        let low = if found == 0 { 0.0 } else { centre - half };
        let high = if found == count { 1.0 } else { centre + half };
        Some(Self { value, low, high })
    }
}

/// Some pairs, as one place on an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Where they lie on the axis.
    pub at: f64,
    /// Of them, those that are counted.
    pub found: u64,
    /// All of them.
    pub count: u64,
}

/// The share that a straight line through all bins rises by, for each unit of the axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Least squares over single pairs.
    pub slope: f64,
    /// Two-sided p of no trend.
    pub p: f64,
}

/// The test for trend of Cochran (Some methods for strengthening the common χ² tests, Biometrics 10, 1954) and Armitage
/// (Tests for linear trends in proportions and frequencies, Biometrics 11, 1955):
/// z = Σ x(r - n·p̄) / √(p̄(1 - p̄) Σ n(x - x̄)²). Pairs count as independent. None where all pairs lie in one place, or all or
/// none of them are counted.
pub fn trend(bins: &[Bin]) -> Option<Trend> {
    let sum = |term: &dyn Fn(&Bin) -> f64| bins.iter().map(term).sum::<f64>();
    let (found, count) = (sum(&|bin| bin.found as f64), sum(&|bin| bin.count as f64));
    let (share, centre) = (found / count, sum(&|bin| bin.at * bin.count as f64) / count);
    let spread = sum(&|bin| bin.count as f64 * (bin.at - centre).powi(2));
    let rise = sum(&|bin| (bin.at - centre) * (bin.found as f64 - bin.count as f64 * share));
    let variance = share * (1.0 - share) * spread;
    (variance > 0.0).then(|| Trend { slope: rise / spread, p: normal_two_sided(rise / variance.sqrt()) })
}
