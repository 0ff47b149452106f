//! What a list of pairs is.

use std::{collections::BTreeSet, path::Path};

use crate::pairs::{PairsError, Written, written};

/// What a list of pairs holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairCounts {
    /// Its form, in words.
    pub form: &'static str,
    /// Pairs of one person.
    pub same: usize,
    /// Pairs of two people.
    pub different: usize,
    /// Folds, where the list names them.
    pub folds: Option<usize>,
    /// The names of the first pair.
    pub first: Option<[String; 2]>,
}

impl PairCounts {
    /// Of a verification set.
    pub(super) fn of_same(same: &[bool]) -> Self {
        let of_one = same.iter().filter(|same| **same).count();
        let form = "a verification set";
        Self { form, same: of_one, different: same.len() - of_one, folds: None, first: None }
    }
}

/// Looks at the list of pairs in `path`; whether its images are there is not asked.
pub fn inspect_pairs(path: &Path) -> Result<PairCounts, PairsError> {
    let (form, pairs) = written(path)?;
    let same = pairs.iter().filter(|pair| pair.same).count();
    let folds: BTreeSet<u32> = pairs.iter().filter_map(|pair| pair.fold).collect();
    Ok(PairCounts {
        form: form.in_words(),
        same,
        different: pairs.len() - same,
        folds: (!folds.is_empty()).then_some(folds.len()),
        first: pairs.into_iter().next().map(|Written { names, .. }| names),
    })
}
