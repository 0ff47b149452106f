//! `resources:`: what a run may use. Not part of its identity: the numbers do not depend on it.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// `resources:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceRequest {
    /// Which kind of device.
    pub device: DeviceRequest,
    /// CPU threads of the worker.
    pub threads: Threads,
    /// Memory to set aside, in bytes; none is set aside where absent.
    pub memory_bytes: Option<u64>,
}

/// `resources.device:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceRequest {
    /// A GPU that the worker can use, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// A GPU, or the run is refused.
    Cuda,
}

/// `resources.threads:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Threads {
    /// An even share of the cores among the jobs that run at once.
    Auto,
    /// So many.
    Exactly(NonZeroU32),
}
