//! `resources:`: what a run may use. Not part of its identity: the numbers do not depend on it, but
//! for the last bits of those that a GPU computes where they need not be the same twice.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::Executor;

/// `resources:`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceRequest {
    /// Which kind of device.
    pub device: DeviceRequest,
    /// CPU threads of the worker.
    pub threads: Threads,
    /// Memory to set aside, in bytes; none is set aside where absent.
    pub memory_bytes: Option<u64>,
    /// A run's share of a GPU by memory, in bytes, all that its worker takes there; a whole GPU where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_memory_bytes: Option<u64>,
    /// Whether a GPU must give the same bits twice.
    #[serde(default = "usual", skip_serializing_if = "is_usual")]
    pub deterministic: bool,
    /// How long an attempt may take, in seconds; without a limit where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit_secs: Option<u64>,
    /// Who carries runs out.
    #[serde(default, skip_serializing_if = "Executor::is_local")]
    pub executor: Executor,
}

/// What CUDA takes of a run's share beside the tensors: its context, kernels, and what cuDNN and cuBLAS keep.
///
/// A constant, since the GPU's free memory does not tell what one process took while others on it take theirs. It is
/// meant to be ample and has not been measured yet; `crates/bench/gpu-check queue` shows what workers take.
pub const CUDA_CONTEXT_BYTES: u64 = 1 << 30;

pub(crate) fn usual() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
pub(crate) fn is_usual(deterministic: &bool) -> bool {
    *deterministic
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
