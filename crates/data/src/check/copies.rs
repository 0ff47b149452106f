//! Images of equal files.

use std::collections::{BTreeMap, BTreeSet};

use super::problem::Case;
use crate::images::Images;

/// Whether these images are said to be of several people.
fn is_across(images: &Images, group: &[usize]) -> bool {
    group.iter().map(|&image| images.record(image).identity()).collect::<BTreeSet<_>>().len() > 1
}

/// Groups of equal files among the first `own` images: of one person, and of several.
pub(super) fn copies(images: &Images, own: usize) -> [Vec<Case>; 2] {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for image in 0..own {
        groups.entry(images.content(image).as_str()).or_default().push(image);
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().filter(|group| group.len() > 1).collect();
    groups.sort();
    let (across, within): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| is_across(images, group));
    [within, across].map(|groups| groups.into_iter().map(Case::of).collect())
}
