//! `optimizer:`, `schedule:` and `training:`.

use serde::{Deserialize, Serialize};

/// `optimizer:`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase", deny_unknown_fields)]
pub enum OptimizerConfig {
    /// Stochastic gradient descent with momentum, as PyTorch's `SGD`.
    Sgd {
        /// Peak learning rate.
        learning_rate: f64,
        /// In [0, 1).
        momentum: f64,
        /// Added to the gradient, times the weight.
        weight_decay: f64,
        /// Largest norm of the whole gradient; longer ones are scaled down to it.
        clip_norm: Option<f64>,
    },
}

/// `schedule:`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    /// The curve after the warm-up.
    pub shape: ScheduleShape,
    /// Epochs over which the rate rises linearly from 0; may be a fraction.
    pub warmup_epochs: f64,
}

/// `schedule.name:` and its own parameters; t runs from 0 to 1 after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum ScheduleShape {
    /// The peak throughout.
    Constant,
    /// (1 - t)^power.
    Polynomial {
        /// 1 is a straight line.
        power: f64,
    },
    /// (1 + cos πt) / 2.
    Cosine,
}

/// `training:`, less the seeds, of which each makes a plan of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// Passes over the training images.
    pub epochs: u32,
    /// Images a step; the last, smaller batch of an epoch is left out.
    pub batch_size: u32,
    /// Number format of the backbone.
    pub precision: Precision,
    /// Metrics are recorded every so many steps, and at each epoch's end.
    pub log_every: u32,
}

/// `training.precision:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// IEEE single precision.
    Float32,
}
