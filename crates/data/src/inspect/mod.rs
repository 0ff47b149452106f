//! What a set of images or a list of pairs is: its form, counts, a sample of its images, and what is wrong with it.
//!
//! Headers are read and no pixels, and those of a sample only, so that millions of images are looked at in seconds.

mod pairs;
mod problems;

use std::{collections::BTreeMap, path::PathBuf};

use rayon::prelude::*;

use self::problems::Problems;
pub use self::{
    pairs::{PairCounts, inspect_pairs},
    problems::{ProblemKind, by_kind},
};
use crate::{
    container::{Container, FolderError, Form, locate},
    decode::{Look, look},
    progress::Progress,
};

/// Names shown of a set.
const NAMES: usize = 5;
/// Headers read at once.
const CHUNK: usize = 256;

/// What a set of images is.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The folder or file, without links.
    pub path: PathBuf,
    /// Its form.
    pub form: Form,
    /// By what the form was recognised.
    pub sign: String,
    /// What else was found in the file.
    pub details: Vec<String>,
    /// What may be an image.
    pub images: usize,
    /// Numbers of images of each identity, in ascending order.
    pub images_per_identity: Vec<usize>,
    /// The first names.
    pub names: Vec<String>,
    /// Images whose headers were read.
    pub sampled: usize,
    /// Sorts of images in the sample, the most frequent first.
    pub sorts: Vec<(Sort, usize)>,
    /// What is wrong, the most frequent first.
    pub problems: Vec<ProblemKind>,
    /// Of a set that holds pairs.
    pub pairs: Option<PairCounts>,
    /// What a person should know of how the set was read.
    pub notes: Vec<String>,
}

/// A sort of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sort {
    /// `JPEG`, `PNG` or `PNM`.
    pub format: &'static str,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Whether there is one channel of light alone.
    pub is_grey: bool,
    /// Bits of a channel.
    pub bits: u8,
}

impl From<Look> for Sort {
    fn from(look: Look) -> Self {
        let Look { format, width, height, is_grey, bits } = look;
        Self { format, width, height, is_grey, bits }
    }
}

/// Looks at the set in `path`, and at the headers of `sample` of its images, evenly spread. What has to be unpacked for it
/// is kept in `cache`.
pub fn inspect(
    path: &std::path::Path,
    sample: usize,
    cache: &std::path::Path,
    progress: &dyn Progress,
) -> Result<Inspection, FolderError> {
    let set = Container::open(locate(path)?, cache)?;
    let mut problems = Problems::default();
    set.listing.left_out.iter().for_each(|file| problems.add(&file.path, &file.reason));
    set.listing.away.iter().for_each(|error| problems.away(error));
    let candidates = &set.listing.candidates;
    // Known of all without opening one.
    for empty in candidates.iter().filter(|candidate| candidate.stamp.bytes == 0) {
        problems.add(&set.located.root.join(&empty.name), "it is empty");
    }
    let looked = looks(&set, sample, progress);
    let sorts = sorts(&set, &looked, &mut problems);
    Ok(Inspection {
        images: candidates.len(),
        images_per_identity: images_per_identity(&set),
        names: candidates.iter().take(NAMES).map(|one| one.name.clone()).collect(),
        sampled: looked.len(),
        sorts,
        problems: problems.sorted(),
        pairs: set.listing.same.as_deref().map(PairCounts::of_same),
        path: set.located.root,
        form: set.located.form,
        sign: set.located.sign,
        details: set.listing.details,
        notes: set.listing.notes,
    })
}

/// The sorts of images that were looked at, the most frequent first.
fn sorts(set: &Container, looked: &[(usize, Looked)], problems: &mut Problems) -> Vec<(Sort, usize)> {
    let mut sorts: BTreeMap<Sort, usize> = BTreeMap::new();
    for (position, found) in looked {
        let candidate = &set.listing.candidates[*position];
        match found {
            Ok(Ok(look)) => *sorts.entry((*look).into()).or_default() += 1,
            // Empty ones are known already.
            Ok(Err(_)) if candidate.stamp.bytes == 0 => {}
            Ok(Err(reason)) => problems.add(&set.located.root.join(&candidate.name), reason),
            Err(error) => problems.away(error),
        }
    }
    let mut sorts: Vec<(Sort, usize)> = sorts.into_iter().collect();
    sorts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    sorts
}

/// A header, or why there is none, or why that cannot be known now.
type Looked = Result<Result<Look, String>, FolderError>;

fn looks(set: &Container, sample: usize, progress: &dyn Progress) -> Vec<(usize, Looked)> {
    let total = set.listing.candidates.len();
    let count = sample.min(total);
    let positions: Vec<usize> = (0..count).map(|place| place * total / count).collect();
    let title = set.located.root.display().to_string();
    let mut looked = Vec::with_capacity(count);
    for chunk in positions.chunks(CHUNK) {
        looked.par_extend(chunk.par_iter().map(|&position| (position, look_at(set, position))));
        progress.images(&title, looked.len(), count);
    }
    looked
}

fn look_at(set: &Container, position: usize) -> Looked {
    Ok(set.bytes(position)?.and_then(|bytes| look(&bytes).map_err(|error| error.to_string())))
}

fn images_per_identity(set: &Container) -> Vec<usize> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for candidate in &set.listing.candidates {
        *counts.entry(candidate.identity()).or_default() += 1;
    }
    let mut counts: Vec<usize> = counts.into_values().collect();
    counts.sort_unstable();
    counts
}
