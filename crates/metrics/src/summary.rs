//! Several seeds of one variant, and of two variants over the same seeds.

use crate::{
    Effect,
    distributions::{student_quantile_975, student_two_sided},
};

/// Mean and standard deviation with divisor n - `ddof`.
pub(crate) fn mean_and_deviation(values: &[f64], ddof: usize) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (values.len() - ddof) as f64).sqrt())
}

/// A number over several seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Number of seeds.
    pub count: usize,
    /// Mean over the seeds.
    pub mean: f64,
    /// Sample standard deviation (divisor n - 1); none of one seed.
    pub std: Option<f64>,
}

impl Summary {
    /// Of at least one value; none of no value.
    pub fn of(values: &[f64]) -> Option<Self> {
        match values.len() {
            0 => None,
            1 => Some(Self { count: 1, mean: values[0], std: None }),
            count => {
                let (mean, std) = mean_and_deviation(values, 1);
                Some(Self { count, mean, std: Some(std) })
            }
        }
    }
}

/// A difference and the interval that covers the true one in 95 of 100 experiments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The difference found.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Difference {
    /// Of nothing.
    pub(crate) const NONE: Self = Self { value: 0.0, low: 0.0, high: 0.0 };

    /// Whether the interval leaves out 0.
    pub fn is_significant(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }

    /// The same in another unit: a share times the number of pairs is a count. `factor` is positive.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self { value: self.value * factor, low: self.low * factor, high: self.high * factor }
    }

    /// The other way round.
    pub(crate) fn negated(self) -> Self {
        Self { value: -self.value, low: -self.high, high: -self.low }
    }

    /// With the farther of both ends to either side.
    pub(crate) fn or_wider(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high), ..self }
    }
}

/// Mean of paired differences (one a seed) with the interval and the p of Student's t; none of fewer than two.
pub fn seed_difference(differences: &[f64]) -> Option<Effect> {
    let count = differences.len();
    if count < 2 {
        return None;
    }
    let (mean, std) = mean_and_deviation(differences, 1);
    Some(student_effect(mean, std / (count as f64).sqrt(), (count - 1) as f64))
}

/// Difference of the means of two variants of which the seeds have nothing to do with each other, `b` less `a`, by Welch's
/// test (The generalization of Student's problem, Biometrika 34, 1947); none of fewer than two of either.
pub fn unpaired_difference(a: &[f64], b: &[f64]) -> Option<Effect> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let [(mean_a, part_a), (mean_b, part_b)] = [a, b].map(|values| {
        let (mean, std) = mean_and_deviation(values, 1);
        (mean, std.powi(2) / values.len() as f64)
    });
    let own = |part: f64, values: &[f64]| part.powi(2) / (values.len() - 1) as f64;
    let freedom = (part_a + part_b).powi(2) / (own(part_a, a) + own(part_b, b));
    let certain = (a.len() + b.len() - 2) as f64;
    let freedom = if freedom.is_nan() { certain } else { freedom };
    Some(student_effect(mean_b - mean_a, (part_a + part_b).sqrt(), freedom))
}

fn student_effect(value: f64, error: f64, freedom: f64) -> Effect {
    let half = student_quantile_975(freedom) * error;
    let p = if value == 0.0 { 1.0 } else { student_two_sided(value / error, freedom) };
    Effect { difference: Difference { value, low: value - half, high: value + half }, p }
}
