//! Several seeds of one variant, and of two variants over the same seeds.

use crate::student::t_quantile_975;

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
    /// Whether the interval leaves out 0.
    pub fn is_significant(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }

    /// The same in another unit: a share times the number of pairs is a count. `factor` is positive.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self { value: self.value * factor, low: self.low * factor, high: self.high * factor }
    }
}

/// Mean of paired differences (one a seed) with Student's t interval; none of fewer than two.
pub fn seed_difference(differences: &[f64]) -> Option<Difference> {
    let count = differences.len();
    let freedom = u32::try_from(count.checked_sub(1)?).ok()?;
    let reach = t_quantile_975(freedom)?;
    let (mean, std) = mean_and_deviation(differences, 1);
    let half = reach * std / (count as f64).sqrt();
    Some(Difference { value: mean, low: mean - half, high: mean + half })
}
