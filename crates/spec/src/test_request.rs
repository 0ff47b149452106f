//! What `arclab test` asks of a worker: `arclab-worker test REQUEST.json`, and what it answers on its output.

use std::path::PathBuf;

use arclab_metrics::Evaluation;
use serde::{Deserialize, Serialize};

use crate::{
    Fingerprint, ProtocolName,
    config::{DataConfig, DeviceRequest, ModelConfig, Protocol},
};

/// Weights at hand, to be tested on one pair list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestRequest {
    /// [`PLAN_VERSION`](crate::PLAN_VERSION) of the writer. The worker refuses another.
    pub version: u32,
    /// Weights: a safetensors file, or a `.pth` of PyTorch's, under PyTorch's InsightFace names.
    pub checkpoint: PathBuf,
    /// The network, for weights that do not say it themselves. Those that arclab wrote do, and a model that
    /// contradicts them is refused.
    pub model: Option<ModelConfig>,
    /// The data set. Image size and colour treatment belong to the weights: where they say them, these are used.
    pub data: DataConfig,
    /// Name of the test, which begins the name of the predictions' file: `closed`, `open`, the pair list's.
    pub mode: ProtocolName,
    /// The pairs and the threshold. [`Validation`](arclab_metrics::ThresholdPolicy::Validation) is the threshold
    /// that the weights carry.
    pub protocol: Protocol,
    /// Kind of device.
    pub device: DeviceRequest,
    /// CPU threads to use.
    pub threads: u32,
    /// Folder of decoded images and pair lists.
    pub cache: PathBuf,
    /// Folder for `MODE_MODEL-ID_predict.txt`; made if absent.
    pub output: PathBuf,
}

/// The worker's answer, as JSON on its standard output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestReport {
    /// As requested.
    pub mode: ProtocolName,
    /// The run that made the weights, or their file's name without its ending.
    pub model: String,
    /// The pair list: a file of this name lies in the cache's `pairs` folder.
    pub pair_list: Fingerprint,
    /// The numbers.
    pub evaluation: Evaluation,
    /// The predictions, one line a pair.
    pub predictions: PathBuf,
}
