//! Soft maxima: ln Σ exp z over some pairs of a row, and its slopes exp z / Σ exp z.

use super::super::softmax::log_sum_exp;

/// Logits of some columns of a row.
pub(super) struct Logits {
    columns: Vec<usize>,
    values: Vec<f64>,
    /// ln Σ exp z; -∞ of none.
    pub(super) total: f64,
}

impl Logits {
    /// Of columns, each with its logit.
    pub(super) fn new(logits: impl Iterator<Item = (usize, f64)>) -> Self {
        let (columns, values): (Vec<usize>, Vec<f64>) = logits.unzip();
        let total = log_sum_exp(&values);
        Self { columns, values, total }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.columns.len()
    }

    /// Adds `factor`·exp(z - `total`) to each column's slope.
    pub(super) fn add_slopes(&self, total: f64, factor: f64, slopes: &mut [f64]) {
        for (&column, value) in self.columns.iter().zip(&self.values) {
            slopes[column] += factor * (value - total).exp();
        }
    }
}

/// ln(1 + exp x), which does not overflow.
pub(super) fn soft_plus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logits_of_nothing_are_as_good_as_none() {
        let none = Logits::new(std::iter::empty());
        assert_eq!((none.count(), none.total, soft_plus(none.total)), (0, f64::NEG_INFINITY, 0.0));
    }

    #[test]
    fn a_soft_maximum_is_its_definition_and_overflows_nowhere() {
        assert!((soft_plus(0.0) - 2.0_f64.ln()).abs() < 1e-15);
        assert!((soft_plus(3.0) - (1.0 + 3.0_f64.exp()).ln()).abs() < 1e-15);
        assert_eq!((soft_plus(1e4), soft_plus(-1e4)), (1e4, 0.0));
        assert!(soft_plus(f64::NAN).is_nan());
    }
}
