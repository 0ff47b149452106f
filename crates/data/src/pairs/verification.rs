//! The pairs of a verification set, which holds their images, too.

use std::path::Path;

use super::{PairsError, listed::Written};
use crate::container::{Container, Located};

/// Pair k is of images 2k and 2k + 1; its line is k. Its folds are left to the threshold, which cuts the list into parts of
/// consecutive pairs, as `InsightFace` does.
pub(super) fn read(located: &Located) -> Result<Vec<Written>, PairsError> {
    let set = Container::open(located.clone(), Path::new("")).map_err(PairsError::Verification)?;
    let names: Vec<String> = set.listing.candidates.into_iter().map(|candidate| candidate.name).collect();
    let (pairs, _) = names.as_chunks::<2>();
    let same = set.listing.same.unwrap_or_default();
    let written = |((line, names), same): ((u64, &[String; 2]), bool)| Written {
        line,
        names: names.clone(),
        same,
        fold: None,
    };
    Ok((0..).zip(pairs).zip(same).map(written).collect())
}
