//! Images that look the same: groups of them, and those of tests that look like one that trains.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use super::{groups::Groups, hash, near, problem::Case, usage::Usage};
use crate::images::Images;

/// Images with one hash.
struct Bucket<'a> {
    images: Vec<usize>,
    /// People on those of them that are the set's own, in order; each has a number of their own, from `first` on.
    people: Vec<&'a str>,
    first: usize,
    /// Images that train: two of unequal files, or as many as there are.
    trained: Vec<usize>,
}

impl Bucket<'_> {
    /// Those of the set's own.
    fn own(&self, own: usize) -> impl Iterator<Item = usize> {
        self.images.iter().copied().filter(move |image| *image < own)
    }

    /// The number of the person on an image.
    fn person(&self, images: &Images, image: usize) -> Option<usize> {
        let place = self.people.binary_search(&images.record(image).identity());
        place.ok().map(|place| self.first + place)
    }
}

/// What looks the same.
pub(super) struct Looks {
    /// Groups of the set's own images of one person.
    pub(super) within: Vec<Case>,
    /// The same across people.
    pub(super) across: Vec<Case>,
    /// Images of tests, each behind the one that trains and is most alike.
    pub(super) tested: Vec<Case>,
    /// That something was passed over.
    pub(super) note: Option<String>,
}

impl Looks {
    /// Of all images, of which the first `own` are the set's own.
    pub(super) fn new(images: &Images, own: usize, usage: &Usage) -> Self {
        let hash = |image| hash::difference_hash(images.pixels(image), images.size());
        let hashes: Vec<_> = (0..images.len()).into_par_iter().map(hash).collect();
        let mut by_hash: HashMap<hash::Hash, Vec<usize>> = HashMap::new();
        for (image, &hash) in hashes.iter().enumerate() {
            by_hash.entry(hash).or_default().push(image);
        }
        let mut by_hash: Vec<_> = by_hash.into_iter().collect();
        by_hash.sort_unstable_by_key(|(_, images)| images[0]);
        let (hashes, members): (Vec<_>, Vec<_>) = by_hash.into_iter().unzip();
        let buckets = buckets(members, images, own, usage);
        let mut joined = Joined::new(&buckets, images, own);
        let passed_over = near::each_near(&hashes, |a, b, bits| joined.join(&buckets, a, b, bits));
        let passed_over = passed_over.into_iter().map(|place| buckets[place].images.len()).sum();
        Self {
            within: within(&mut joined, &buckets, images, own),
            across: across(&mut joined, &buckets, images, own),
            tested: tested(&joined, &buckets, images, usage),
            note: (passed_over > 0).then(|| missed(passed_over)),
        }
    }
}

fn missed(images: usize) -> String {
    format!(
        "Some photos that look the same may not be told: {images} have a sixteenth of their hash in common with more than 2,000 \
         others, as of one border, and are compared by the rest alone"
    )
}

fn buckets<'a>(members: Vec<Vec<usize>>, images: &'a Images, own: usize, usage: &Usage) -> Vec<Bucket<'a>> {
    let mut first = 0;
    let bucket = |members: Vec<usize>| {
        let own = members.iter().filter(|image| **image < own);
        let people: BTreeSet<&str> = own.map(|&image| images.record(image).identity()).collect();
        let mut trained: Vec<usize> = Vec::new();
        for &image in members.iter().filter(|image| usage.trains(**image)) {
            if trained.len() < 2
                && trained.iter().all(|&other| images.content(other) != images.content(image))
            {
                trained.push(image);
            }
        }
        let bucket = Bucket { images: members, people: people.into_iter().collect(), first, trained };
        first += bucket.people.len();
        bucket
    };
    members.into_iter().map(bucket).collect()
}

/// What belongs together, as far as it is known.
struct Joined {
    /// Of people in buckets.
    within: Groups,
    /// Of buckets.
    across: Groups,
    /// Of each bucket, the nearest one that trains, and the bits between.
    nearest: Vec<Option<(u32, usize)>>,
}

