//! What this worker can do, for the command line to ask once.

use std::path::PathBuf;

use arclab_gpu::libraries::{self, Found, Library, Version, Wrong};
use arclab_nn::Kernels;
use arclab_spec::{JOURNAL_VERSION, PLAN_VERSION, TRAINER_VERSION};
use serde::Serialize;

use crate::device;

/// `arclab-worker abilities`, as JSON on its output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Abilities {
    /// Why no GPU can be used; null where one can.
    pub cuda: Option<String>,
    /// NVIDIA's libraries that a GPU is used through, as they are on this machine.
    pub libraries: Vec<LibraryState>,
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

/// What there is of a library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LibraryState {
    /// `cuDNN (libcudnn.so.9)`.
    pub name: &'static str,
    /// What it is needed for.
    pub purpose: &'static str,
    /// The file that is loaded, if any is.
    pub path: Option<PathBuf>,
    /// What it says that it is.
    pub version: Option<Version>,
    /// Why it cannot be used; null where it can.
    pub wrong: Option<String>,
    /// What brings it to a machine.
    pub install: &'static str,
}

impl Abilities {
    /// Of this program on this machine.
    pub fn here() -> Self {
        Self {
            cuda: device::why_no_gpu(),
            libraries: libraries::load().all().map(LibraryState::new).collect(),
            kernels: Kernels::best().name(),
            version: env!("CARGO_PKG_VERSION"),
            plan_version: PLAN_VERSION,
            journal_version: JOURNAL_VERSION,
            trainer: TRAINER_VERSION,
        }
    }
}

impl LibraryState {
    fn new((library, state): (Library, &Result<Found, Wrong>)) -> Self {
        let (path, version) = match state {
            Ok(Found { path, version }) => (Some(path.clone()), Some(*version)),
            Err(Wrong::Unsuitable { path, version, .. }) => (Some(path.clone()), *version),
            Err(Wrong::Missing(_)) => (None, None),
        };
        let wrong = state.as_ref().err().map(ToString::to_string);
        let (name, purpose, install) = (library.name(), library.purpose(), library.install());
        Self { name, purpose, path, version, wrong, install }
    }
}
