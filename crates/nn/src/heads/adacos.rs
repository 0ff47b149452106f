//! AdaCos (Zhang et al. 2019): softmax of s·cos θ without a margin, and with no scale to choose.
//!
//! - fixed: s = √2·ln(C - 1) for C classes (at least three are counted: of two, s would be 0)
//! - dynamic: begins there; before each batch s ← ln B / cos(min(π/4, median θ)), with B the mean over the batch of Σ
//!   over the other classes of exp(s·cos θⱼ), and θ the angles to the own class. No gradient goes through s. This
//!   takes a second pass over the cosines. s is kept from falling below 1, where classes that have moved apart would
//!   leave nothing to learn

use std::f64::consts::{FRAC_PI_4, SQRT_2};

use super::loss::Batch;

/// How the scale is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scaling {
    /// From the number of classes.
    Fixed,
    /// From each batch.
    Dynamic,
}

/// A scale that finds itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdaCos {
    scaling: Scaling,
    /// s.
    pub(super) scale: f32,
}

impl AdaCos {
    /// At the beginning of a training.
    pub fn new(scaling: Scaling, classes: usize) -> Self {
        Self { scaling, scale: (SQRT_2 * (classes.max(3) as f64 - 1.0).ln()) as f32 }
    }

    pub(super) fn observe(&mut self, batch: &Batch<'_>) {
        if self.scaling == Scaling::Fixed {
            return;
        }
        let scale = f64::from(self.scale);
        let sums = batch.each(|index, label| {
            let cosines = batch.samples.cosines_with(index, batch.classes).into_iter().enumerate();
            let others = cosines.filter(|(class, _)| *class != label);
            others.map(|(_, cosine)| (scale * f64::from(cosine)).exp()).sum::<f64>()
        });
        let mean = sums.iter().sum::<f64>() / sums.len() as f64;
        let mut angles: Vec<f64> =
            batch.own_cosines().into_iter().map(|cosine| cosine.clamp(-1.0, 1.0).acos()).collect();
        angles.sort_by(f64::total_cmp);
        let median = angles[(angles.len() - 1) / 2];
        let found = mean.ln() / median.min(FRAC_PI_4).cos();
        self.scale = if found < 1.0 { 1.0 } else { found as f32 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::cosine::Normalised;

    #[test]
    fn the_fixed_scale_follows_the_number_of_classes() {
        // √2 · ln 9,999.
        assert!((AdaCos::new(Scaling::Fixed, 10_000).scale - 13.025_25).abs() < 1e-4);
        assert!(AdaCos::new(Scaling::Fixed, 2).scale > 0.9);
    }

    #[test]
    fn the_dynamic_scale_is_worked_out_from_the_batch() {
        // Three classes at right angles, two samples on their own centres: B = 2·exp 0, median angle 0, s = ln 2,
        // kept at 1.
        let classes = Normalised::new(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], 3);
        let samples = |rows: &[f32]| Normalised::new(rows, 3);
        let scale = |rows: &[f32], labels: &[u32]| {
            let mut head = AdaCos { scaling: Scaling::Dynamic, scale: 2.0 };
            head.observe(&Batch { samples: &samples(rows), classes: &classes, labels });
            f64::from(head.scale)
        };
        assert_eq!(scale(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0], &[0, 1]), 1.0);
        // On another centre: B = exp 2 + exp 0, median angle cut to π/4.
        let expected = (2.0_f64.exp() + 1.0).ln() / FRAC_PI_4.cos();
        assert!((scale(&[0.0, 1.0, 0.0], &[0]) - expected).abs() < 1e-6);
    }
}
