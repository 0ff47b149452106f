//! Why a set of images cannot be used, and files that are of no use in one that can.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{ENDINGS, Form};

/// A file that is no usable image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The file; of an image in a container, the container's path and its name there.
    pub path: PathBuf,
    /// Why it is left out.
    pub reason: String,
}

/// Why a set of images cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The folder or file, or a folder in it, cannot be listed.
    #[error("failed to look into {}", path.display())]
    List {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or folder in it cannot be read. What does not decode is left out; what cannot be read may decode
    /// tomorrow, and no run trains on fewer photos because a disk was away.
    #[error("failed to read {}, which no run leaves out: make it readable, or remove it", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that a list names cannot be read.
    #[error(
        "failed to read {}, which line {line} of {} names: make it readable, or remove the line",
        path.display(), list.display()
    )]
    Listed {
        /// The list.
        list: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is nothing to work with.
    #[error(
        "no identity in {}: looked for sub-folders, one a person, that hold images ({}); found {found}",
        path.display(), endings()
    )]
    NoIdentity {
        /// The folder.
        path: PathBuf,
        /// What is there instead.
        found: String,
    },
    /// A file of images without any that can be used.
    #[error("no image in {}, {form}: {found}", path.display())]
    NoImage {
        /// The file.
        path: PathBuf,
        /// Its form.
        form: Form,
        /// What is there instead.
        found: String,
    },
    /// A file is of none of the forms.
    #[error(
        "{} {found}; images come as a folder with a sub-folder a person, a CSV list with the columns `path,identity`, a \
         RecordIO file (train.rec), a verification set (.bin), or a tar, tar.gz or zip of a folder", path.display()
    )]
    UnknownForm {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        found: String,
    },
    /// A file is not what its first bytes promise.
    #[error("{}, {form}, cannot be read: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The form that it begins as.
        form: Form,
        /// What is wrong, and where.
        problem: String,
    },
    /// The unpacked copy of an archive cannot be kept.
    #[error("failed to unpack {} to {}", path.display(), copy.display())]
    Unpack {
        /// The archive.
        path: PathBuf,
        /// Where to.
        copy: PathBuf,
        /// Why.
        source: io::Error,
    },
}

pub(super) fn endings() -> String {
    ENDINGS.map(|ending| format!(".{ending}")).join(", ")
}

impl FolderError {
    pub(crate) fn list(path: &Path, source: io::Error) -> Self {
        Self::List { path: path.to_owned(), source }
    }

    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    pub(super) fn malformed(path: &Path, form: Form, problem: &impl ToString) -> Self {
        Self::Malformed { path: path.to_owned(), form, problem: problem.to_string() }
    }
}
