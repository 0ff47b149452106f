//! What `arclab audit` asks of a worker: `arclab-worker embed REQUEST.json`, and what it answers on its output.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::Dataset;

/// Images to be embedded with weights that arclab wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedRequest {
    /// [`PLAN_VERSION`](crate::PLAN_VERSION) of the writer. The worker refuses another.
    pub version: u32,
    /// A run's `weights.safetensors`, which say their network, image size and colours.
    pub checkpoint: PathBuf,
    /// Where the images come from.
    pub dataset: Dataset,
    /// Their names in the data set, `IDENTITY/FILE`.
    pub images: Vec<String>,
    /// CPU threads to use.
    pub threads: u32,
    /// Folder of decoded images.
    pub cache: PathBuf,
    /// File for the embeddings: little-endian float32, a row an image in the order of `images`. As verification takes
    /// them: image and mirror image added, and normalised.
    pub output: PathBuf,
}

/// The worker's answer, as JSON on its standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedReport {
    /// Numbers in a row.
    pub width: usize,
}