impl Joined {
    fn new(buckets: &[Bucket<'_>], images: &Images, own: usize) -> Self {
        let people = buckets.last().map_or(0, |bucket| bucket.first + bucket.people.len());
        let nearest = vec![None; buckets.len()];
        let mut all = Self { within: Groups::new(people), across: Groups::new(buckets.len()), nearest };
        for (number, bucket) in buckets.iter().enumerate() {
            if bucket.people.len() > 1 {
                all.across.join(number, number, 0);
            }
            let mut seen = BTreeSet::new();
            for place in bucket.own(own).filter_map(|image| bucket.person(images, image)) {
                if !seen.insert(place) {
                    all.within.join(place, place, 0);
                }
            }
        }
        all
    }

    fn join(&mut self, buckets: &[Bucket<'_>], a: usize, b: usize, bits: u32) {
        let (one, other) = (&buckets[a], &buckets[b]);
        for (place, person) in one.people.iter().enumerate() {
            if let Ok(there) = other.people.binary_search(person) {
                self.within.join(one.first + place, other.first + there, bits);
            }
        }
        let are_of_one = one.people.len() == 1 && one.people == other.people;
        if !one.people.is_empty() && !other.people.is_empty() && !are_of_one {
            self.across.join(a, b, bits);
        }
        for (here, there) in [(a, b), (b, a)] {
            if !buckets[there].trained.is_empty() {
                let nearest = self.nearest[here].get_or_insert((bits, there));
                *nearest = (bits, there).min(*nearest);
            }
        }
    }
}

fn within(joined: &mut Joined, buckets: &[Bucket<'_>], images: &Images, own: usize) -> Vec<Case> {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for bucket in buckets {
        for image in bucket.own(own) {
            if let Some(person) = bucket.person(images, image) {
                groups.entry(joined.within.root(person)).or_default().push(image);
            }
        }
    }
    cases(groups, &joined.within, images)
}

fn across(joined: &mut Joined, buckets: &[Bucket<'_>], images: &Images, own: usize) -> Vec<Case> {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, bucket) in buckets.iter().enumerate() {
        groups.entry(joined.across.root(place)).or_default().extend(bucket.own(own));
    }
    groups.retain(|_, group| {
        let people: BTreeSet<&str> = group.iter().map(|&image| images.record(image).identity()).collect();
        people.len() > 1
    });
    // People in turn, so that the first few images are of several.
    for group in groups.values_mut() {
        let mut of: HashMap<&str, usize> = HashMap::new();
        group.sort_unstable();
        group.sort_by_cached_key(|&image| {
            let before = of.entry(images.record(image).identity()).or_default();
            *before += 1;
            (*before, image)
        });
    }
    cases(groups, &joined.across, images)
}

/// The closest first; equal files alone are told of elsewhere.
fn cases(groups: BTreeMap<usize, Vec<usize>>, of: &Groups, images: &Images) -> Vec<Case> {
    let is_of_several =
        |group: &Vec<usize>| group.iter().any(|&image| images.content(image) != images.content(group[0]));
    let groups = groups.into_iter().filter(|(_, group)| is_of_several(group));
    let mut groups: Vec<_> = groups.map(|(root, group)| (of.bits(root), group)).collect();
    groups.sort();
    let case = |(bits, group): (u32, Vec<usize>)| {
        let text = match group.len() {
            2 => format!("{bits} of 256 bits"),
            count => format!("{count} images, the closest {bits} of 256 bits apart"),
        };
        Case::new(group, text)
    };
    groups.into_iter().map(case).collect()
}

fn tested(joined: &Joined, buckets: &[Bucket<'_>], images: &Images, usage: &Usage) -> Vec<Case> {
    let mut found = Vec::new();
    for (bucket, nearest) in buckets.iter().zip(&joined.nearest) {
        for &image in &bucket.images {
            let Some(test) = usage.tests.iter().find(|test| test.of.contains_key(&image)) else { continue };
            let is_unequal = |other: &&usize| images.content(**other) != images.content(image);
            let here = bucket.trained.iter().find(is_unequal).map(|&other| (0, other));
            let near = || nearest.and_then(|(bits, there)| Some((bits, *buckets[there].trained.first()?)));
            found.extend(here.or_else(near).map(|(bits, trained)| (bits, trained, image, &test.name)));
        }
    }
    found.sort_unstable();
    let case = |(bits, trained, image, test): (u32, usize, usize, &String)| {
        Case::new([trained, image], format!("{bits} of 256 bits; the second is of {test}"))
    };
    found.into_iter().map(case).collect()
}
