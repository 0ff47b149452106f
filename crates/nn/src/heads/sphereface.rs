//! SphereFace's logits (Liu et al. 2017): ‖x‖·cos θⱼ, and for the own class ‖x‖·(λ cos θ + ψ(θ)) / (1 + λ).
//!
//! - ψ(θ) = (-1)^k·cos(mθ) - 2k with k = ⌊mθ / π⌋, which falls all the way to π; dψ / dc = (-1)^k·m·sin(mθ) / sin θ
//! - λ = max(end, start / (1 + rate·step)): annealed from a plain softmax, which the bare form needs to begin at all
//!
//! Embeddings keep their length, which the gradient reaches: there is no scale s. Usual: m 4, λ from 1000 to 5, rate
//! 0.12.

use std::f64::consts::PI;

use super::{
    arcface::CLAMP,
    loss::{ByNorm, Sample, Target},
};

/// An angle multiplied by a whole number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SphereFace {
    /// m: what the angle is multiplied by.
    pub multiplier: u32,
    /// λ at the first step.
    pub annealing_start: f64,
    /// λ at last.
    pub annealing_end: f64,
    /// How fast λ falls.
    pub annealing_rate: f64,
}

impl SphereFace {
    pub(super) fn target(&self, sample: &Sample) -> Target {
        let m = f64::from(self.multiplier);
        let theta = sample.cosine.clamp(-CLAMP, CLAMP).acos();
        let turns = (m * theta / PI).floor();
        let sign = if turns % 2.0 == 0.0 { 1.0 } else { -1.0 };
        let psi = sign * (m * theta).cos() - 2.0 * turns;
        let d_psi =
            if sample.cosine.abs() > CLAMP { 0.0 } else { sign * m * (m * theta).sin() / theta.sin() };
        let lambda = self.lambda(sample.step);
        let value = (lambda * sample.cosine + psi) / (1.0 + lambda);
        let slope = (lambda + d_psi) / (1.0 + lambda);
        let by_norm = Some(ByNorm { d_scale: 1.0, ..ByNorm::default() });
        Target { slope, by_norm, ..Target::new(sample.norm, value) }
    }

    fn lambda(&self, step: u64) -> f64 {
        (self.annealing_start / (1.0 + self.annealing_rate * step as f64)).max(self.annealing_end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sphereface(lambda: f64) -> SphereFace {
        SphereFace { multiplier: 4, annealing_start: lambda, annealing_end: 0.0, annealing_rate: 0.12 }
    }

    fn at(theta: f64) -> Sample {
        Sample { cosine: theta.cos(), norm: 3.0, step: 0, number: 0 }
    }

    #[test]
    fn the_bare_target_falls_from_1_to_minus_7_without_a_jump() {
        let values: Vec<f64> =
            (1..314).map(|i| sphereface(0.0).target(&at(f64::from(i) / 100.0)).value).collect();
        assert!((values[0] - 1.0).abs() < 1e-2 && (values[312] + 7.0).abs() < 1e-2, "{values:?}");
        assert!(values.windows(2).all(|pair| pair[1] <= pair[0] && pair[0] - pair[1] < 0.05), "{values:?}");
    }

    #[test]
    fn lambda_falls_from_its_start_to_its_end() {
        let head = SphereFace { annealing_end: 5.0, ..sphereface(1000.0) };
        // 1000 / (1 + 0.12 · 100) = 76.92.
        let found = [0, 100, 10_000].map(|step| head.lambda(step));
        assert!((found[1] - 76.923_077).abs() < 1e-6, "{found:?}");
        assert_eq!((found[0], found[2]), (1000.0, 5.0));
    }

    #[test]
    fn while_lambda_is_large_the_margin_hardly_counts() {
        assert!((sphereface(1e6).target(&at(2.0)).value - f64::cos(2.0)).abs() < 1e-4);
    }
}
