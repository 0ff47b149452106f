//! The image sets that one preparation opens, each once.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use arclab_spec::config::Dataset;

use crate::{
    cache::{CacheError, ImageSet, Source},
    container::{self, Container, LeftOut},
    images::Images,
    pairs::Library,
    progress::Progress,
    split::Whole,
};

/// A data set that is at hand.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    root: PathBuf,
    range: Range<usize>,
    left_out: Vec<LeftOut>,
}

impl Opened {
    pub(crate) fn to_split<'a>(&'a self, images: &'a Images) -> Whole<'a> {
        Whole { images, range: self.range.clone(), root: &self.root, left_out: &self.left_out }
    }

    pub(crate) fn to_library<'a>(&'a self, images: &'a Images) -> Library<'a> {
        Library { images, range: self.range.clone(), root: &self.root, left_out: &self.left_out }
    }
}

/// Opens image sets and numbers their images on.
pub(crate) struct Gallery<'a> {
    cache: &'a Path,
    size: u32,
    progress: &'a dyn Progress,
    images: Images,
    opened: Vec<Opened>,
    notes: Vec<String>,
}

impl<'a> Gallery<'a> {
    pub(crate) fn new(cache: &'a Path, size: u32, progress: &'a dyn Progress) -> Self {
        Self { cache, size, progress, images: Images::new(size), opened: Vec::new(), notes: Vec::new() }
    }

    pub(crate) fn cache(&self) -> &Path {
        self.cache
    }

    pub(crate) fn images(&self) -> &Images {
        &self.images
    }

    /// The images of a data set.
    pub(crate) fn dataset(&mut self, dataset: &Dataset) -> Result<Opened, CacheError> {
        match dataset {
            Dataset::Folder(root) => self.folder(root),
            Dataset::Synthetic(config) => self.open(&Source::synthetic(config)),
        }
    }

    /// The images of a folder, or of a file of another form, which may be the data set's.
    pub(crate) fn folder(&mut self, path: &Path) -> Result<Opened, CacheError> {
        let located = container::locate(path)?;
        if let Some(opened) = self.opened.iter().find(|opened| opened.root == located.root) {
            return Ok(opened.clone());
        }
        let set = Container::open(located, self.cache)?.whole()?;
        self.notes.extend_from_slice(&set.listing.notes);
        self.open(&Source::Files(set))
    }

    /// All images, the files that gave none, and what a person should know of how they were read.
    pub(crate) fn finish(self) -> (Images, Vec<LeftOut>, Vec<String>) {
        let left_out = self.opened.into_iter().flat_map(|opened| opened.left_out).collect();
        (self.images, left_out, self.notes)
    }

    fn open(&mut self, source: &Source) -> Result<Opened, CacheError> {
        let set = ImageSet::open_or_build(self.cache, source, self.size, self.progress)?;
        let left_out = set.left_out.clone();
        let range = self.images.add(Arc::new(set));
        let opened = Opened { root: source.root().to_owned(), range, left_out };
        self.opened.push(opened.clone());
        Ok(opened)
    }
}
