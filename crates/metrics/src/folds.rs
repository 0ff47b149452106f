//! Which fold each pair belongs to.

use crate::{EvaluateError, FoldArrangement};

/// The folds of a pair list: number and place of each pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folds {
    /// Fold of each pair, from 0.
    of: Vec<u32>,
    count: usize,
    arrangement: FoldArrangement,
}

impl Folds {
    /// The folds of a list with this truth: its own where it lists them, else `wanted` contiguous ones (the first
    /// n mod k one longer, as scikit-learn's `KFold`), dealt out where the list is ordered by truth.
    pub fn arrange(same: &[bool], listed: Option<&[u32]>, wanted: u32) -> Result<Self, EvaluateError> {
        match listed {
            Some(listed) => Self::listed(same.len(), listed),
            None => Self::cut(same, wanted as usize),
        }
    }

    /// Fold of each pair, from 0, in the list's order.
    pub fn of(&self) -> &[u32] {
        &self.of
    }

    /// Number of folds.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How pairs came into their folds.
    pub fn arrangement(&self) -> FoldArrangement {
        self.arrangement
    }

    fn listed(pairs: usize, listed: &[u32]) -> Result<Self, EvaluateError> {
        if listed.len() != pairs {
            return Err(EvaluateError::FoldsDiffer { folds: listed.len(), pairs });
        }
        let mut numbers = listed.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.len() < 2 {
            return Err(EvaluateError::TooFewFolds { folds: numbers.len() });
        }
        let rank = |number: &u32| numbers.partition_point(|other| other < number) as u32;
        let of = listed.iter().map(rank).collect();
        Ok(Self { of, count: numbers.len(), arrangement: FoldArrangement::Listed })
    }

    fn cut(same: &[bool], count: usize) -> Result<Self, EvaluateError> {
        if count < 2 {
            return Err(EvaluateError::TooFewFolds { folds: count });
        }
        if count > same.len() {
            return Err(EvaluateError::MoreFoldsThanPairs { folds: count, pairs: same.len() });
        }
        let of = contiguous(same.len(), count);
        if is_ordered(same, &of, count) {
            return Ok(Self { of: deal(same, count), count, arrangement: FoldArrangement::Dealt });
        }
        Ok(Self { of, count, arrangement: FoldArrangement::Contiguous })
    }
}

fn contiguous(pairs: usize, count: usize) -> Vec<u32> {
    let sizes = (0..count).map(|fold| pairs / count + usize::from(fold < pairs % count));
    sizes.enumerate().flat_map(|(fold, size)| std::iter::repeat_n(fold as u32, size)).collect()
}

/// Same pairs in turn, then different pairs in turn, beginning where the same pairs stopped so that no two folds
/// differ by more than one pair.
fn deal(same: &[bool], count: usize) -> Vec<u32> {
    let (mut next_same, mut next_different) = (0, same.iter().filter(|&&same| same).count());
    let mut take = |same: bool| {
        let next = if same { &mut next_same } else { &mut next_different };
        *next += 1;
        ((*next - 1) % count) as u32
    };
    same.iter().map(|&same| take(same)).collect()
}

/// Whether these folds' shares of same pairs differ by more than a shuffled list's would: each kind is one block, or
/// Pearson's χ² over the folds is more than six standard deviations (√2ν) above its mean ν. Lists that alternate
/// within their folds, as LFW's does, stay far below.
fn is_ordered(same: &[bool], of: &[u32], count: usize) -> bool {
    let changes = same.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let freedom = (count - 1) as f64;
    changes == 1 || chi_squared(same, of, count) > freedom + 6.0 * (2.0 * freedom).sqrt()
}

fn chi_squared(same: &[bool], of: &[u32], count: usize) -> f64 {
    let share = same.iter().filter(|&&same| same).count() as f64 / same.len() as f64;
    let mut folds = vec![(0.0, 0.0); count];
    for (&same, &fold) in same.iter().zip(of) {
        let (pairs, found) = &mut folds[fold as usize];
        *pairs += 1.0;
        *found += f64::from(u8::from(same));
    }
    let term = |&(pairs, found): &(f64, f64)| {
        let surplus: f64 = found - pairs * share;
        surplus * surplus / (pairs * share * (1.0 - share))
    };
    folds.iter().map(term).sum()
}
