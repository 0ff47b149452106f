//! What planning asks of a worker: `arclab-worker weights REQUEST.json`, and what it answers on its output.

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
}

/// It can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightsReport {
    /// Of the file's content.
    pub content: Fingerprint,
    /// What is taken for granted, for people.
    pub notes: Vec<String>,
}
