//! Numbers of steps and their means over an epoch.

mod pairs;

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

pub(crate) use pairs::PairNumbers;
use pairs::PairSums;

/// Metrics by name, as events carry them.
pub(crate) type Metrics = BTreeMap<String, f64>;

/// What one step measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StepNumbers {
    pub(crate) images: usize,
    pub(crate) loss: f64,
    pub(crate) learning_rate: f64,
    /// Of the whole gradient, before clipping.
    pub(crate) gradient_norm: f64,
    /// Sum of the embeddings' lengths.
    pub(crate) norms: f64,
    pub(crate) measured: Measured,
    pub(crate) times: StepTimes,
}

/// What is measured beside the loss, which depends on what it compares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Measured {
    Classes(ClassNumbers),
    Pairs(PairNumbers),
}

/// Of images and class centres.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct ClassNumbers {
    /// Images whose own class has the largest cosine, margin left out.
    pub(crate) correct: usize,
    /// Images past the angle where the margin turns around.
    pub(crate) past_turn: usize,
    /// Sum of the angles to the own class, in radians, margin left out.
    pub(crate) angles: f64,
    /// Sum of their squares.
    pub(crate) squared_angles: f64,
}

impl Measured {
    /// The sum with those of another part of the same step.
    fn and(self, next: Self) -> Self {
        match (self, next) {
            (Self::Classes(one), Self::Classes(next)) => Self::Classes(ClassNumbers {
                correct: one.correct + next.correct,
                past_turn: one.past_turn + next.past_turn,
                angles: one.angles + next.angles,
                squared_angles: one.squared_angles + next.squared_angles,
            }),
            (Self::Pairs(one), Self::Pairs(next)) => Self::Pairs(one.and(next)),
            (Self::Classes(_), Self::Pairs(_)) | (Self::Pairs(_), Self::Classes(_)) => {
                unreachable!("all parts of a step are of one loss")
            }
        }
    }
}

/// Where a step's time went.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct StepTimes {
    /// Waiting for the batch, and handing the next one to a device that takes it ahead.
    pub(crate) data: Duration,
    pub(crate) forward: Duration,
    pub(crate) backward: Duration,
    /// Clipping and the optimiser.
    pub(crate) update: Duration,
}

impl StepTimes {
    fn sum(self, other: Self) -> Self {
        Self {
            data: self.data + other.data,
            forward: self.forward + other.forward,
            backward: self.backward + other.backward,
            update: self.update + other.update,
        }
    }
}

/// Sums over the steps of an epoch so far. Kept in checkpoints, so that an epoch's means are those of an
/// undisturbed run.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EpochSums {
    steps: u64,
    images: u64,
    loss: f64,
    learning_rate: f64,
    gradient_norm: f64,
    correct: u64,
    past_turn: u64,
    data_seconds: f64,
    forward_seconds: f64,
    backward_seconds: f64,
    update_seconds: f64,
    /// Steps without an update, as a gradient did not fit into float16; none of the sums is over them.
    #[serde(default, skip_serializing_if = "is_none")]
    left_out: u64,
    #[serde(default, skip_serializing_if = "EmbeddingSums::is_empty")]
    embeddings: EmbeddingSums,
    #[serde(default, skip_serializing_if = "PairSums::is_empty")]
    pairs: PairSums,
}

/// Sums over embeddings. They have a count of their own, and are left out at 0: checkpoints of before they were kept
/// are still gone on from, and the means of an epoch that was under way are over what was measured of it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EmbeddingSums {
    images: u64,
    angles: f64,
    squared_angles: f64,
    norms: f64,
}

impl EmbeddingSums {
    fn is_empty(&self) -> bool {
        self.images == 0
    }

    fn add(&mut self, step: &StepNumbers) {
        self.images += step.images as u64;
        self.norms += step.norms;
    }

    fn add_angles(&mut self, classes: &ClassNumbers) {
        self.angles += classes.angles;
        self.squared_angles += classes.squared_angles;
    }

    fn mean_norm(&self) -> (&'static str, f64) {
        ("embedding_norm", self.norms / self.images.max(1) as f64)
    }

