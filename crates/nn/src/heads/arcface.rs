//! ArcFace's target logit (Deng et al. 2019): s·cos(θ + m).
//!
//! With c = cos θ, no arccosine is taken:
//!
//! - cos(θ + m) = c·cos m - √(1 - c²)·sin m
//! - d cos(θ + m) / dc = cos m + c·sin m / √(1 - c²)

use super::Target;

/// Cosines are kept this far from ±1, where the derivative of the arccosine has its poles.
const CLAMP: f64 = 1.0 - 1e-7;

/// Which gradient the target logit has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarginGradient {
    /// The derivative of cos(θ + m).
    Exact,
    /// That of cos θ: InsightFace since 2022 edits the logit outside autograd, so that d logit / d cos θ = s.
    StraightThrough,
}

/// An additive angular margin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArcFace {
    /// s: what cosines are multiplied by.
    pub scale: f64,
    /// m, in radians.
    pub margin: f64,
    /// Which gradient the target logit has.
    pub gradient: MarginGradient,
}

impl ArcFace {
    /// The logit before scaling. Past θ = π - m the plain form turns around and rewards a larger angle; such targets
    /// are counted.
    pub(super) fn target(&self, cosine: f64) -> Target {
        let (sin_m, cos_m) = self.margin.sin_cos();
        let c = cosine.clamp(-CLAMP, CLAMP);
        let sin = (1.0 - c * c).sqrt();
        let slope = match self.gradient {
            MarginGradient::StraightThrough => 1.0,
            // The clamp is flat outside its range.
            MarginGradient::Exact if cosine.abs() > CLAMP => 0.0,
            MarginGradient::Exact => cos_m + c * sin_m / sin,
        };
        Target { value: c * cos_m - sin * sin_m, slope, past_turn: c < -cos_m }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    fn arcface(margin: f64) -> ArcFace {
        ArcFace { scale: 64.0, margin, gradient: MarginGradient::Exact }
    }

    #[test]
    fn the_target_is_the_cosine_of_the_widened_angle() {
        for margin in [0.0, 0.2, 0.5, 0.8] {
            for theta in [0.1, 1.0, 2.0, 3.0] {
                let found = arcface(margin).target(f64::cos(theta)).value;
                assert!((found - f64::cos(theta + margin)).abs() < 1e-12, "θ {theta}, m {margin}: {found}");
            }
        }
    }

    #[test]
    fn at_a_cosine_of_minus_nine_tenths_the_published_values_come_out() {
        for (margin, expected) in [(0.5, -0.998_801), (0.8, -0.939_724), (0.2, -0.968_658)] {
            let found = arcface(margin).target(-0.9).value;
            assert!((found - expected).abs() < 1e-6, "m {margin}: {found}");
        }
    }

    #[test]
    fn the_exact_slope_is_the_difference_quotient() {
        for margin in [0.2, 0.5, 0.8] {
            for c in [-0.95, -0.3, 0.0, 0.4, 0.9] {
                let head = arcface(margin);
                let quotient = (head.target(c + 1e-6).value - head.target(c - 1e-6).value) / 2e-6;
                assert!((head.target(c).slope - quotient).abs() < 1e-6, "m {margin}, c {c}");
            }
        }
    }

    #[test]
    fn parallel_and_opposite_vectors_give_finite_numbers() {
        for c in [-1.000_000_1, -1.0, 1.0, 1.000_000_1] {
            let target = arcface(0.5).target(c);
            assert!(target.value.is_finite() && target.slope == 0.0, "{c}: {target:?}");
        }
    }

    #[test]
    fn targets_past_the_turn_are_told() {
        let turn = PI - 0.8;
        assert!(!arcface(0.8).target(f64::cos(turn - 0.01)).past_turn);
        assert!(arcface(0.8).target(f64::cos(turn + 0.01)).past_turn);
    }

    #[test]
    fn a_cosine_that_is_not_a_number_stays_visible() {
        assert!(arcface(0.5).target(f64::NAN).value.is_nan());
    }
}
