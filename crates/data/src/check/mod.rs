//! What may be wrong with a set of images, beside what a split and lists of pairs do with them.
//!
//! Everything is found in what the cache holds: the digest of each file, its size, and its pixels at one size.

mod copies;
mod groups;
mod hash;
mod looks;
mod near;
mod people;
mod problem;
mod quality;
mod shared;
mod usage;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use arclab_spec::config::SplitConfig;

use self::{looks::Looks, shared::Shared, usage::Usage};
pub use self::{
    people::Balance,
    problem::{Case, Problem},
    quality::SizeCount,
    shared::TestedOn,
    usage::TestList,
};
use crate::{
    cache::CacheError,
    container::{LeftOut, holds_its_images},
    gallery::Gallery,
    images::Images,
    pairs::PairsError,
    progress::Progress,
    split::SplitError,
};

/// What is looked at.
#[derive(Debug, Clone)]
pub struct CheckRequest {
    /// The set, in any form.
    pub set: PathBuf,
    /// Side in pixels that images are brought to, as runs bring them.
    pub size: u32,
    /// Which image serves for what.
    pub split: Option<SplitConfig>,
    /// Pairs that test. Without a split, and where all of them are of images elsewhere, the whole set is what trains.
    pub lists: Vec<TestList>,
}

/// Why a set cannot be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// Its images.
    #[error("failed to prepare the images")]
    Images(#[from] CacheError),
    /// The split.
    #[error("failed to split the data set")]
    Split(#[from] SplitError),
    /// A list of pairs.
    #[error("failed to read the pairs in {}", list.display())]
    Pairs {
        /// The list.
        list: PathBuf,
        /// Why.
        source: PairsError,
    },
}

/// What was found of a set.
#[derive(Debug)]
pub struct Checked {
    /// Its images, then those of lists that have some of their own; all numbers below refer to them.
    pub images: Images,
    /// How many of them are the set's.
    pub own: usize,
    /// What was looked for, and where it was found. What needs a split, pairs, a network
    /// or sizes that were not at hand is not there.
    pub found: BTreeMap<Problem, Vec<Case>>,
    /// The sizes of the files, the most frequent first.
    pub sizes: Vec<SizeCount>,
    /// How images are spread over people.
    pub balance: Balance,
    /// What the tests are on.
    pub tests: Vec<TestedOn>,
    /// What a person should know of how the set was read.
    pub notes: Vec<String>,
}

/// Looks for all of it.
pub fn check(request: &CheckRequest, cache: &Path, progress: &dyn Progress) -> Result<Checked, CheckError> {
    let mut gallery = Gallery::new(cache, request.size, progress);
    let set = gallery.folder(&request.set)?;
    let own = gallery.images().len();
    let mut usage = Usage::default();
    if let Some(split) = &request.split {
        usage.of_split(split, &set, &gallery)?;
    }
    for test in &request.lists {
        let images = test.images.as_ref().or_else(|| Some(&test.list).filter(|list| holds_its_images(list)));
        let opened = images.map_or_else(|| Ok(set.clone()), |images| gallery.folder(images))?;
        usage.of_list(test, &opened, &gallery)?;
    }
    let is_elsewhere = usage.are_elsewhere(own);
    if request.split.is_none() && is_elsewhere {
        usage.all_train(own, gallery.images());
    }
    let (images, left_out, mut notes) = gallery.finish();
    let looks = Looks::new(&images, own, &usage);
    notes.extend(looks.note);
    let mut found = of_images(&images, own);
    found.extend([(Problem::NearWithin, looks.within), (Problem::NearAcross, looks.across)]);
    found.insert(Problem::LeftOut, left_out.iter().map(no_image).collect());
    let balance = people::balance(&images, own);
    found.insert(Problem::Alone, people::alone(&balance, &images, own));
    let (shared, is_known) = (Shared::new(&images, &usage), request.split.is_some() || is_elsewhere);
    if request.split.is_some() {
        found.insert(Problem::TrainedPeople, shared.people());
    }
    if is_known {
        found.insert(Problem::TrainsAndTests, shared.images());
        found.insert(Problem::LooksTested, looks.tested);
    }
    let tests = shared.tests(is_known);
    if request.split.is_some() || !request.lists.is_empty() {
        found.extend([(Problem::Missing, usage.missing), (Problem::Refused, usage.refused)]);
    }
    Ok(Checked { own, found, sizes: quality::sizes(&images, own), balance, tests, notes, images })
}

fn no_image(file: &LeftOut) -> Case {
    Case::new([], format!("{}: {}", file.path.display(), file.reason))
}

/// What the first `own` images show by themselves, one by one or as equal files.
fn of_images(images: &Images, own: usize) -> BTreeMap<Problem, Vec<Case>> {
    let [copies_within, copies_across] = copies::copies(images, own);
    let mut found = BTreeMap::from([
        (Problem::CopiesWithin, copies_within),
        (Problem::CopiesAcross, copies_across),
        (Problem::Grey, quality::grey(images, own)),
        (Problem::Blurred, quality::worst(images, own, |measures| measures.blur)),
        (Problem::Dark, quality::worst(images, own, |measures| -measures.brightness)),
    ]);
    found.extend(quality::small(images, own).map(|small| (Problem::Small, small)));
    found
}
