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

/// What a list of people in LFW's form holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeopleCounts {
    /// Sets of people; 1 of `peopleDevTrain.txt` and `peopleDevTest.txt`.
    pub sets: usize,
    /// People in all of them.
    pub people: usize,
    /// Their images.
    pub images: u64,
}

/// Counts what `path` holds where it is LFW's `people.txt`: a count of sets, then of each a count of people and so many lines
/// `NAME IMAGES`; or a single set. `None` of anything else.
pub(super) fn people(path: &Path) -> Result<Option<PeopleCounts>, PairsError> {
    let text =
        fs::read_to_string(path).map_err(|source| PairsError::Read { path: path.to_owned(), source })?;
    Ok(count_people(&text))
}

fn count_people(text: &str) -> Option<PeopleCounts> {
    let mut lines =
        text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|line| !line.is_empty());
    let first: usize = lines.next()?.parse().ok()?;
    let mut rest = lines.peekable();
    let is_of_sets = rest.peek()?.parse::<usize>().is_ok();
    let (mut people, mut images, mut promised, mut sets) = (0, 0, if is_of_sets { 0 } else { first }, 0);
    for line in rest {
        match line.split('\t').map(str::trim).collect::<Vec<_>>().as_slice() {
            [count] => {
                promised += count.parse::<usize>().ok()?;
                sets += 1;
            }
            [_, count] => {
                people += 1;
                images += count.parse::<u64>().ok()?;
            }
            _ => return None,
        }
    }
    let sets_are_right = if is_of_sets { sets == first } else { sets == 0 };
    (sets_are_right && people == promised).then_some(PeopleCounts { sets: sets.max(1), people, images })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_people_are_told_from_lists_of_pairs() {
        let of = |sets, people, images| Some(PeopleCounts { sets, people, images });
        assert_eq!(count_people("2\n2\nann\t3\nbob\t1\n1\neve\t2\n"), of(2, 3, 6));
        assert_eq!(count_people("2\r\nann\t3\r\nbob\t1\r\n"), of(1, 2, 4));
        for other in ["1\nann 1 2\nann 1 bob 1\n", "2\nann\t3\n", "3\n1\nann\t3\n", "", "1\n", "x\nann\t3\n"]
        {
            assert_eq!(count_people(other), None, "{other:?}");
        }
    }
}
