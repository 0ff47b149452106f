//! What this worker can do, for the command line to ask once.

use arclab_nn::Kernels;
use arclab_spec::{JOURNAL_VERSION, PLAN_VERSION, TRAINER_VERSION};
use serde::Serialize;

use crate::device::NO_CUDA;

/// `arclab-worker abilities`, as JSON on its output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Abilities {
    /// Why no GPU can be used; null where one can.
    pub cuda: Option<&'static str>,
    /// Instruction set of the CPU kernels.
    pub kernels: &'static str,
    /// The worker's version.
    pub version: &'static str,
    /// Version of `plan.json` that it reads.
    pub plan_version: u32,
    /// Version of the journal that it writes.
    pub journal_version: u32,
    /// Trainer that it is: plans for another are refused.
    pub trainer: u32,
}

impl Abilities {
    /// Of this program on this machine.
    pub fn here() -> Self {
        Self {
            cuda: Some(NO_CUDA),
            kernels: Kernels::best().name(),
            version: env!("CARGO_PKG_VERSION"),
            plan_version: PLAN_VERSION,
            journal_version: JOURNAL_VERSION,
            trainer: TRAINER_VERSION,
        }
    }
}
