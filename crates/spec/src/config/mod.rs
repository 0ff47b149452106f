//! The resolved configuration of a run: what a spec says once `extends`, `--set` and the seeds are applied.
//!
//! Every number here is in its legal range: the reader of specs checks it where it is parsed.

mod augment;
mod data;
mod evaluation;
mod executor;
mod model;
mod optimizer;
mod queue;
pub(crate) mod resources;
mod schedule;
mod start;
mod training;

pub use augment::{Augment, ColourTemperature, Crop, Varied};
pub use data::{ColourMode, DataConfig, Dataset, PhotoVariation, SplitConfig, Synthetic};
pub use evaluation::{EvaluationConfig, PairSource, Protocol, SplitPart};
pub use executor::{Executor, SlurmRequest};
pub use model::{
    Backbone, Compares, CrossEntropy, LossConfig, MarginGradient, Miner, ModelConfig, ModelInput, PastTurn,
    Scaling,
};
pub use optimizer::{LayerOptions, OptimizerConfig};
pub use queue::QueueConfig;
pub use resources::{CUDA_CONTEXT_BYTES, DeviceRequest, ResourceRequest, Threads};
pub use schedule::{ScheduleConfig, ScheduleShape, StepAt};
pub use start::{InitialWeights, StartConfig};
pub use training::{HeadPrecision, Precision, Sampler, TrainingConfig};

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Everything that decides a run's numbers, but for the seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which images, how split, how changed.
    pub data: DataConfig,
    /// The network.
    pub model: ModelConfig,
    /// What the network begins as.
    #[serde(default, skip_serializing_if = "StartConfig::is_random")]
    pub start: StartConfig,
    /// The head and its loss.
    pub loss: LossConfig,
    /// How its logits are judged.
    #[serde(default, skip_serializing_if = "CrossEntropy::is_plain")]
    pub cross_entropy: CrossEntropy,
    /// Share of the classes that each step's softmax is over; none: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<f64>,
    /// How weights follow gradients.
    pub optimizer: OptimizerConfig,
    /// How the learning rate moves.
    pub schedule: ScheduleConfig,
    /// How long, in which batches.
    pub training: TrainingConfig,
    /// How the trained model is tested.
    pub evaluation: EvaluationConfig,
}

impl Config {
    /// The configuration as far as it is a part of a plan's identity: without paths, as the data's fingerprint covers
    /// what they lead to, and without how often metrics are recorded, which changes none of them.
    pub(crate) fn covered(&self) -> Self {
        let mut covered = self.clone();
        covered.training.log_every = 0;
        if let Some(init) = &mut covered.start.init {
            init.file = PathBuf::new();
        }
        if let Dataset::Folder(folder) = &mut covered.data.dataset {
            *folder = PathBuf::new();
        }
        if let SplitConfig::File { file, .. } = &mut covered.data.split {
            *file = PathBuf::new();
        }
        for protocol in covered.evaluation.protocols.values_mut() {
            if let PairSource::Listed { list, images } = &mut protocol.pairs {
                *list = PathBuf::new();
                *images = None;
            }
        }
        covered
    }

    /// Files and folders that it names, wherever they lie now.
    pub fn files(&self) -> Vec<&Path> {
        let mut files: Vec<&Path> = Vec::new();
        files.extend(self.start.init.as_ref().map(|init| init.file.as_path()));
        if let Dataset::Folder(folder) = &self.data.dataset {
            files.push(folder);
        }
        if let SplitConfig::File { file, .. } = &self.data.split {
            files.push(file);
        }
        for protocol in self.evaluation.protocols.values() {
            if let PairSource::Listed { list, images } = &protocol.pairs {
                files.push(list);
                files.extend(images.as_deref());
            }
        }
        files
    }
}
