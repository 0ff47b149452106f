//! Images that are unlike the others: grey, small, blurred, dark.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::problem::Case;
use crate::{images::Images, measure::Measures};

/// A file's size in pixels, and how many images have it; none of images that were cached before sizes were kept.
pub type SizeCount = (Option<[u32; 2]>, usize);

/// Grey images, unless most are: then grey is how the set is.
pub(super) fn grey(images: &Images, own: usize) -> Vec<Case> {
    let is_grey = |image: &usize| {
        let (pixels, _) = images.pixels(*image).as_chunks::<3>();
        pixels.iter().all(|&[red, green, blue]| red == green && green == blue)
    };
    let grey: Vec<usize> = (0..own).into_par_iter().filter(is_grey).collect();
    if grey.len() * 2 > own { Vec::new() } else { grey.into_iter().map(|image| Case::of([image])).collect() }
}

/// A hundredth of the images, the worst first.
pub(super) fn worst(images: &Images, own: usize, badness: fn(&Measures) -> f32) -> Vec<Case> {
    let mut order: Vec<usize> = (0..own).collect();
    order.sort_by(|&a, &b| badness(images.measures(b)).total_cmp(&badness(images.measures(a))));
    order.truncate(own / 100);
    order.into_iter().map(|image| Case::of([image])).collect()
}

/// Images whose shorter side has fewer pixels than the size that they are brought to, the smallest first;
/// `None` where the size of one is not known.
pub(super) fn small(images: &Images, own: usize) -> Option<Vec<Case>> {
    let shorter = |image: usize| images.record(image).size.map(|[width, height]| (width.min(height), image));
    let mut small: Vec<(u32, usize)> = (0..own).map(shorter).collect::<Option<_>>()?;
    small.retain(|(side, _)| *side < images.size());
    small.sort_unstable();
    let case = |(_, image): (u32, usize)| {
        let [width, height] = images.record(image).size.unwrap_or_default();
        Case::new([image], format!("{width} × {height}"))
    };
    Some(small.into_iter().map(case).collect())
}

/// The sizes that the files have, the most frequent first.
pub(super) fn sizes(images: &Images, own: usize) -> Vec<SizeCount> {
    let mut counts: BTreeMap<Option<[u32; 2]>, usize> = BTreeMap::new();
    for image in 0..own {
        *counts.entry(images.record(image).size).or_default() += 1;
    }
    let mut counts: Vec<SizeCount> = counts.into_iter().collect();
    // Stable, so that equals go from small to large.
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}