    /// Mean and deviation of the angle.
    fn mean_angle(&self) -> [(&'static str, f64); 2] {
        let images = self.images.max(1) as f64;
        let angle = self.angles / images;
        // Rounding can leave a variance of 0 just below.
        let variance = (self.squared_angles / images - angle * angle).max(0.0);
        [("target_angle", angle), ("target_angle_std", variance.sqrt())]
    }
}

impl StepNumbers {
    /// Of this part of a step and the next one together. The norm is that of the last part: it has the whole gradient.
    pub(crate) fn and(self, next: Self) -> Self {
        let [images, others] = [self.images, next.images].map(|images| images as f64);
        Self {
            images: self.images + next.images,
            loss: (self.loss * images + next.loss * others) / (images + others),
            norms: self.norms + next.norms,
            measured: self.measured.and(next.measured),
            times: self.times.sum(next.times),
            ..next
        }
    }

    /// The step's metrics.
    pub(crate) fn metrics(&self) -> Metrics {
        let mut sums = EpochSums::default();
        sums.add(self);
        sums.means()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

impl EpochSums {
    /// Counts a step that was left out.
    pub(crate) fn leave_out(&mut self) {
        self.left_out += 1;
    }

    /// Adds a step.
    pub(crate) fn add(&mut self, step: &StepNumbers) {
        self.steps += 1;
        self.images += step.images as u64;
        self.loss += step.loss;
        self.learning_rate += step.learning_rate;
        self.gradient_norm += step.gradient_norm;
        self.data_seconds += step.times.data.as_secs_f64();
        self.forward_seconds += step.times.forward.as_secs_f64();
        self.backward_seconds += step.times.backward.as_secs_f64();
        self.update_seconds += step.times.update.as_secs_f64();
        self.embeddings.add(step);
        match &step.measured {
            Measured::Classes(classes) => {
                self.correct += classes.correct as u64;
                self.past_turn += classes.past_turn as u64;
                self.embeddings.add_angles(classes);
            }
            Measured::Pairs(pairs) => self.pairs.add(pairs),
        }
    }

    /// Means over the steps; times are seconds a step. What is measured on classes is left out of a loss on pairs.
    pub(crate) fn means(&self) -> Metrics {
        let of_classes = self.pairs.is_empty().then(|| self.means_of_classes());
        let measured = self.pairs.means().chain(of_classes.into_iter().flatten());
        let left_out = (self.left_out > 0).then_some(("left_out_steps", self.left_out as f64));
        let of_steps = self.means_of_steps().into_iter().chain(left_out);
        let all = of_steps.chain([self.embeddings.mean_norm()]).chain(measured);
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn means_of_classes(&self) -> [(&'static str, f64); 4] {
        let images = self.images.max(1) as f64;
        let [angle, deviation] = self.embeddings.mean_angle();
        let correct = ("train_accuracy", self.correct as f64 / images);
        [correct, ("past_turn_share", self.past_turn as f64 / images), angle, deviation]
    }

    fn means_of_steps(&self) -> [(&'static str, f64); 8] {
        let steps = self.steps.max(1) as f64;
        let seconds = self.data_seconds + self.forward_seconds + self.backward_seconds + self.update_seconds;
        [
            ("loss", self.loss / steps),
            ("learning_rate", self.learning_rate / steps),
            ("gradient_norm", self.gradient_norm / steps),
            ("images_per_second", self.images as f64 / seconds.max(1e-9)),
            ("data_seconds", self.data_seconds / steps),
            ("forward_seconds", self.forward_seconds / steps),
            ("backward_seconds", self.backward_seconds / steps),
            ("update_seconds", self.update_seconds / steps),
        ]
    }
}

#[cfg(test)]
mod tests {
    use arclab_nn::heads::{CosineSum, Hinges};

    use super::*;

    fn step(loss: f64, correct: usize) -> StepNumbers {
        let times = StepTimes { forward: Duration::from_millis(500), ..StepTimes::default() };
        StepNumbers {
            images: 4,
            loss,
            learning_rate: 0.1,
            gradient_norm: 2.0,
            norms: 20.0,
            measured: Measured::Classes(ClassNumbers {
                correct,
                past_turn: 0,
                angles: 4.0 * loss,
                squared_angles: 4.0 * (loss * loss + 0.75),
            }),
            times,
        }
    }

    fn of_pairs(same: f64, hinges: Hinges) -> StepNumbers {
        let [same, different] = [(same, 4), (-1.0, 2)].map(|(sum, count)| CosineSum { sum, count });
        StepNumbers { measured: Measured::Pairs(PairNumbers { same, different, hinges }), ..step(1.0, 0) }
    }

    #[test]
    fn an_epoch_reports_means_over_its_steps() {
        let mut sums = EpochSums::default();
        sums.add(&step(3.0, 1));
        sums.add(&step(1.0, 3));
        let means = sums.means();
        assert_eq!(means["loss"], 2.0);
        assert_eq!(means["train_accuracy"], 0.5);
        assert_eq!(means["images_per_second"], 8.0);
        assert_eq!(means["forward_seconds"], 0.5);
        // Angles of mean 3 and 1, each with a variance of 0.75, so 1 more between them.
        assert_eq!((means["target_angle"], means["embedding_norm"]), (2.0, 5.0));
        assert!((means["target_angle_std"] - 1.75_f64.sqrt()).abs() < 1e-12, "{means:?}");
    }

    #[test]
    fn a_loss_on_pairs_reports_means_over_pairs_and_nothing_of_classes() {
        let mut sums = EpochSums::default();
        sums.add(&of_pairs(2.0, Hinges { total: 10, active: 4 }));
        sums.add(&of_pairs(3.0, Hinges { total: 30, active: 6 }));
        let means = sums.means();
        let found =
            ["same_cosine", "different_cosine", "active_share", "embedding_norm"].map(|name| means[name]);
        assert_eq!(found, [0.625, -0.5, 0.25, 5.0]);
        for name in ["train_accuracy", "past_turn_share", "target_angle", "target_angle_std"] {
            assert!(!means.contains_key(name), "{name}: {means:?}");
        }
        let json = serde_json::to_string(&sums).unwrap();
        assert_eq!(serde_json::from_str::<EpochSums>(&json).unwrap(), sums);
        // A loss that cuts nothing off has no share of it.
        let smooth = of_pairs(2.0, Hinges::default()).metrics();
        assert!(!smooth.contains_key("active_share") && smooth["same_cosine"] == 0.5, "{smooth:?}");
    }

    #[test]
    fn sums_of_before_embeddings_were_measured_are_read_and_written_as_they_were() {
        let old = serde_json::to_string(&EpochSums { steps: 3, images: 12, ..EpochSums::default() }).unwrap();
        assert!(!old.contains("embeddings") && !old.contains("pairs"), "{old}");
        let mut sums: EpochSums = serde_json::from_str(&old).unwrap();
        assert_eq!(serde_json::to_string(&sums).unwrap(), old);
        sums.add(&step(1.5, 1));
        assert_eq!(sums.means()["target_angle"], 1.5);
    }

    #[test]
    fn steps_that_were_left_out_are_counted_and_no_part_of_the_means() {
        let mut sums = EpochSums::default();
        sums.add(&step(3.0, 1));
        assert!(!sums.means().contains_key("left_out_steps"));
        let without = serde_json::to_string(&sums).unwrap();
        assert!(!without.contains("left_out"), "{without}");
        sums.leave_out();
        assert_eq!((sums.means()["left_out_steps"], sums.means()["loss"]), (1.0, 3.0));
    }

    #[test]
    fn the_parts_of_a_step_give_the_means_over_all_its_images() {
        let larger = StepNumbers { images: 12, ..step(1.0, 5) };
        let whole = step(3.0, 1).and(larger);
        assert_eq!((whole.images, whole.loss, whole.norms), (16, 1.5, 40.0));
        assert_eq!(whole.metrics()["train_accuracy"], 6.0 / 16.0);
        assert_eq!(whole.times.forward, Duration::from_secs(1));
    }

    #[test]
    fn sums_survive_a_checkpoint_to_the_last_bit() {
        let mut sums = EpochSums::default();
        for loss in [0.1, 1.0 / 3.0, 12.345_678_901_234_567, 1e-300] {
            sums.add(&step(loss, 1));
        }
        let json = serde_json::to_string_pretty(&sums).unwrap();
        assert_eq!(serde_json::from_str::<EpochSums>(&json).unwrap(), sums);
    }
}
