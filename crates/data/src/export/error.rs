//! Why a set cannot be written in another form.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{container::FolderError, inspect::ProblemKind, pairs::PairsError};

/// Why a set cannot be written in another form.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Nothing is written over.
    #[error("{} is there already: name a place that is not", path.display())]
    Exists {
        /// The place.
        path: PathBuf,
    },
    /// Nothing takes the place of a folder but another one of its kind.
    #[error("{} is not replaced, since {why}: name another place", path.display())]
    NotReplaced {
        /// The folder.
        path: PathBuf,
        /// What it has or lacks.
        why: String,
    },
    /// The images would be other ones afterwards.
    #[error("{} lies among the images that are read, in {}: name a place outside of it", path.display(), images.display())]
    AmongImages {
        /// The place.
        path: PathBuf,
        /// The set.
        images: PathBuf,
    },
    /// A person has the name of a file that is written.
    #[error("a person is called {0}, as is the list of what is dropped: rename that folder")]
    PersonIsList(&'static str),
    /// All images were left out.
    #[error("none of {total} images is left:{}", lines(reasons))]
    NothingMade {
        /// How many there were.
        total: usize,
        /// Why.
        reasons: Vec<ProblemKind>,
    },
    /// Pairs beside a form without any.
    #[error("only a verification set holds pairs, so {} would not be read: leave the pairs out", pairs.display())]
    PairsOfNoUse {
        /// The list.
        pairs: PathBuf,
    },
    /// A verification set of no pairs.
    #[error("a verification set holds pairs, and nothing says which: name a pair list")]
    NoPairs,
    /// The images.
    #[error("failed to read the images")]
    Images(#[from] FolderError),
    /// The pairs.
    #[error("failed to read the pairs")]
    Pairs(#[from] PairsError),
    /// An image of a pair gives none, and pairs cannot do without it.
    #[error("{} is in a pair and cannot be used: {reason}", path.display())]
    PairLeftOut {
        /// The image.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// More than the form takes.
    #[error("{what}, and {form} takes {most} at most")]
    TooLarge {
        /// What there is.
        what: String,
        /// The form.
        form: &'static str,
        /// What it takes.
        most: u64,
    },
    /// The place cannot be written to.
    #[error("failed to write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ExportError {
    pub(super) fn write(path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path: path.clone(), source }
    }
}

fn lines(kinds: &[ProblemKind]) -> String {
    let line = |kind: &ProblemKind| {
        let example = kind.examples.first();
        let example = example
            .map(|(path, reason)| format!(" (such as {}: {reason})", path.display()))
            .unwrap_or_default();
        format!("\n  {} × {}{example}", kind.count, kind.reason)
    };
    kinds.iter().map(line).collect()
}
