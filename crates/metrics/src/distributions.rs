//! The distributions that tests and intervals are read from.

use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

/// Quantile 0.975 of the normal distribution.
pub(crate) const NORMAL_975: f64 = 1.959_963_984_540_054;

/// What a standard normal lies below with chance `share`, which is in (0, 1).
pub fn normal_quantile(share: f64) -> f64 {
    Normal::standard().inverse_cdf(share)
}

/// The chance of a standard normal at least so far from 0, to either side.
pub(crate) fn normal_two_sided(z: f64) -> f64 {
    2.0 * Normal::standard().cdf(-z.abs())
}

/// The chance of Student's t at least so far from 0, to either side. `freedom` is above 0.
pub(crate) fn student_two_sided(t: f64, freedom: f64) -> f64 {
    2.0 * student(freedom).cdf(-t.abs())
}

/// Quantile 0.975 of Student's t.
pub(crate) fn student_quantile_975(freedom: f64) -> f64 {
    student(freedom).inverse_cdf(0.975)
}

fn student(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom).expect("degrees of freedom are above 0")
}
