//! What planning asks of a worker: `arclab-worker weights REQUEST.json`, and what it answers on its output.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{Fingerprint, config::Config};

/// Whether a run can begin with the weights that its configuration names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightsRequest {
    /// [`PLAN_VERSION`](crate::PLAN_VERSION) of the writer. The worker refuses another.
    pub version: u32,
    /// Names the weights, the network and its input.
    pub config: Config,
    /// Where the run's images are, once they are prepared. What the weights have seen is then held against its tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<PathBuf>,
}

/// The worker's answer, as JSON on its standard output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WeightsReport {
    /// It can.
    Suits {
        /// Of the file's content.
        content: Fingerprint,
        /// What is taken for granted, for people.
        notes: Vec<String>,
    },
    /// It cannot, and the spec should say something else.
    Refused {
        /// Where in the spec: `model.init`, `model.freeze`.
        key: String,
        /// Why, and what would be right.
        reason: String,
    },
}
