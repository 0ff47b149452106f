//! Splits drawn from a seed: identities first, then images within the others.

use std::collections::{BTreeMap, BTreeSet};

use super::{Sample, Split, SplitError, Whole, hold_out::hold_out};
use crate::{
    container::LeftOut,
    random::{Draws, Purpose},
};

/// Images of one identity that a closed test takes at least, if any: two make a pair.
const CLOSED_CLUMP: usize = 2;
/// Images of one identity that validate at least, if any: four make six pairs, and a tenth of a small data set has
/// few pairs otherwise.
pub(super) const VALIDATION_CLUMP: usize = 4;

/// How much goes where; each in (0, 1).
#[derive(Debug, Clone, Copy)]
pub(super) struct Shares {
    pub(super) open_identities: f64,
    pub(super) closed_images: f64,
    pub(super) validation_images: f64,
}

/// Draws a split. Exact copies of an image are left out, so that none trains and tests at once.
pub(super) fn draw(shares: &Shares, seed: u64, whole: &Whole<'_>) -> Result<Split, SplitError> {
    let (groups, left_out) = group(whole);
    if groups.len() < 3 {
        return Err(SplitError::TooFewIdentities { found: groups.len() });
    }
    let (known, open) = hold_identities_out(&groups, shares.open_identities, seed);
    let images: Vec<Vec<usize>> = known.iter().map(|(_, images)| (*images).clone()).collect();
    let draws = |purpose| Draws::new(seed, purpose);
    let closed = hold_out(&images, shares.closed_images, CLOSED_CLUMP, draws(Purpose::ClosedImages));
    let validation =
        hold_out(&closed.kept, shares.validation_images, VALIDATION_CLUMP, draws(Purpose::ValidationImages));
    let open: Vec<Vec<usize>> = open.iter().map(|(_, images)| (*images).clone()).collect();
    Ok(Split {
        identities: known.iter().map(|(name, _)| (*name).to_owned()).collect(),
        train: labelled(&validation.kept),
        validation: labelled(&validation.held),
        closed_test: labelled(&closed.held),
        open_test: labelled(&open),
        left_out,
    })
}

/// Samples of groups, the n-th of which is labelled n.
pub(super) fn labelled(groups: &[Vec<usize>]) -> Vec<Sample> {
    let of = |(label, images): (usize, &Vec<usize>)| -> Vec<Sample> {
        images.iter().map(|&image| Sample { image, label: label as u32 }).collect()
    };
    groups.iter().enumerate().flat_map(of).collect()
}

type Groups<'a> = BTreeMap<&'a str, Vec<usize>>;

/// Images by identity, each content once.
fn group<'a>(whole: &Whole<'a>) -> (Groups<'a>, Vec<LeftOut>) {
    let mut groups = Groups::new();
    let mut left_out = Vec::new();
    let mut seen = BTreeMap::new();
    for image in whole.range.clone() {
        let name = whole.images.name(image);
        if let Some(first) = seen.get(whole.images.content(image)) {
            let reason = format!("it is an exact copy of {first}");
            left_out.push(LeftOut { path: whole.root.join(name), reason });
        } else {
            seen.insert(whole.images.content(image), name);
            groups.entry(whole.images.record(image).identity()).or_default().push(image);
        }
    }
    (groups, left_out)
}

type Part<'a> = Vec<(&'a str, &'a Vec<usize>)>;

/// The identities that are trained on, and those of the open set.
fn hold_identities_out<'a>(groups: &'a Groups<'_>, share: f64, seed: u64) -> (Part<'a>, Part<'a>) {
    let count = ((share * groups.len() as f64).round() as usize).clamp(1, groups.len() - 2);
    let order = Draws::new(seed, Purpose::OpenIdentities).permutation(groups.len());
    let open: BTreeSet<usize> = order.into_iter().take(count).collect();
    let all = groups.iter().map(|(name, images)| (*name, images)).enumerate();
    let (open, known): (Vec<_>, Vec<_>) = all.partition(|(place, _)| open.contains(place));
    let without_place =
        |part: Vec<(usize, (&'a str, &'a Vec<usize>))>| part.into_iter().map(|(_, group)| group).collect();
    (without_place(known), without_place(open))
}
