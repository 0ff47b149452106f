//! ArcFace's target logit (Deng et al. 2019): s·cos(θ + m).
//!
//! With c = cos θ, no arccosine is taken:
//!
//! - cos(θ + m) = c·cos m - √(1 - c²)·sin m
//! - d cos(θ + m) / dc = cos m + c·sin m / √(1 - c²)
//!
//! Past θ = π - m the plain form turns around and rewards a larger angle; [`PastTurn`] has what is done instead.
//! Usual: s 64, m 0.5.

use super::loss::Target;

/// Cosines are kept this far from ±1, where the derivative of the arccosine has its poles.
pub(super) const CLAMP: f64 = 1.0 - 1e-7;

/// Which gradient the target logit has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarginGradient {
    /// The derivative of cos(θ + m).
    Exact,
    /// That of cos θ: InsightFace since 2022 edits the logit outside autograd, so that d logit / d cos θ = s.
    StraightThrough,
}

/// The target logit past θ = π - m.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastTurn {
    /// cos(θ + m), which rises again; as InsightFace's torch code.
    Plain,
    /// cos θ - m·sin m; as InsightFace's MXNet code and most others.
    Linear,
    /// cos θ, and that already where cos θ ≤ 0: the margin reaches only samples that are easy.
    Easy,
    /// -1: θ + m is clipped at π, and there is no gradient but a straight-through one.
    Clip,
}

/// An additive angular margin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArcFace {
    /// s: what cosines are multiplied by.
    pub scale: f64,
    /// m, in radians.
    pub margin: f64,
    /// What becomes of angles past π - m.
    pub past_turn: PastTurn,
    /// Which gradient the target logit has.
    pub gradient: MarginGradient,
}

impl ArcFace {
    /// The logit before scaling. Targets past θ = π - m are counted, whatever becomes of them.
    pub(super) fn target(&self, cosine: f64) -> Target {
        let (sin_m, cos_m) = self.margin.sin_cos();
        let c = cosine.clamp(-CLAMP, CLAMP);
        let sin = (1.0 - c * c).sqrt();
        let past_turn = c < -cos_m;
        let (value, exact) = match self.past_turn {
            PastTurn::Linear if past_turn => (c - self.margin * sin_m, 1.0),
            PastTurn::Easy if c <= 0.0 => (c, 1.0),
            PastTurn::Clip if past_turn => (-1.0, 0.0),
            PastTurn::Plain | PastTurn::Linear | PastTurn::Easy | PastTurn::Clip => {
                (c * cos_m - sin * sin_m, cos_m + c * sin_m / sin)
            }
        };
        let slope = match self.gradient {
            MarginGradient::StraightThrough => 1.0,
            // The clamp is flat outside its range.
            MarginGradient::Exact if cosine.abs() > CLAMP => 0.0,
            MarginGradient::Exact => exact,
        };
        Target { slope, past_turn, ..Target::new(self.scale, value) }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    fn arcface(margin: f64) -> ArcFace {
        past(margin, PastTurn::Plain)
    }

    fn past(margin: f64, past_turn: PastTurn) -> ArcFace {
        ArcFace { scale: 64.0, margin, past_turn, gradient: MarginGradient::Exact }
    }

    const ALL: [PastTurn; 4] = [PastTurn::Plain, PastTurn::Linear, PastTurn::Easy, PastTurn::Clip];

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
        const PUBLISHED: [(f64, [f64; 4]); 3] = [
            (0.5, [-0.998_801, -1.139_713, -0.9, -1.0]),
            (0.8, [-0.939_724, -1.473_885, -0.9, -1.0]),
            (0.2, [-0.968_658, -0.968_658, -0.9, -0.968_658]),
        ];
        for (margin, values) in PUBLISHED {
            for (past_turn, expected) in ALL.into_iter().zip(values) {
                let found = past(margin, past_turn).target(-0.9).value;
                assert!((found - expected).abs() < 1e-6, "m {margin}, {past_turn:?}: {found}");
            }
        }
    }

    #[test]
    fn only_the_plain_form_rewards_a_larger_angle_past_the_turn() {
        for past_turn in ALL {
            let falls = |theta: f64| {
                let value = |theta| past(0.8, past_turn).target(f64::cos(theta)).value;
                value(theta + 1e-3) <= value(theta)
            };
            assert!(falls(2.3), "{past_turn:?}");
            assert_eq!(falls(2.6), past_turn != PastTurn::Plain, "{past_turn:?}");
        }
    }

    #[test]
    fn the_exact_slope_is_the_difference_quotient() {
        for past_turn in ALL {
            for margin in [0.2, 0.5, 0.8] {
                for c in [-0.95, -0.3, 0.01, 0.4, 0.9] {
                    let head = past(margin, past_turn);
                    let quotient = (head.target(c + 1e-6).value - head.target(c - 1e-6).value) / 2e-6;
                    assert!(
                        (head.target(c).slope - quotient).abs() < 1e-6,
                        "m {margin}, c {c}, {past_turn:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_straight_slope_is_1_on_both_sides_of_the_turn() {
        for past_turn in ALL {
            let head = ArcFace { gradient: MarginGradient::StraightThrough, ..past(0.5, past_turn) };
            assert_eq!([-0.95, 0.3].map(|c| head.target(c).slope), [1.0, 1.0], "{past_turn:?}");
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
