//! Learning rates by step: a linear warm-up, then a curve from the peak.

use std::f64::consts::PI;

/// The curve after the warm-up; t runs from 0 at its end to 1 at the end of training.
#[derive(Debug, Clone, PartialEq)]
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
    /// The peak times `factor` to the power of the milestones passed; PyTorch's `MultiStepLR`.
    Step {
        /// Steps, counted from the beginning of training; the first after the fall is itself one.
        milestones: Vec<u64>,
        /// Below 1.
        factor: f64,
    },
    /// Half a cosine up to the peak and another one down to nearly 0 (Smith and Topin 2018); PyTorch's `OneCycleLR`
    /// with its default, cosine annealing in two phases. It rises by itself and has no other warm-up.
    OneCycle {
        /// Share of the training in which the rate rises; PyTorch's `pct_start`.
        rise: f64,
        /// The first rate is the peak divided by this; PyTorch's `div_factor`.
        start_divisor: f64,
        /// The last rate is the first one divided by this; PyTorch's `final_div_factor`.
        end_divisor: f64,
    },
}

/// The learning rate of every step of a run.
#[derive(Debug, Clone, PartialEq)]
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
            self.peak * self.curve(step)
        }
    }

    fn curve(&self, step: f64) -> f64 {
        let length = self.total_steps as f64 - self.warmup_steps;
        // A warm-up as long as the training leaves no curve: the peak is reached, at most, at its end.
        let t = if length > 0.0 { ((step - self.warmup_steps) / length).min(1.0) } else { 0.0 };
        match self.shape {
            Shape::Constant => 1.0,
            Shape::Polynomial { power } => (1.0 - t).powf(power),
            Shape::Cosine => f64::midpoint(1.0, (PI * t).cos()),
            Shape::Step { ref milestones, factor } => {
                let passed = milestones.iter().filter(|&&milestone| step >= milestone as f64).count();
                factor.powi(passed as i32)
            }
            Shape::OneCycle { rise, start_divisor, end_divisor } => {
                let (start, end) = (1.0 / start_divisor, 1.0 / start_divisor / end_divisor);
                let (top, last) = (rise * self.total_steps as f64 - 1.0, self.total_steps as f64 - 1.0);
                if step < top {
                    annealed(start, 1.0, step / top)
                } else {
                    annealed(1.0, end, (step - top) / (last - top))
                }
            }
        }
    }
}

/// Half a cosine from `from` at t = 0 to `to` at t = 1.
fn annealed(from: f64, to: f64, t: f64) -> f64 {
    to + (from - to) * f64::midpoint(1.0, (PI * t).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CYCLE: Shape = Shape::OneCycle { rise: 0.3, start_divisor: 25.0, end_divisor: 1e4 };

    fn shapes() -> [Shape; 5] {
        let [one, two] = [1.0, 2.0].map(|power| Shape::Polynomial { power });
        [Shape::Constant, one, two, Shape::Cosine, Shape::Step { milestones: vec![7, 9], factor: 0.1 }]
    }

    fn schedule(shape: Shape, warmup_steps: f64) -> Schedule {
        Schedule { shape, peak: 0.4, warmup_steps, total_steps: 10 }
    }

    fn rates(schedule: &Schedule) -> Vec<f64> {
        (0..schedule.total_steps).map(|step| schedule.rate(step)).collect()
    }

    #[test]
    fn a_straight_line_falls_by_equal_parts_after_a_warm_up_that_rises_by_equal_parts() {
        let found = rates(&schedule(Shape::Polynomial { power: 1.0 }, 2.0));
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
        for shape in shapes() {
            for warmup in [0.0, 0.5, 2.5, 7.0] {
                let schedule = schedule(shape.clone(), warmup);
                let all = rates(&schedule);
                let top = warmup.ceil() as usize;
                assert!(all[..top].is_sorted(), "{schedule:?}: {all:?}");
                assert!(all[top..].is_sorted_by(|a, b| a >= b), "{schedule:?}: {all:?}");
                assert!(all.iter().all(|rate| (0.0..=schedule.peak).contains(rate)), "{schedule:?}: {all:?}");
            }
        }
    }

    #[test]
    fn steps_multiply_the_rate_from_each_milestone_on() {
        let found = rates(&schedule(Shape::Step { milestones: vec![4, 8], factor: 0.5 }, 2.0));
        let by_hand = [0.0, 0.2, 0.4, 0.4, 0.2, 0.2, 0.2, 0.2, 0.1, 0.1];
        for (found, by_hand) in found.iter().zip(by_hand) {
            assert!((found - by_hand).abs() < 1e-12, "{found} for {by_hand}");
        }
    }

    #[test]
    fn one_cycle_begins_low_peaks_once_and_ends_lower_still() {
        let all = rates(&schedule(CYCLE, 0.0));
        // 0.3 of ten steps: the peak is the third.
        assert!((all[0] - 0.4 / 25.0).abs() < 1e-12 && (all[2] - 0.4).abs() < 1e-12, "{all:?}");
        assert!((all[9] - 0.4 / 25.0 / 1e4).abs() < 1e-12, "{all:?}");
        assert!(all[..=2].is_sorted() && all[2..].is_sorted_by(|a, b| a > b), "{all:?}");
    }

    #[test]
    fn one_cycle_too_short_to_rise_only_falls() {
        for total_steps in 1..=3 {
            let all = rates(&Schedule { total_steps, ..schedule(CYCLE, 0.0) });
            assert!(all.iter().all(|rate| (0.0..=0.4).contains(rate)), "{all:?}");
            assert!(all.is_sorted_by(|a, b| a > b), "{all:?}");
        }
    }

    #[test]
    fn a_warm_up_longer_than_the_training_never_reaches_the_peak() {
        let all = rates(&schedule(Shape::Cosine, 20.0));
        assert!((all[9] - 0.18).abs() < 1e-12 && all.is_sorted(), "{all:?}");
    }
}
