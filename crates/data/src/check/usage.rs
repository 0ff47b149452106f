//! Which image serves for what, as a split and lists of pairs have it, mistakes included: what a run refuses at its first one is
//! told here of all.

use std::{collections::BTreeMap, ops::Range, path::PathBuf};

use arclab_spec::config::SplitConfig;

use super::{CheckError, problem::Case};
use crate::{
    gallery::{Gallery, Opened},
    images::Images,
    pairs,
    split::{self, Part, Sample, Split},
};

/// A list of labelled pairs that tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestList {
    /// For people and programs.
    pub name: String,
    /// The file.
    pub list: PathBuf,
    /// Where its images lie, where they are not the set's.
    pub images: Option<PathBuf>,
}

/// Images that a test is on.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) name: String,
    /// Where they are pairs.
    pub(super) pairs: Option<usize>,
    pub(super) images: Range<usize>,
    /// Of each image that it is on, on how many pairs.
    pub(super) of: BTreeMap<usize, usize>,
}

/// Which image serves for what.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// What the split says of an image, and whom it calls it.
    pub(super) part_of: BTreeMap<usize, (Part, String)>,
    pub(super) tests: Vec<Test>,
    /// Names without an image.
    pub(super) missing: Vec<Case>,
}

impl Usage {
    /// Whether an image trains or validates.
    pub(super) fn trains(&self, image: usize) -> bool {
        self.part_of.get(&image).is_some_and(|(part, _)| matches!(part, Part::Train | Part::Validation))
    }

    /// Whether there are tests, and all of images behind the set's `own`.
    pub(super) fn are_elsewhere(&self, own: usize) -> bool {
        !self.tests.is_empty() && self.tests.iter().all(|test| test.images.start >= own)
    }

    /// Has all of the set's `own` images train, as their folders are named.
    pub(super) fn all_train(&mut self, own: usize, images: &Images) {
        let part = |image| (image, (Part::Train, images.record(image).identity().to_owned()));
        self.part_of.extend((0..own).map(part));
    }

    pub(super) fn of_split(
        &mut self,
        config: &SplitConfig,
        set: &Opened,
        gallery: &Gallery<'_>,
    ) -> Result<(), CheckError> {
        let whole = set.to_split(gallery.images());
        match config {
            SplitConfig::Drawn { .. } => self.of_drawn(split::split(config, &whole)?, gallery),
            SplitConfig::File { file, .. } => {
                let names = whole.images.by_name(whole.range.clone());
                for row in split::rows(file)? {
                    if let Some(&image) = names.get(row.name.as_str()) {
                        self.part_of.insert(image, (row.part, row.identity));
                    } else if !whole.left_out.iter().any(|left| left.path == whole.root.join(&row.name)) {
                        let text = format!("{}, line {}: {}", file.display(), row.line, row.name);
                        self.missing.push(Case::new([], text));
                    }
                }
            }
        }
        for part in [Part::ClosedTest, Part::OpenTest] {
            let of = self.part_of.iter().filter(|(_, (found, _))| *found == part);
            let of: BTreeMap<usize, usize> = of.map(|(&image, _)| (image, 0)).collect();
            if !of.is_empty() {
                let (name, images) = (part.name().to_owned(), whole.range.clone());
                self.tests.push(Test { name, pairs: None, images, of });
            }
        }
        Ok(())
    }

    fn of_drawn(&mut self, split: Split, gallery: &Gallery<'_>) {
        let folder = |sample: &Sample| gallery.images().record(sample.image).identity().to_owned();
        let parts = [
            (Part::Train, split.train),
            (Part::Validation, split.validation),
            (Part::ClosedTest, split.closed_test),
            (Part::OpenTest, split.open_test),
        ];
        for (part, samples) in parts {
            self.part_of.extend(samples.iter().map(|sample| (sample.image, (part, folder(sample)))));
        }
    }

    /// Adds the pairs of `test`, whose images are those of `opened`.
    pub(super) fn of_list(
        &mut self,
        test: &TestList,
        opened: &Opened,
        gallery: &Gallery<'_>,
    ) -> Result<(), CheckError> {
        let library = opened.to_library(gallery.images());
        let error = |source| CheckError::Pairs { list: test.list.clone(), source };
        let (form, written) = pairs::written(&test.list).map_err(error)?;
        let name = |image| {
            let name = library.images.name(image);
            if form.is_without_endings() { pairs::stem(name) } else { name }
        };
        let images: BTreeMap<&str, usize> = library.range.clone().map(|image| (name(image), image)).collect();
        let mut of = BTreeMap::new();
        for pair in &written {
            for name in &pair.names {
                if let Some(&image) = images.get(name.as_str()) {
                    *of.entry(image).or_default() += 1;
                } else {
                    let text = format!("{}, line {}: {name}", test.list.display(), pair.line);
                    self.missing.push(Case::new([], text));
                }
            }
        }
        let (pairs, images) = (Some(written.len()), library.range.clone());
        self.tests.push(Test { name: test.name.clone(), pairs, images, of });
        Ok(())
    }
}
