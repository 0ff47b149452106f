//! `resources.executor:`: who carries runs out. Not part of their identity: it changes no number.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// `resources.executor:`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Executor {
    /// This machine.
    #[default]
    Local,
    /// A cluster, through Slurm.
    Slurm(SlurmRequest),
}

impl Executor {
    /// Whether it is this machine.
    pub fn is_local(&self) -> bool {
        *self == Self::Local
    }
}

/// What a job asks Slurm for; what it does not say, the cluster decides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlurmRequest {
    /// Which nodes, by the cluster's names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// GPUs and other generic resources, as `gpu:a100:1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gres: Option<String>,
    /// How long a job may hold its node at a stretch, in seconds; Slurm counts whole minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_secs: Option<u64>,
    /// Who pays for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Quality of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qos: Option<String>,
    /// Memory of the node, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// CPUs of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<NonZeroU32>,
    /// More options of `sbatch`, as they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<String>,
}

impl SlurmRequest {
    /// Whether its jobs get a GPU.
    pub fn has_gpu(&self) -> bool {
        let in_gres = self.gres.iter().flat_map(|gres| gres.split(',')).any(is_gpu);
        in_gres || self.extra.iter().any(|option| option.starts_with("--gpus"))
    }
}

/// Whether a generic resource is of GPUs: `gpu`, `gpu:2`, `gres/gpu:a100:1`, `shard:1`.
fn is_gpu(gres: &str) -> bool {
    let name = gres.trim().trim_start_matches("gres/").trim_start_matches("gres:");
    ["gpu", "shard", "mps"].contains(&name.split([':', '=']).next().unwrap_or_default())
}
