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
    /// What the network is computed in.
    pub precision: Precision,
    /// What the head multiplies.
    #[serde(default, skip_serializing_if = "HeadPrecision::is_usual")]
    pub head_precision: HeadPrecision,
    /// Metrics are recorded every so many steps, and at each epoch's end.
    pub log_every: u32,
    /// Equal parts in which a step's images go through the network, one after the other.
    #[serde(default = "whole", skip_serializing_if = "is_whole")]
    pub accumulate: u32,
    /// Devices that carry out the run together, of which each takes an equal part of a step's images.
    #[serde(default = "whole", skip_serializing_if = "is_whole")]
    pub ranks: u32,
    /// Where batches are made of identities, how; none: of shuffled images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler: Option<Sampler>,
    /// Decay of the moving average of weights that is validated, tested and kept; none: the weights themselves are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ema: Option<f64>,
}

impl TrainingConfig {
    /// This, with each part of a batch in so many parts; none where that leaves no equal parts of 2 images or more for each
    /// rank, or cuts batches of identities.
    #[must_use]
    pub fn in_parts(self, parts: u32) -> Option<Self> {
        let accumulate = self.accumulate.checked_mul(parts)?;
        let images = self.batch_size / accumulate / self.ranks;
        let is_even = self.batch_size.is_multiple_of(accumulate.checked_mul(self.ranks)?);
        (self.sampler.is_none() && is_even && images >= 2).then_some(Self { accumulate, ..self })
    }
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
    /// Single precision, whose convolutions take 10 bits of each factor's fraction.
    Tf32,
    /// Feature maps in bfloat16; weights, statistics and, unless it is asked for otherwise, the head in single precision.
    Bf16,
    /// Feature maps in half precision, with a loss that is scaled so that gradients do not vanish; the rest as of `bf16`.
    Fp16,
}

impl Precision {
    /// All of them, by the names that specs have for them.
    pub const ALL: [(&'static str, Self); 4] =
        [("float32", Self::Float32), ("tf32", Self::Tf32), ("bf16", Self::Bf16), ("fp16", Self::Fp16)];

    /// Whether a CPU does not compute in it.
    pub fn needs_gpu(self) -> bool {
        match self {
            Self::Float32 => false,
            Self::Tf32 | Self::Bf16 | Self::Fp16 => true,
        }
    }
}

impl std::fmt::Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Float32 => "float32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
            Self::Fp16 => "fp16",
        })
    }
}

/// `training.head_precision:`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeadPrecision {
    /// Embeddings and centres of length 1, and their cosines, in single precision.
    #[default]
    Float32,
    /// All of them in bfloat16; sums, and the centres that are learnt, in single precision.
    Bf16,
}

impl HeadPrecision {
    /// All of them, by the names that specs have for them.
    pub const ALL: [(&'static str, Self); 2] = [("float32", Self::Float32), ("bf16", Self::Bf16)];

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it goes with a network that is computed in `precision`, whose kernels it shares.
    pub fn suits(self, precision: Precision) -> bool {
        match self {
            Self::Float32 => true,
            Self::Bf16 => precision == Precision::Bf16,
        }
    }
}
