//! Why a data set cannot be split.

use std::path::PathBuf;

use crate::table::TableError;

/// Why a data set cannot be split.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// Two classes must train and one identity be held out.
    #[error("a drawn split needs at least 3 identities with different images, and there are {found}")]
    TooFewIdentities {
        /// Identities there are.
        found: usize,
    },
    /// The split file cannot be read.
    #[error("failed to read the split")]
    Table(#[from] TableError),
    /// A line of the split file is wrong.
    #[error("{}, line {line}: {problem}", file.display())]
    Line {
        /// The split file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        problem: SplitProblem,
    },
    /// Nothing is left to train on.
    #[error("{} names no usable image with the split `train`", file.display())]
    NoTraining {
        /// The split file.
        file: PathBuf,
    },
    /// A softmax over one class learns nothing.
    #[error("{} names training images of one identity alone, `{identity}`", file.display())]
    OneClass {
        /// The split file.
        file: PathBuf,
        /// The identity.
        identity: String,
    },
}

/// What is wrong in a line of a split file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SplitProblem {
    /// No such part.
    #[error("unknown split `{0}`; allowed are `train`, `validation`, `closed_test`, `open_test`")]
    UnknownSplit(String),
    /// No name is given.
    #[error("the identity is empty")]
    NoIdentity,
    /// No such image.
    #[error("there is no image `{path}` in {}", folder.display())]
    NoImage {
        /// As written.
        path: String,
        /// The data set's folder.
        folder: PathBuf,
    },
    /// One image in two lines.
    #[error("`{path}` is in line {first} already")]
    Repeated {
        /// As written.
        path: String,
        /// Its first line.
        first: u64,
    },
    /// The classes that a validation or closed-set image may have are those of training.
    #[error("`{identity}` has no training image, so its images cannot be of the split `{part}`")]
    NotTrained {
        /// The identity.
        identity: String,
        /// The part.
        part: &'static str,
    },
    /// The open set is of people never seen in training.
    #[error(
        "`{identity}` has training images (line {trained}), so its images cannot be of the split `open_test`"
    )]
    Trained {
        /// The identity.
        identity: String,
        /// A line with a training image of it.
        trained: u64,
    },
}
