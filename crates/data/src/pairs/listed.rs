//! Pair lists in files: which form a file has, and which images its names mean.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    ops::Range,
    path::Path,
};

use super::{Pair, PairProblem, PairsError, csv, lfw, verification};
use crate::{
    container::{self, LeftOut, Located},
    images::Images,
};

/// A pair as a file writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// From 1; of a verification set, the pair's number from 0.
    pub(crate) line: u64,
    pub(crate) names: [String; 2],
    pub(crate) same: bool,
    pub(crate) fold: Option<u32>,
}

/// The images that a list's names are of.
#[derive(Debug, Clone)]
pub(crate) struct Library<'a> {
    pub(crate) images: &'a Images,
    pub(crate) range: Range<usize>,
    pub(crate) root: &'a Path,
    pub(crate) left_out: &'a [LeftOut],
}

/// What a list is, found out by looking.
pub(crate) enum Form {
    /// With this first line.
    Lfw(lfw::Header),
    Csv,
    Verification(Located),
}

impl Form {
    pub(crate) fn in_words(&self) -> &'static str {
        match self {
            Self::Lfw(_) => "pairs as LFW's pairs.txt has them",
            Self::Csv => "a CSV list of pairs",
            Self::Verification(_) => "a verification set",
        }
    }

    /// What is wrong in a line of the list in `path`.
    pub(crate) fn error(&self, path: &Path, line: u64, problem: PairProblem) -> PairsError {
        let path = path.to_owned();
        match self {
            Self::Verification(_) => PairsError::Pair { path, pair: line, problem },
            Self::Lfw(_) | Self::Csv => PairsError::Line { path, line, problem },
        }
    }

    /// Whether names leave the endings of files out.
    pub(crate) fn is_without_endings(&self) -> bool {
        matches!(self, Self::Lfw(_))
    }
}

/// A list as its file has it.
pub(crate) fn written(path: &Path) -> Result<(Form, Vec<Written>), PairsError> {
    let form = form(path)?;
    let written = match form {
        Form::Lfw(header) => {
            if let Some(people) = lfw::people(path)? {
                return Err(PairsError::People { path: path.to_owned(), people });
            }
            lfw::read(path, header)?
        }
        Form::Csv => csv::read(path)?,
        Form::Verification(ref located) => verification::read(located)?,
    };
    if written.is_empty() {
        return Err(PairsError::Empty { path: path.to_owned() });
    }
    Ok((form, written))
}

fn form(path: &Path) -> Result<Form, PairsError> {
    if let Ok(located) = container::locate(path)
        && located.form == container::Form::Verification
    {
        return Ok(Form::Verification(located));
    }
    let first = first_line(path)?;
    match lfw::Header::parse(&first) {
        Some(header) => Ok(Form::Lfw(header)),
        None if first.contains(',') => Ok(Form::Csv),
        None => Err(PairsError::UnknownForm { path: path.to_owned(), first }),
    }
}

/// Reads the list in `path`, whichever form it has.
pub(crate) fn read(path: &Path, library: &Library<'_>) -> Result<Vec<Pair>, PairsError> {
    let (form, written) = written(path)?;
    let names = if form.is_without_endings() {
        stems(library)?
    } else {
        library.images.by_name(library.range.clone())
    };
    let mut pairs = Vec::with_capacity(written.len());
    for pair in &written {
        let error = |problem| form.error(path, pair.line, problem);
        pairs.push(resolve(pair, &names, library).map_err(error)?);
    }
    let lines = written.iter().map(|written| written.line).zip(pairs.iter().copied());
    match contradictions(lines).into_iter().next() {
        Some((line, problem)) => Err(form.error(path, line, problem)),
        None => Ok(pairs),
    }
}

/// Enough of the first line to know the form and to show it.
fn first_line(path: &Path) -> Result<String, PairsError> {
    let read = || {
        let mut line = Vec::new();
        // A pipe would be waited for without end.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        BufReader::new(File::open(path)?).take(200).read_until(b'\n', &mut line)?;
        if line.starts_with(b"\xFF\xFE") || line.starts_with(b"\xFE\xFF") {
            return Err(io::Error::other("it is in UTF-16: save it as UTF-8"));
        }
        let line = String::from_utf8_lossy(&line);
        // Windows' editors begin a text with a byte order mark.
        Ok(line.trim_start_matches('\u{feff}').trim().to_owned())
    };
    read().map_err(|source| PairsError::Read { path: path.to_owned(), source })
}

pub(crate) fn stems<'a>(library: &Library<'a>) -> Result<BTreeMap<&'a str, usize>, PairsError> {
    let mut stems = BTreeMap::new();
    for image in library.range.clone() {
        let name = library.images.name(image);
        if let Some(first) = stems.insert(stem(name), image) {
            let [first, second] = [library.images.name(first), name].map(|name| library.root.join(name));
            return Err(PairsError::Ambiguous { first, second });
        }
    }
    Ok(stems)
}

pub(crate) fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

pub(crate) fn resolve(
    written: &Written,
    names: &BTreeMap<&str, usize>,
    library: &Library<'_>,
) -> Result<Pair, PairProblem> {
    let find = |name: &str| names.get(name).copied().ok_or_else(|| missing(name, library));
    let [a, b] = &written.names;
    let pair = Pair { a: find(a)?, b: find(b)?, same: written.same, fold: written.fold };
    if pair.a == pair.b { Err(PairProblem::Itself(a.clone())) } else { Ok(pair) }
}

fn missing(name: &str, library: &Library<'_>) -> PairProblem {
    let path = library.root.join(name);
    let is = |file: &&LeftOut| file.path == path || file.path.with_extension("") == path;
    match library.left_out.iter().find(is) {
        Some(file) => PairProblem::LeftOut { name: name.to_owned(), reason: file.reason.clone() },
        None => PairProblem::NoImage { name: name.to_owned(), folder: library.root.to_owned() },
    }
}

/// Pairs, each with its line, that have another label in an earlier line.
pub(crate) fn contradictions(pairs: impl Iterator<Item = (u64, Pair)>) -> Vec<(u64, PairProblem)> {
    let mut seen = BTreeMap::new();
    let contradiction = |(line, pair): (u64, Pair)| {
        let key = (pair.a.min(pair.b), pair.a.max(pair.b));
        let (first, same) = *seen.entry(key).or_insert((line, pair.same));
        (same != pair.same).then_some((line, PairProblem::Contradiction { first }))
    };
    pairs.filter_map(contradiction).collect()
}
