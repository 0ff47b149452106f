//! Learning rates by step: a linear warm-up, then a curve from the peak.

use std::f64::consts::PI;

/// The curve after the warm-up; t runs from 0 at its end to 1 at the end of training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// The peak throughout.
    Constant,
    /// (1 - t)^power; InsightFace's `PolynomialLRWarmup`.
    Polynomial {
        /// 1 is a straight line.
        power: f64,
    },
    /// (1 + cos πt) / 2; Loshchilov and Hutter 2017 without restarts.
    Cosine,
}

/// The learning rate of every step of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The curve.
    pub shape: Shape,
    /// The rate at the end of the warm-up.
    pub peak: f64,
    /// Steps of the warm-up; may be a fraction.
    pub warmup_steps: f64,
    /// Steps in all.
    pub total_steps: u64,
}

impl Schedule {
    /// The rate of step `step`, counted from 0. The warm-up begins at 0, so that the very first step only collects
    /// running statistics; the end of the curve belongs to the step after the last.
    pub fn rate(&self, step: u64) -> f64 {
        let step = step as f64;
        if step < self.warmup_steps {
            self.peak * step / self.warmup_steps
        } else {
            self.peak * self.decay(step)
        }
    }

    fn decay(&self, step: f64) -> f64 {
        let length = self.total_steps as f64 - self.warmup_steps;
        // A warm-up as long as the training leaves no curve: the peak is reached, at most, at its end.
        let t = if length > 0.0 { ((step - self.warmup_steps) / length).min(1.0) } else { 0.0 };
        match self.shape {
            Shape::Constant => 1.0,
            Shape::Polynomial { power } => (1.0 - t).powf(power),
            Shape::Cosine => f64::midpoint(1.0, (PI * t).cos()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPES: [Shape; 4] =
        [Shape::Constant, Shape::Polynomial { power: 1.0 }, Shape::Polynomial { power: 2.0 }, Shape::Cosine];

    fn schedule(shape: Shape, warmup_steps: f64) -> Schedule {
        Schedule { shape, peak: 0.4, warmup_steps, total_steps: 10 }
    }

    fn rates(schedule: Schedule) -> Vec<f64> {
        (0..schedule.total_steps).map(|step| schedule.rate(step)).collect()
    }

    #[test]
    fn a_straight_line_falls_by_equal_parts_after_a_warm_up_that_rises_by_equal_parts() {
        let found = rates(schedule(Shape::Polynomial { power: 1.0 }, 2.0));
        let by_hand = [0.0, 0.2, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15, 0.1, 0.05];
        for (found, by_hand) in found.iter().zip(by_hand) {
            assert!((found - by_hand).abs() < 1e-12, "{found} for {by_hand}");
        }
    }

    #[test]
    fn a_square_and_a_cosine_have_their_halfway_values() {
        assert!((schedule(Shape::Polynomial { power: 2.0 }, 0.0).rate(5) - 0.1).abs() < 1e-12);
        assert!((schedule(Shape::Cosine, 0.0).rate(5) - 0.2).abs() < 1e-12);
        // cos(π/4) = 0.70710678…: a quarter of the way is (1 + 0.70710678)/2 = 0.85355339 of the peak.
        let quarter = Schedule { total_steps: 20, ..schedule(Shape::Cosine, 0.0) };
        assert!((quarter.rate(5) - 0.4 * 0.853_553_390_593_273_8).abs() < 1e-12);
    }

    #[test]
    fn the_rate_rises_to_the_peak_and_never_rises_after_the_warm_up() {
        for shape in SHAPES {
            for warmup in [0.0, 0.5, 2.5, 7.0] {
                let schedule = schedule(shape, warmup);
                let all = rates(schedule);
                let top = warmup.ceil() as usize;
                assert!(all[..top].is_sorted(), "{schedule:?}: {all:?}");
                assert!(all[top..].is_sorted_by(|a, b| a >= b), "{schedule:?}: {all:?}");
                assert!(all.iter().all(|rate| (0.0..=schedule.peak).contains(rate)), "{schedule:?}: {all:?}");
            }
        }
    }

    #[test]
    fn a_warm_up_longer_than_the_training_never_reaches_the_peak() {
        let all = rates(schedule(Shape::Cosine, 20.0));
        assert!((all[9] - 0.18).abs() < 1e-12 && all.is_sorted(), "{all:?}");
    }
}
