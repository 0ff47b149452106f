//! ElasticFace's target logit (Boutros et al. 2022, the `Arc` form): s·cos(θ + E), with E drawn from N(m, σ²) for
//! each sample anew.
//!
//! The draw is a function of the seed, the step and the place in the batch. Past π - E the plain form, as in the
//! paper's code. Usual: s 64, m 0.5, σ 0.05.

use super::{
    ArcFace, MarginGradient, PastTurn,
    loss::{Sample, Target},
};
use crate::random::Random;

/// An angular margin drawn for each sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ElasticFace {
    scale: f64,
    margin: f64,
    margin_deviation: f64,
    draws: Random,
}

impl ElasticFace {
    /// Margins of N(`margin`, `margin_deviation`²), in radians, under `seed`.
    pub fn new(scale: f64, margin: f64, margin_deviation: f64, seed: u64) -> Self {
        Self { scale, margin, margin_deviation, draws: Random::new(seed, "head.margins") }
    }

    pub(super) fn target(&self, sample: &Sample) -> Target {
        let margin = self.margin + self.margin_deviation * self.draws.normal(sample.number);
        let (past_turn, gradient) = (PastTurn::Plain, MarginGradient::Exact);
        ArcFace { scale: self.scale, margin, past_turn, gradient }.target(sample.cosine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_have_the_mean_and_deviation_asked_for_and_come_again() {
        let head = ElasticFace::new(64.0, 0.5, 0.05, 3);
        let margin = |head: &ElasticFace, number| {
            let sample = Sample { cosine: f64::cos(1.0), norm: 1.0, step: 0, number };
            head.target(&sample).value.acos() - 1.0
        };
        let drawn: Vec<f64> = (0..4_000).map(|number| margin(&head, number)).collect();
        let mean = drawn.iter().sum::<f64>() / 4_000.0;
        let deviation = (drawn.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / 4_000.0).sqrt();
        // Four standard errors of each.
        assert!((mean - 0.5).abs() < 0.0032 && (deviation - 0.05).abs() < 0.0023, "{mean} {deviation}");
        assert_eq!(margin(&head, 7), drawn[7]);
        assert_ne!(margin(&ElasticFace::new(64.0, 0.5, 0.05, 4), 7), drawn[7]);
    }
}
