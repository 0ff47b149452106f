//! Why images cannot be had from the cache.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::container::FolderError;

/// Why images cannot be had from the cache.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The images' folder is of no use.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The cache's folder or a file in it cannot be written.
    #[error("failed to write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The lock that keeps two processes from doing the same work cannot be had.
    #[error("failed to lock {}", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The decoded images do not fit the folder that they were made from a moment ago.
    #[error("the images of {images} change while they are read")]
    ChangesMeanwhile {
        /// The data set.
        images: String,
    },
}

impl CacheError {
    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_owned(), source }
    }

    pub(super) fn lock(path: &Path, source: io::Error) -> Self {
        Self::Lock { path: path.to_owned(), source }
    }
}
