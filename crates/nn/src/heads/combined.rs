//! The combined margin's target logit (Deng et al. 2019, section 2.3): s·(cos(m₁θ + m₂) - m₃).
//!
//! d / dc = m₁·sin(m₁θ + m₂) / sin θ. Usual: (1, 0.3, 0.2). One margin alone is SphereFace's within its first turn (m₁),
//! ArcFace (m₂) or CosFace (m₃). InsightFace's torch code honours two cases only: m₂ alone, whose gradient is straight
//! through there, and any with m₃ > 0, of which it takes m₃ and nothing else. Here all three always count.

use std::f64::consts::PI;

use super::{arcface::CLAMP, loss::Target};

/// Three margins at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Combined {
    /// s: what cosines are multiplied by.
    pub scale: f64,
    /// m₁: what the angle is multiplied by.
    pub multiplier: f64,
    /// m₂: what is added to the angle, in radians.
    pub margin: f64,
    /// m₃: what is taken off the cosine.
    pub cosine_margin: f64,
}

impl Combined {
    pub(super) fn target(&self, cosine: f64) -> Target {
        let theta = cosine.clamp(-CLAMP, CLAMP).acos();
        let widened = self.multiplier * theta + self.margin;
        let slope = if cosine.abs() > CLAMP { 0.0 } else { self.multiplier * widened.sin() / theta.sin() };
        let value = widened.cos() - self.cosine_margin;
        Target { slope, past_turn: widened > PI, ..Target::new(self.scale, value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::{ArcFace, MarginGradient, PastTurn};

    #[test]
    fn an_angle_alone_is_arcface() {
        let combined = Combined { scale: 8.0, multiplier: 1.0, margin: 0.5, cosine_margin: 0.0 };
        let (past_turn, gradient) = (PastTurn::Plain, MarginGradient::Exact);
        let arcface = ArcFace { scale: 8.0, margin: 0.5, past_turn, gradient };
        for c in [-1.0, -0.95, -0.3, 0.0, 0.7, 1.0] {
            let (a, b) = (combined.target(c), arcface.target(c));
            assert!((a.value - b.value).abs() < 1e-9 && (a.slope - b.slope).abs() < 1e-9, "{c}: {a:?} {b:?}");
            assert_eq!((a.scale, a.past_turn), (b.scale, b.past_turn), "{c}");
        }
    }

    #[test]
    fn all_three_margins_count_together() {
        let head = Combined { scale: 1.0, multiplier: 0.9, margin: 0.4, cosine_margin: 0.15 };
        assert!((head.target(f64::cos(1.0)).value - (f64::cos(1.3) - 0.15)).abs() < 1e-12);
    }
}
