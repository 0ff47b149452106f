//! Labelled pairs of images: drawn from a part of the split, or listed in a file.

mod csv;
mod drawn;
mod error;
mod lfw;
mod listed;
mod partners;
mod supply;
mod verification;

use std::{collections::BTreeSet, fs, io, path::Path};

use arclab_spec::Fingerprint;

pub(crate) use self::drawn::{Drawn, Wanted, draw};
pub use self::error::{PairProblem, PairsError};
pub use self::lfw::PeopleCounts;
pub(crate) use self::listed::{Library, Written, contradictions, read, resolve, stem, stems, written};
pub use self::supply::Supply;
use crate::{images::Images, replace::replace};

/// Two images, and whether they show one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Number of the first image in [`Images`].
    pub a: usize,
    /// Number of the second.
    pub b: usize,
    /// Whether they are labelled as the same person.
    pub same: bool,
    /// Fold, where the list names one.
    pub fold: Option<u32>,
}

/// Labelled pairs in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairList {
    /// Covers names, labels, folds and the images' content, but not the image size. A file of this name lies in the
    /// cache's `pairs` folder.
    pub fingerprint: Fingerprint,
    /// The pairs.
    pub pairs: Vec<Pair>,
}

impl PairList {
    /// Makes a list of `pairs` and leaves its file in `cache`.
    pub(crate) fn keep(pairs: Vec<Pair>, images: &Images, cache: &Path) -> Result<Self, PairsError> {
        let csv = to_csv(&pairs, images);
        let fingerprint = fingerprint(&csv, &pairs, images);
        let folder = cache.join("pairs");
        let path = folder.join(format!("{fingerprint}.csv"));
        write_once(&folder, &path, &csv).map_err(|source| PairsError::Write { path, source })?;
        Ok(Self { fingerprint, pairs })
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The truth of each pair.
    pub fn same(&self) -> Vec<bool> {
        self.pairs.iter().map(|pair| pair.same).collect()
    }

    /// The fold of each pair, where the list names folds.
    pub fn folds(&self) -> Option<Vec<u32>> {
        self.pairs
            .iter()
            .map(|pair| pair.fold)
            .collect::<Option<Vec<u32>>>()
            .filter(|folds| !folds.is_empty())
    }

    /// Each image of the pairs once, in ascending order.
    pub fn images(&self) -> BTreeSet<usize> {
        self.pairs.iter().flat_map(|pair| [pair.a, pair.b]).collect()
    }
}

/// What the list's file says: `a,b,same,fold`, where the fold may be empty.
fn to_csv(pairs: &[Pair], images: &Images) -> Vec<u8> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let mut write = |record: [&str; 4]| writer.write_record(record).expect("memory takes every record");
    write(["a", "b", "same", "fold"]);
    for pair in pairs {
        let fold = pair.fold.map_or_else(String::new, |fold| fold.to_string());
        write([images.name(pair.a), images.name(pair.b), if pair.same { "1" } else { "0" }, &fold]);
    }
    writer.into_inner().expect("memory takes every record")
}

fn fingerprint(csv: &[u8], pairs: &[Pair], images: &Images) -> Fingerprint {
    let mut covered = csv.to_vec();
    for image in pairs.iter().flat_map(|pair| [pair.a, pair.b]) {
        covered.extend(images.content(image).as_str().as_bytes());
    }
    Fingerprint::of(&covered)
}

/// Writes what is not there yet; what somebody has changed is written anew.
pub(crate) fn write_once(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    replace(path, |writer| io::Write::write_all(writer, bytes))
}
