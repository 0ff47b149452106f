//! Single pairs: which of them a run decides wrongly, how far off, and which of them another run mends or breaks.

mod album;
mod groups;
mod page;
mod png;
mod sheet;
mod table;

use arclab_metrics::EvaluateError;

pub(crate) use self::png::png_uri;
pub use self::{
    album::{Album, AttributeColumn, Photo, Picture},
    groups::{PhotoGroup, photo_groups},
    page::errors_page,
    sheet::contact_sheet,
    table::errors_listing,
};
use crate::{ErrorKind, Held, PairList, ProtocolResult, decided::Decided};

/// A pair that a run decides wrongly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WrongPair {
    /// Its place in the list, from 0.
    pub place: usize,
    /// In which way it is wrong.
    pub kind: ErrorKind,
    /// The run's score.
    pub held: Held,
    /// The score of the other run, and whether it mends what the first one decides wrongly; else it breaks what that decides
    /// rightly, and `held` is on the right side.
    pub other: Option<(Held, Change)>,
}

/// What a second run makes of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Wrong before, right now.
    Mended,
    /// Right before, wrong now.
    Broken,
}

impl WrongPair {
    /// How far its score lies on the wrong side of the threshold: that of the run that decides it wrongly.
    pub fn beyond(&self) -> f64 {
        match self.other {
            Some((other, Change::Broken)) => other.beyond(self.kind),
            Some((_, Change::Mended)) | None => self.held.beyond(self.kind),
        }
    }
}

/// The pairs that a run decides wrongly, the most wrong first.
pub fn wrong_pairs(result: &ProtocolResult, list: &PairList) -> Result<Vec<WrongPair>, EvaluateError> {
    let decided = Decided::new(result, list)?;
    let wrong = decided.pairs().iter().enumerate().filter_map(|(place, &(held, kind))| {
        held.is_wrong(kind).then_some(WrongPair { place, kind, held, other: None })
    });
    Ok(sorted(wrong.collect()))
}

/// The pairs on which two runs disagree: what `other` mends of `result`, and what it breaks, the most wrong first. Both are of one
/// list.
pub fn changed_pairs(
    result: &ProtocolResult,
    other: &ProtocolResult,
    list: &PairList,
) -> Result<Vec<WrongPair>, EvaluateError> {
    let (before, after) = (Decided::new(result, list)?, Decided::new(other, list)?);
    let both = before.pairs().iter().zip(after.pairs()).enumerate();
    let changed = both.filter_map(|(place, (&(held, kind), &(after, _)))| {
        let change = match (held.is_wrong(kind), after.is_wrong(kind)) {
            (true, false) => Change::Mended,
            (false, true) => Change::Broken,
            (true, true) | (false, false) => return None,
        };
        Some(WrongPair { place, kind, held, other: Some((after, change)) })
    });
    Ok(sorted(changed.collect()))
}

fn sorted(mut pairs: Vec<WrongPair>) -> Vec<WrongPair> {
    // Stable, so that equals keep the order of the list.
    pairs.sort_by(|a, b| b.beyond().total_cmp(&a.beyond()));
    pairs
}
