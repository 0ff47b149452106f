//! Splits given by a CSV file with the columns `path,identity,split`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{Sample, Split, SplitError, SplitProblem, Whole, drawn::VALIDATION_CLUMP, hold_out::hold_out};
use crate::{
    random::{Draws, Purpose},
    table::{self, Table},
};

/// What an image serves for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Train,
    Validation,
    ClosedTest,
    OpenTest,
}

impl Part {
    const ALL: [Self; 4] = [Self::Train, Self::Validation, Self::ClosedTest, Self::OpenTest];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::ClosedTest => "closed_test",
            Self::OpenTest => "open_test",
        }
    }
}

/// A line as the file has it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) line: u64,
    pub(crate) name: String,
    pub(crate) identity: String,
    pub(crate) part: Part,
}

/// A line, by its number, that is of no use, and why.
pub(crate) type Wrong = (u64, SplitProblem);

/// A usable line.
#[derive(Debug)]
struct Line {
    image: usize,
    row: Row,
}

/// Reads the split in `path`; without validation images in it, draws a share of the training images for that.
pub(super) fn read(
    path: &Path,
    validation_images: f64,
    seed: u64,
    whole: &Whole<'_>,
) -> Result<Split, SplitError> {
    let error = |(line, problem)| SplitError::Line { file: path.to_owned(), line, problem };
    let lines = lines(path, whole)?;
    let rows = || lines.iter().map(|line| &line.row);
    let trained = first_training_lines(rows());
    if let Some(problem) = wrong_identities(rows(), &trained).next() {
        return Err(error(problem));
    }
    let classes: BTreeMap<&str, u32> = numbered(trained.keys().copied());
    match classes.keys().next() {
        None => return Err(SplitError::NoTraining { file: path.to_owned() }),
        Some(&identity) if classes.len() == 1 => {
            return Err(SplitError::OneClass { file: path.to_owned(), identity: identity.to_owned() });
        }
        Some(_) => {}
    }
    let mut split = assemble(&lines, &classes);
    if split.validation.is_empty() {
        draw_validation(&mut split, validation_images, seed, whole);
    }
    Ok(split)
}

/// The lines of `path`, or what is wrong with them, whether or not their images are there.
pub(crate) fn rows(path: &Path) -> Result<Vec<Result<Row, Wrong>>, SplitError> {
    let table = Table::read(path, &["path", "identity", "split"], &[])?;
    let row = |row: &table::Row| {
        let cell = |column| table.cell(row, column).unwrap_or_default();
        let part = part(cell("split"))?;
        let (name, identity) = (cell("path").to_owned(), cell("identity").to_owned());
        if identity.is_empty() {
            return Err(SplitProblem::NoIdentity);
        }
        Ok(Row { line: row.line, name, identity, part })
    };
    Ok(table.rows.iter().map(|line| row(line).map_err(|problem| (line.line, problem))).collect())
}

/// What a run refuses of people whose images are in these lines.
pub(crate) fn wrong_people<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Vec<Wrong> {
    wrong_identities(rows.clone(), &first_training_lines(rows)).collect()
}

fn lines(path: &Path, whole: &Whole<'_>) -> Result<Vec<Line>, SplitError> {
    let names = whole.images.by_name(whole.range.clone());
    let left_out: BTreeSet<&Path> = whole.left_out.iter().map(|file| file.path.as_path()).collect();
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut lines = Vec::new();
    let error = |(line, problem)| SplitError::Line { file: path.to_owned(), line, problem };
    for row in rows(path)? {
        let row = row.map_err(error)?;
        let (line, path) = (row.line, row.name.clone());
        if let Some(first) = seen.insert(path.clone(), line) {
            return Err(error((line, SplitProblem::Repeated { path, first })));
        }
        match names.get(path.as_str()) {
            Some(&image) => lines.push(Line { image, row }),
            // Reported among the files that do not decode.
            None if left_out.contains(whole.root.join(&path).as_path()) => {}
            None => return Err(error((line, SplitProblem::NoImage { path, folder: whole.root.to_owned() }))),
        }
    }
    Ok(lines)
}

fn part(text: &str) -> Result<Part, SplitProblem> {
    let part = Part::ALL.into_iter().find(|part| part.name() == text);
    part.ok_or_else(|| SplitProblem::UnknownSplit(text.to_owned()))
}

fn first_training_lines<'a>(rows: impl Iterator<Item = &'a Row>) -> BTreeMap<&'a str, u64> {
    let mut first = BTreeMap::new();
    for row in rows.filter(|row| row.part == Part::Train) {
        first.entry(row.identity.as_str()).or_insert(row.line);
    }
    first
}

/// Closed sets and validation show people of the training set, the open set others.
fn wrong_identities<'a>(
    rows: impl Iterator<Item = &'a Row>,
    trained: &BTreeMap<&str, u64>,
) -> impl Iterator<Item = Wrong> {
    rows.filter_map(|row| {
        let identity = row.identity.clone();
        let problem = match (row.part, trained.get(row.identity.as_str())) {
            (Part::OpenTest, Some(&trained)) => SplitProblem::Trained { identity, trained },
            (Part::Validation | Part::ClosedTest, None) => {
                SplitProblem::NotTrained { identity, part: row.part.name() }
            }
            (Part::Train | Part::Validation | Part::ClosedTest, Some(_))
            | (Part::Train | Part::OpenTest, None) => return None,
        };
        Some((row.line, problem))
    })
}

fn numbered<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, u32> {
    names.zip(0..).collect()
}

fn assemble(lines: &[Line], classes: &BTreeMap<&str, u32>) -> Split {
    let of = |part| lines.iter().filter(move |line| line.row.part == part);
    let others: BTreeSet<&str> = of(Part::OpenTest).map(|line| line.row.identity.as_str()).collect();
    let others = numbered(others.into_iter());
    let samples = |part, labels: &BTreeMap<&str, u32>| -> Vec<Sample> {
        let mut samples: Vec<Sample> = of(part)
            .map(|line| Sample { image: line.image, label: labels[line.row.identity.as_str()] })
            .collect();
        // The order of the file's lines changes nothing.
        samples.sort_unstable_by_key(|sample| sample.image);
        samples
    };
    Split {
        identities: classes.keys().map(|&name| name.to_owned()).collect(),
        train: samples(Part::Train, classes),
        validation: samples(Part::Validation, classes),
        closed_test: samples(Part::ClosedTest, classes),
        open_test: samples(Part::OpenTest, &others),
        left_out: Vec::new(),
    }
}

/// Moves `share` of the training images to validation, but none that has an exact copy in training.
fn draw_validation(split: &mut Split, share: f64, seed: u64, whole: &Whole<'_>) {
    let mut copies = BTreeMap::new();
    for sample in &split.train {
        *copies.entry(whole.images.content(sample.image)).or_insert(0_u32) += 1;
    }
    let mut groups = vec![Vec::new(); split.identities.len()];
    for sample in split.train.iter().filter(|sample| copies[whole.images.content(sample.image)] == 1) {
        groups[sample.label as usize].push(sample.image);
    }
    let held = hold_out(&groups, share, VALIDATION_CLUMP, Draws::new(seed, Purpose::ValidationImages)).held;
    let moved: BTreeSet<usize> = held.iter().flatten().copied().collect();
    (split.validation, split.train) = split.train.iter().partition(|sample| moved.contains(&sample.image));
}
