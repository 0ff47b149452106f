//! CurricularFace (Huang et al. 2020): as ArcFace with the linear form past π - m, and hard other classes weigh more
//! and more.
//!
//! - cos θⱼ > cos(θ + m) makes j hard: its logit is s·cos θⱼ·(t + cos θⱼ), with d / d cos θⱼ = t + 2 cos θⱼ
//! - t ← share·(mean own cosine of the batch) + (1 - share)·t before each batch; t begins at 0, and no gradient goes
//!   through it
//!
//! Usual: s 64, m 0.5, share 0.01.

use super::{
    ArcFace, MarginGradient, PastTurn,
    loss::{Batch, Target},
};

/// A margin, and hard other classes weighted as training goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurricularFace {
    scale: f64,
    margin: f64,
    running_share: f64,
    /// t.
    pub(super) curriculum: f32,
}

impl CurricularFace {
    /// At the beginning of a training. `running_share` is the share of a batch in t.
    pub fn new(scale: f64, margin: f64, running_share: f64) -> Self {
        Self { scale, margin, running_share, curriculum: 0.0 }
    }

    pub(super) fn observe(&mut self, batch: &Batch<'_>) {
        let own = batch.own_cosines();
        let mean = own.iter().sum::<f64>() / own.len() as f64;
        let before = f64::from(self.curriculum);
        self.curriculum = (self.running_share * mean + (1.0 - self.running_share) * before) as f32;
    }

    pub(super) fn target(&self, cosine: f64) -> Target {
        self.arcface(PastTurn::Linear).target(cosine)
    }

    /// See [`super::Loss::bend_others`].
    pub(super) fn bend(&self, cosines: &mut [f64], label: usize) -> Vec<(usize, f64)> {
        let hard = self.arcface(PastTurn::Plain).target(cosines[label]).value;
        let t = f64::from(self.curriculum);
        let mut slopes = Vec::new();
        for (class, cosine) in cosines.iter_mut().enumerate() {
            if class != label && *cosine > hard {
                slopes.push((class, t + 2.0 * *cosine));
                *cosine *= t + *cosine;
            }
        }
        slopes
    }

    fn arcface(&self, past_turn: PastTurn) -> ArcFace {
        let Self { scale, margin, .. } = *self;
        ArcFace { scale, margin, past_turn, gradient: MarginGradient::Exact }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_classes_nearer_than_the_widened_angle_are_hard() {
        let head = CurricularFace { curriculum: 0.25, ..CurricularFace::new(64.0, 0.5, 0.01) };
        // cos(arccos 0.8 + 0.5) = 0.4144.
        let mut cosines = [0.8, 0.4, 0.6, -0.9];
        let slopes = head.bend(&mut cosines, 0);
        assert_eq!(cosines, [0.8, 0.4, 0.6 * 0.85, -0.9]);
        assert_eq!(slopes, [(2, 0.25 + 1.2)]);
    }
}
