//! What may be wrong with a set of images: copies within and across people, grey among colour, people with few photos.
//!
//! Everything is found in what the cache holds: the digest of each file, and its pixels at one size.

mod hash;
mod near;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use rayon::prelude::*;

use crate::{
    cache::CacheError,
    container::LeftOut,
    gallery::Gallery,
    images::Images,
    measure::{Attribute, Measures},
    progress::Progress,
};

pub use self::near::NearPair;

/// Side in pixels of the images that are compared.
const SIZE: u32 = 64;

/// What was found of a set.
#[derive(Debug)]
pub struct Checked {
    /// Its images, to which all numbers below refer.
    pub images: Images,
    /// Files that gave no image, and why.
    pub left_out: Vec<LeftOut>,
    /// Images of equal files, each group in the order of their names.
    pub copies: Vec<Vec<usize>>,
    /// Images that look the same, of unequal files: the most alike first.
    pub near: Vec<NearPair>,
    /// Grey images, where most have colour; else none.
    pub grey: Vec<usize>,
    /// The most blurred and the darkest hundredth, the worst first.
    pub poor: BTreeMap<&'static str, Vec<usize>>,
    /// Images of each identity, fewest first.
    pub identities: Vec<(String, usize)>,
}

/// Looks for all of it in the set of any form at `path`.
pub fn check(path: &Path, cache: &Path, progress: &dyn Progress) -> Result<Checked, CacheError> {
    let mut gallery = Gallery::new(cache, SIZE, progress);
    gallery.folder(path)?;
    let (images, left_out, _) = gallery.finish();
    let hashes: Vec<_> = (0..images.len())
        .into_par_iter()
        .map(|image| hash::difference_hash(images.pixels(image), images.size()))
        .collect();
    let copies = copies(&images);
    let mut near = near::pairs(&hashes);
    near.retain(|pair| images.content(pair.a) != images.content(pair.b));
    Ok(Checked {
        copies,
        near,
        grey: grey(&images),
        poor: poor(&images),
        identities: identities(&images),
        images,
        left_out,
    })
}

impl Checked {
    /// The folder of an image, which is whom it shows.
    pub fn identity(&self, image: usize) -> &str {
        self.images.record(image).identity()
    }

    /// Whether these images are said to be of several people.
    pub fn is_across(&self, images: &[usize]) -> bool {
        images.iter().map(|&image| self.identity(image)).collect::<BTreeSet<_>>().len() > 1
    }
}

fn copies(images: &Images) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for image in 0..images.len() {
        groups.entry(images.content(image).as_str()).or_default().push(image);
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().filter(|group| group.len() > 1).collect();
    groups.sort();
    groups
}

/// Grey images, unless most are: then grey is how the set is.
fn grey(images: &Images) -> Vec<usize> {
    let is_grey = |image: &usize| {
        let (pixels, _) = images.pixels(*image).as_chunks::<3>();
        pixels.iter().all(|&[red, green, blue]| red == green && green == blue)
    };
    let grey: Vec<usize> = (0..images.len()).into_par_iter().filter(is_grey).collect();
    if grey.len() * 2 > images.len() { Vec::new() } else { grey }
}

/// A hundredth of the images, the worst first: by what is measured of their faces.
fn poor(images: &Images) -> BTreeMap<&'static str, Vec<usize>> {
    let worst = |badness: fn(&Measures) -> f32| {
        let mut order: Vec<usize> = (0..images.len()).collect();
        order.sort_by(|&a, &b| badness(images.measures(b)).total_cmp(&badness(images.measures(a))));
        order.truncate(images.len() / 100);
        order
    };
    BTreeMap::from([
        (Attribute::Blur.name(), worst(|measures| measures.blur)),
        (Attribute::Brightness.name(), worst(|measures| -measures.brightness)),
    ])
}

fn identities(images: &Images) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for image in 0..images.len() {
        *counts.entry(images.record(image).identity()).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    // Stable, so that equals stay in the order of their names.
    counts.sort_by_key(|(_, count)| *count);
    counts
}
