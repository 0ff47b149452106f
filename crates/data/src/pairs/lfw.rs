//! LFW's `pairs.txt`: a first line `FOLDS PAIRS` (or `PAIRS`, for one set without folds), then per fold so many lines
//! `NAME I J` of the same person and as many `NAME I NAME J` of different people. Image I of a person is the file
//! `NAME/NAME_000I`.

use std::{fs, path::Path};

use super::{PairProblem, PairsError, listed::Written};

/// The first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// `None` where the file is one set.
    folds: Option<u32>,
    /// Pairs of each kind in a fold.
    pairs: u32,
}

impl Header {
    /// `None` where the line is something else.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let numbers: Result<Vec<u32>, _> = line.split_whitespace().map(str::parse).collect();
        match *numbers.ok()?.as_slice() {
            [pairs] => Some(Self { folds: None, pairs }),
            [folds, pairs] => Some(Self { folds: Some(folds), pairs }),
            _ => None,
        }
    }

    fn promised(self) -> u64 {
        (2 * u64::from(self.pairs)).saturating_mul(u64::from(self.folds.unwrap_or(1)))
    }
}

pub(super) fn read(path: &Path, header: Header) -> Result<Vec<Written>, PairsError> {
    let text =
        fs::read_to_string(path).map_err(|source| PairsError::Read { path: path.to_owned(), source })?;
    parse(&text, header).map_err(|(line, problem)| PairsError::Line { path: path.to_owned(), line, problem })
}

fn parse(text: &str, header: Header) -> Result<Vec<Written>, (u64, PairProblem)> {
    let lines = text.lines().zip(1_u64..).skip(1).filter(|(text, _)| !text.trim().is_empty());
    let mut pairs = Vec::new();
    for ((text, line), number) in lines.zip(0_u64..) {
        let (names, same) =
            names(text).ok_or_else(|| (line, PairProblem::NotAPair(text.trim().to_owned())))?;
        if number < header.promised() {
            check_order(header, number, same).map_err(|problem| (line, problem))?;
        }
        let fold = header.folds.map(|_| (number / (2 * u64::from(header.pairs)).max(1)) as u32);
        pairs.push(Written { line, names, same, fold });
    }
    let (promised, found) = (header.promised(), pairs.len() as u64);
    if promised == found { Ok(pairs) } else { Err((1, PairProblem::Count { promised, found })) }
}

/// A missing line would otherwise shift all folds behind it.
fn check_order(header: Header, number: u64, same: bool) -> Result<(), PairProblem> {
    let place = number % (2 * u64::from(header.pairs));
    let expected = place < u64::from(header.pairs);
    if same == expected { Ok(()) } else { Err(PairProblem::Order { position: place + 1, same: expected }) }
}

fn names(line: &str) -> Option<([String; 2], bool)> {
    // Names of other sets in this form may hold blanks, but never tabs.
    let fields: Vec<&str> = if line.contains('\t') {
        line.split('\t').map(str::trim).collect()
    } else {
        line.split_whitespace().collect()
    };
    match *fields.as_slice() {
        [name, first, second] => Some(([image(name, first)?, image(name, second)?], true)),
        [name, first, other, second] => Some(([image(name, first)?, image(other, second)?], false)),
        _ => None,
    }
}

fn image(name: &str, number: &str) -> Option<String> {
    let number: u32 = number.parse().ok()?;
    (!name.is_empty()).then(|| format!("{name}/{name}_{number:04}"))
}
