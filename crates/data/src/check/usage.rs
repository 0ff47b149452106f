//! Which image serves for what, as a split and lists of pairs have it, mistakes included: what a run refuses at its first one is
//! told here of all.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    fmt::Display,
    ops::Range,
    path::{Path, PathBuf},
};

use arclab_spec::config::SplitConfig;

use super::{CheckError, problem::Case};
use crate::{
    gallery::{Gallery, Opened},
    images::Images,
    pairs::{self, PairProblem},
    split::{self, Part, Row, Sample, Split, SplitError, SplitProblem, Whole},
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
    /// What the split says of an image, and whom it calls it; by mistake more than once.
    pub(super) parts_of: BTreeMap<usize, Vec<(Part, String)>>,
    pub(super) tests: Vec<Test>,
    /// Names without an image.
    pub(super) missing: Vec<Case>,
    /// Lines that a run refuses for another reason.
    pub(super) refused: Vec<Case>,
}

impl Usage {
    /// Whether an image trains or validates.
    pub(super) fn trains(&self, image: usize) -> bool {
        self.parts_of
            .get(&image)
            .into_iter()
            .flatten()
            .any(|(part, _)| matches!(part, Part::Train | Part::Validation))
    }

    /// Whether there are tests, and all of images behind the set's `own`.
    pub(super) fn are_elsewhere(&self, own: usize) -> bool {
        !self.tests.is_empty() && self.tests.iter().all(|test| test.images.start >= own)
    }

    /// Has all of the set's `own` images train, as their folders are named.
    pub(super) fn all_train(&mut self, own: usize, images: &Images) {
        let part = |image| (image, vec![(Part::Train, images.record(image).identity().to_owned())]);
        self.parts_of.extend((0..own).map(part));
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
            SplitConfig::File { file, .. } => self.of_file(file, &whole)?,
        }
        for part in [Part::ClosedTest, Part::OpenTest] {
            let of = self.parts_of.iter().filter(|(_, parts)| parts.iter().any(|(found, _)| *found == part));
            let of: BTreeMap<usize, usize> = of.map(|(&image, _)| (image, 0)).collect();
            if !of.is_empty() {
                let (name, images) = (part.name().to_owned(), whole.range.clone());
                self.tests.push(Test { name, pairs: None, images, of });
            }
        }
        Ok(())
    }

    fn of_file(&mut self, file: &Path, whole: &Whole<'_>) -> Result<(), CheckError> {
        let names = whole.images.by_name(whole.range.clone());
        let left_out: BTreeSet<&Path> = whole.left_out.iter().map(|left| left.path.as_path()).collect();
        let (mut usable, mut seen): (Vec<Row>, BTreeMap<String, u64>) = Default::default();
        let mut wrong: Vec<(u64, SplitProblem)> = Vec::new();
        for row in split::rows(file)? {
            let row = match row {
                Ok(row) => row,
                Err(problem) => {
                    wrong.push(problem);
                    continue;
                }
            };
            match seen.entry(row.name.clone()) {
                Entry::Occupied(first) => {
                    let (path, first) = (row.name.clone(), *first.get());
                    wrong.push((row.line, SplitProblem::Repeated { path, first }));
                }
                Entry::Vacant(entry) => {
                    entry.insert(row.line);
                }
            }
            if let Some(&image) = names.get(row.name.as_str()) {
                self.parts_of.entry(image).or_default().push((row.part, row.identity.clone()));
                usable.push(row);
            } else if !left_out.contains(whole.root.join(&row.name).as_path()) {
                self.missing.push(at_line(file, row.line, &row.name));
            }
        }
        // Of people who train and are of the open test is told with their images.
        let people = split::wrong_people(usable.iter()).into_iter();
        wrong.extend(people.filter(|(_, problem)| !matches!(problem, SplitProblem::Trained { .. })));
        wrong.sort_by_key(|(line, _)| *line);
        self.refused.extend(wrong.iter().map(|(line, problem)| at_line(file, *line, problem)));
        self.refused.extend(too_few(file, &usable).map(|error| Case::new([], error.to_string())));
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
            self.parts_of.extend(samples.iter().map(|sample| (sample.image, vec![(part, folder(sample))])));
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
        if form.is_without_endings()
            && let Err(ambiguous) = pairs::stems(&library)
        {
            self.refused.push(Case::new([], ambiguous.to_string()));
        }
        let (mut of, mut resolved, mut wrong) = (BTreeMap::new(), Vec::new(), Vec::new());
        for pair in &written {
            for name in &pair.names {
                if let Some(&image) = images.get(name.as_str()) {
                    *of.entry(image).or_default() += 1;
                } else {
                    self.missing.push(at_line(&test.list, pair.line, name));
                }
            }
            match pairs::resolve(pair, &images, &library) {
                Ok(found) => resolved.push((pair.line, found)),
                // Told above, of both images.
                Err(PairProblem::NoImage { .. } | PairProblem::LeftOut { .. }) => {}
                Err(problem) => wrong.push((pair.line, problem)),
            }
        }
        wrong.extend(pairs::contradictions(resolved.into_iter()));
        wrong.sort_by_key(|(line, _)| *line);
        let wrong = wrong.into_iter().map(|(line, problem)| form.error(&test.list, line, problem));
        self.refused.extend(wrong.map(|error| Case::new([], error.to_string())));
        let (pairs, images) = (Some(written.len()), library.range.clone());
        self.tests.push(Test { name: test.name.clone(), pairs, images, of });
        Ok(())
    }
}

fn at_line(file: &Path, line: u64, what: impl Display) -> Case {
    Case::new([], format!("{}, line {line}: {what}", file.display()))
}

/// That a network has nobody to tell apart.
fn too_few(file: &Path, rows: &[Row]) -> Option<SplitError> {
    let train = rows.iter().filter(|row| row.part == Part::Train);
    let people: BTreeSet<&str> = train.map(|row| row.identity.as_str()).collect();
    let file = file.to_owned();
    match people.first() {
        None => Some(SplitError::NoTraining { file }),
        Some(&identity) if people.len() == 1 => {
            Some(SplitError::OneClass { file, identity: identity.to_owned() })
        }
        Some(_) => None,
    }
}
