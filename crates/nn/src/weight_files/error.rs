//! Why a file of weights is not used.

use std::{io, path::PathBuf};

use super::pth::PthError;
use crate::checkpoint::LoadError;

/// Why a file of weights is not used. Each says what would help.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file system refused.
    #[error("failed to read {}: check its name and whether it may be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another kind of file.
    #[error(
        "{} holds no weights, as {what}: name a `.safetensors` file, or a `.pth` file that `torch.save` wrote",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// No backbone is so large.
    #[error(
        "{} has {bytes} bytes, and files of weights up to {most} are read: save the backbone's state dict alone",
        path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The largest size.
        most: u64,
    },
    /// Damaged, or with tensors that cannot be used.
    #[error("{} cannot be used as it is: copy or export it again", path.display())]
    SafeTensors {
        /// The file.
        path: PathBuf,
        /// Why.
        source: LoadError,
    },
    /// A file of PyTorch's that is not what it should be.
    #[error("{} is not loaded", path.display())]
    Pth {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PthError,
    },
}
