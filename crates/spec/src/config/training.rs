//! `training:`.

use serde::{Deserialize, Serialize};

/// `training:`, less the seeds, of which each makes a plan of its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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
    /// Equal parts in which a step's images go through the network, one after the other.
    #[serde(default = "whole", skip_serializing_if = "is_whole")]
    pub accumulate: u32,
    /// Where batches are made of identities, how; none: of shuffled images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler: Option<Sampler>,
    /// Decay of the moving average of weights that is validated, tested and kept; none: the weights themselves are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ema: Option<f64>,
}

fn whole() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_whole(parts: &u32) -> bool {
    *parts == whole()
}

/// `training.sampler:`: batches of `batch_size` / K identities with K images each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampler {
    /// K.
    pub images_each: u32,
}

/// `training.precision:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// IEEE single precision.
    Float32,
}
