//! AdaFace's target logit (Kim et al. 2022): s·(cos(θ - m·z) - (m + m·z)), with z the quality of the image by its
//! embedding's length.
//!
//! - z = clip(h·(‖x‖ - μ) / (σ + 0.001), -1, 1); ‖x‖ is clipped to 0.001 … 100, and no gradient goes through z
//! - μ ← share·(mean of the batch) + (1 - share)·μ before each batch, and σ likewise; they begin at 20 and 100
//! - cos θ is clamped to ±0.999 and the widened angle clipped to 0.001 … π - 0.001: outside there is no gradient.
//!   (The paper's code clamps the cosines to other classes, too.)
//!
//! Usual: s 64, m 0.4, h 0.333, share 0.01.

use std::f64::consts::PI;

use super::loss::{Sample, Target};

const NARROWEST: f64 = 1e-3;

/// A margin that moves from the angle to the cosine with the embedding's length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdaFace {
    scale: f64,
    margin: f64,
    concentration: f64,
    running_share: f64,
    /// μ.
    pub(super) mean: f32,
    /// σ.
    pub(super) deviation: f32,
}

impl AdaFace {
    /// At the beginning of a training. `concentration` is h, `running_share` the share of a batch in μ and σ.
    pub fn new(scale: f64, margin: f64, concentration: f64, running_share: f64) -> Self {
        Self { scale, margin, concentration, running_share, mean: 20.0, deviation: 100.0 }
    }

    pub(super) fn observe(&mut self, norms: &[f32]) {
        let norms = || norms.iter().map(|&norm| safe(f64::from(norm)));
        let count = norms().count() as f64;
        let mean = norms().sum::<f64>() / count;
        let squares = norms().map(|norm| (norm - mean).powi(2)).sum::<f64>();
        let deviation = (squares / (count - 1.0).max(1.0)).sqrt();
        let share = self.running_share;
        let moved = |before: f32, now: f64| (share * now + (1.0 - share) * f64::from(before)) as f32;
        self.mean = moved(self.mean, mean);
        self.deviation = moved(self.deviation, deviation);
    }

    pub(super) fn target(&self, sample: &Sample) -> Target {
        let z = self.quality(sample.norm);
        let clamped = sample.cosine.clamp(NARROWEST - 1.0, 1.0 - NARROWEST);
        let theta = clamped.acos();
        let widened = theta - self.margin * z;
        let clipped = widened.clamp(NARROWEST, PI - NARROWEST);
        let value = clipped.cos() - (self.margin + self.margin * z);
        let is_flat = clamped != sample.cosine || clipped != widened;
        let slope = if is_flat { 0.0 } else { widened.sin() / theta.sin() };
        Target { slope, past_turn: widened > clipped, ..Target::new(self.scale, value) }
    }

    /// z.
    fn quality(&self, norm: f64) -> f64 {
        let from_mean = (safe(norm) - f64::from(self.mean)) / (f64::from(self.deviation) + 1e-3);
        (self.concentration * from_mean).clamp(-1.0, 1.0)
    }
}

fn safe(norm: f64) -> f64 {
    norm.clamp(1e-3, 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adaface() -> AdaFace {
        AdaFace { mean: 20.0, deviation: 5.0 - 1e-3, ..AdaFace::new(64.0, 0.4, 0.5, 0.25) }
    }

    fn at(theta: f64, norm: f64) -> Target {
        adaface().target(&Sample { cosine: theta.cos(), norm, step: 0, number: 0 })
    }

    #[test]
    fn a_usual_length_is_cosface_a_short_one_arcface_and_a_long_one_a_negative_angle() {
        // z = 0, -1 and 1.
        for (norm, expected) in
            [(20.0, f64::cos(1.0) - 0.4), (5.0, f64::cos(1.4)), (40.0, f64::cos(0.6) - 0.8)]
        {
            assert!((at(1.0, norm).value - expected).abs() < 1e-6, "{norm}: {:?}", at(1.0, norm));
        }
    }

    #[test]
    fn a_clipped_angle_has_no_gradient_and_too_wide_a_one_is_told() {
        let wide = at(3.0, 1.0);
        assert!(wide.slope == 0.0 && wide.past_turn, "{wide:?}");
        let narrow = at(0.2, 90.0);
        assert!(narrow.slope == 0.0 && !narrow.past_turn, "{narrow:?}");
    }

    #[test]
    fn running_values_move_by_a_share_of_the_batch() {
        let mut head = adaface();
        // Mean 30, deviation (of n - 1) √200.
        head.observe(&[20.0, 40.0]);
        assert!((head.mean - 22.5).abs() < 1e-5, "{head:?}");
        let expected = 0.25 * 200.0_f32.sqrt() + 0.75 * (5.0 - 1e-3);
        assert!((head.deviation - expected).abs() < 1e-5, "{head:?}");
    }
}
