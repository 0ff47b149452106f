//! What can go wrong with files of tensors.

use std::{io, path::PathBuf};

/// Failure to save.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// A tensor holds NaN or an infinity: what is there already is better.
    #[error("failed to save {}: tensor `{name}` holds a value that is not finite", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// The tensors could not be laid out.
    #[error("failed to lay out {}", path.display())]
    Layout {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file system refused.
    #[error("failed to write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Failure to load.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file system refused.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Cut short, or not a safetensors file.
    #[error("failed to read {}: cut short, or no safetensors file", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        source: safetensors::SafeTensorError,
    },
    /// One tensor cannot be used.
    #[error("failed to read {}: tensor `{name}` {problem}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The note is not what a checkpoint's note must be.
    #[error("failed to understand {}", path.display())]
    Note {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Written by another version.
    #[error("failed to load {}: its version is {found}, and this program reads version {expected}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version that is read.
        expected: u32,
    },
    /// The tensors or the note are not what was written.
    #[error(
        "failed to load {}: it or the JSON beside it is damaged, as their digest is not the one that was written",
        path.display()
    )]
    Digest {
        /// The tensors' file.
        path: PathBuf,
    },
}
