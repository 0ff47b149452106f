//! MagFace (Meng et al. 2021): an angular margin that grows with the embedding's length a, and a pull towards longer
//! ones.
//!
//! - target logit s·cos(θ + m(a)), m(a) linear from its least at the least norm to its largest at the largest norm; a
//!   is clipped to between the two
//! - loss + weight·(a / largest norm² + 1 / a)
//! - d cos(θ + m) / dm = -sin(θ + m), in the linear form past π - m -(sin m + m·cos m): the gradient reaches a
//!   through both
//!
//! The paper's code has the `easy` form past π - m, which is 0 wherever cos θ ≤ 0. Usual: s 64, m 0.45 to 0.8 over a
//! from 10 to 110, weight 35.

use super::{
    ArcFace, MarginGradient, PastTurn,
    arcface::CLAMP,
    loss::{ByNorm, Sample, Target},
};

/// A margin that grows with the embedding's length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MagFace {
    /// s: what cosines are multiplied by.
    pub scale: f64,
    /// Margin at the least norm and at the largest one, in radians.
    pub margins: [f64; 2],
    /// Least and largest norm.
    pub norms: [f64; 2],
    /// Weight of the pull towards longer embeddings.
    pub norm_weight: f64,
    /// What becomes of angles past π - m(a).
    pub past_turn: PastTurn,
}

impl MagFace {
    pub(super) fn target(&self, sample: &Sample) -> Target {
        let ([low, high], [least, largest]) = (self.margins, self.norms);
        let a = sample.norm.clamp(least, largest);
        // The clip is flat outside its range.
        let inside = if a == sample.norm { 1.0 } else { 0.0 };
        let rise = (high - low) / (largest - least);
        let margin = low + rise * (a - least);
        let gradient = MarginGradient::Exact;
        let arcface = ArcFace { scale: self.scale, margin, past_turn: self.past_turn, gradient };
        let target = arcface.target(sample.cosine);
        let by_norm = ByNorm {
            d_scale: 0.0,
            d_value: inside * rise * margin_slope(&arcface, sample.cosine, target.past_turn),
            penalty: self.norm_weight * (a / largest.powi(2) + 1.0 / a),
            d_penalty: inside * self.norm_weight * (1.0 / largest.powi(2) - 1.0 / a.powi(2)),
        };
        Target { by_norm: Some(by_norm), ..target }
    }
}

/// d target / d margin.
fn margin_slope(arcface: &ArcFace, cosine: f64, is_past_turn: bool) -> f64 {
    let c = cosine.clamp(-CLAMP, CLAMP);
    let (sin_m, cos_m) = arcface.margin.sin_cos();
    match arcface.past_turn {
        PastTurn::Linear if is_past_turn => -(sin_m + arcface.margin * cos_m),
        PastTurn::Easy if c <= 0.0 => 0.0,
        PastTurn::Clip if is_past_turn => 0.0,
        PastTurn::Plain | PastTurn::Linear | PastTurn::Easy | PastTurn::Clip => {
            -(c * sin_m + (1.0 - c * c).sqrt() * cos_m)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(cosine: f64, norm: f64, past_turn: PastTurn) -> Target {
        let head =
            MagFace { scale: 64.0, margins: [0.45, 0.8], norms: [10.0, 110.0], norm_weight: 35.0, past_turn };
        head.target(&Sample { cosine, norm, step: 0, number: 0 })
    }

    #[test]
    fn the_margin_is_linear_between_the_norms_and_constant_beyond() {
        for (norm, margin) in [(3.0, 0.45), (10.0, 0.45), (60.0, 0.625), (110.0, 0.8), (500.0, 0.8)] {
            let found = at(f64::cos(1.0), norm, PastTurn::Plain).value;
            assert!((found - f64::cos(1.0 + margin)).abs() < 1e-12, "{norm}: {found}");
        }
    }

    #[test]
    fn the_slopes_to_the_norm_are_difference_quotients() {
        for past_turn in [PastTurn::Plain, PastTurn::Linear, PastTurn::Easy, PastTurn::Clip] {
            for cosine in [-0.95, -0.2, 0.7] {
                for norm in [5.0, 40.0, 90.0, 200.0] {
                    let [below, above] = [-1e-4, 1e-4].map(|by| at(cosine, norm + by, past_turn));
                    let found = at(cosine, norm, past_turn).by_norm.unwrap();
                    let quotient = (above.value - below.value) / 2e-4;
                    assert!((found.d_value - quotient).abs() < 1e-8, "{past_turn:?} {cosine} {norm}");
                    let penalties = [below, above].map(|target| target.by_norm.unwrap().penalty);
                    let quotient = (penalties[1] - penalties[0]) / 2e-4;
                    assert!((found.d_penalty - quotient).abs() < 1e-8, "{norm}");
                }
            }
        }
    }
}
