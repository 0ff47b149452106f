//! Why there is no pair list.

use std::{io, path::PathBuf};

use super::{PeopleCounts, Supply};
use crate::{container::FolderError, table::TableError};

/// Why there is no pair list.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PairsError {
    /// The images do not make a pair of each kind.
    #[error(
        "no pairs can be drawn: {supply}, and both kinds are needed; add photos, or hold more of them out in `data.split`"
    )]
    NoneToDraw {
        /// What there is.
        supply: Supply,
    },
    /// The list cannot be read as CSV.
    #[error("failed to read the pair list")]
    Table(#[from] TableError),
    /// The list cannot be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// The list.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It lists people, and no pairs.
    #[error(
        "{} lists people, as LFW's people.txt does ({} people with {} images{}), and no pairs: a split is CSV with the columns \
         `path,identity,split`",
        path.display(), people.people, people.images,
        if people.sets > 1 { format!(", in {} sets", people.sets) } else { String::new() }
    )]
    People {
        /// The list.
        path: PathBuf,
        /// What it holds.
        people: PeopleCounts,
    },
    /// The list is of neither form.
    #[error(
        "{} is no pair list: its first line is `{first}`, which is neither a CSV header with the columns `a`, `b`, \
         `same` and perhaps `fold`, nor the count of folds and pairs that begins LFW's pairs.txt", path.display()
    )]
    UnknownForm {
        /// The list.
        path: PathBuf,
        /// Its first line.
        first: String,
    },
    /// LFW's form would mean either of two images.
    #[error(
        "{} and {} differ in their endings alone, which LFW's form of pair lists leaves out: remove one, or list pairs \
         as CSV", first.display(), second.display()
    )]
    Ambiguous {
        /// An image.
        first: PathBuf,
        /// Another one.
        second: PathBuf,
    },
    /// The list brings its images along.
    #[error(
        "{} holds the images of its pairs, so {} beside it would not be read: leave `images` out", list.display(),
        images.display()
    )]
    OwnImages {
        /// The list.
        list: PathBuf,
        /// What is given for its images.
        images: PathBuf,
    },
    /// A verification set cannot be read.
    #[error("failed to read the pairs of a verification set")]
    Verification(#[source] FolderError),
    /// A pair of a verification set is wrong.
    #[error("{}, pair {pair}, counted from 0: {problem}", path.display())]
    Pair {
        /// The file.
        path: PathBuf,
        /// The pair, from 0.
        pair: u64,
        /// What is wrong.
        problem: PairProblem,
    },
    /// The list has no pair.
    #[error("{} has no pair", path.display())]
    Empty {
        /// The list.
        path: PathBuf,
    },
    /// A line of the list is wrong.
    #[error("{}, line {line}: {problem}", path.display())]
    Line {
        /// The list.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        problem: PairProblem,
    },
    /// The list cannot be kept in the cache.
    #[error("failed to write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What is wrong in a line of a pair list.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PairProblem {
    /// Not a label.
    #[error("`same` is `{0}`; allowed are 1, 0, true, false")]
    Label(String),
    /// Not a fold.
    #[error("`fold` is `{0}`; a whole number is needed, in every line or in none")]
    Fold(String),
    /// Neither a name and two numbers, nor two names with a number each.
    #[error("`{0}` is neither `NAME I J` nor `NAME I NAME J`")]
    NotAPair(String),
    /// LFW's files have the same pairs of a fold first, then its different ones.
    #[error("pair {position} of its fold should be of {} by the first line", if *same { "the same person" } else { "different people" })]
    Order {
        /// Place in the fold, from 1.
        position: u64,
        /// What the first line promises.
        same: bool,
    },
    /// Fewer or more pairs than promised.
    #[error("the first line promises {promised} pairs, and there are {found}")]
    Count {
        /// Pairs by the first line.
        promised: u64,
        /// Pairs there are.
        found: u64,
    },
    /// No such image.
    #[error("there is no image `{name}` in {}", folder.display())]
    NoImage {
        /// As written.
        name: String,
        /// The folder looked in.
        folder: PathBuf,
    },
    /// The image is there and is no image.
    #[error("the image `{name}` cannot be used: {reason}")]
    LeftOut {
        /// As written.
        name: String,
        /// Why.
        reason: String,
    },
    /// An image is always like itself.
    #[error("both images are `{0}`")]
    Itself(String),
    /// One pair with two labels.
    #[error("line {first} gives the same pair another label")]
    Contradiction {
        /// The earlier line.
        first: u64,
    },
}
