//! What training and tests have in common.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    NearPair,
    problem::Case,
    usage::{Test, Usage},
};
use crate::{images::Images, split::Part};

/// What a test is on, and how much of that training has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestedOn {
    /// The list, or the part of the split.
    pub name: String,
    /// Its pairs; none of a part of the split.
    pub pairs: Option<usize>,
    /// Images that it is on.
    pub images: usize,
    /// Those of them that train or validate, by their content.
    pub images_in_training: usize,
    /// People on them.
    pub people: usize,
    /// Those of them that train, by their names; none where names say nothing.
    pub people_in_training: Option<usize>,
}

/// Training and tests, beside each other.
pub(super) struct Shared<'a> {
    images: &'a Images,
    usage: &'a Usage,
    /// An image that trains, by content.
    trained: BTreeMap<&'a str, usize>,
    /// Names of people who train.
    people: BTreeSet<&'a str>,
}

impl<'a> Shared<'a> {
    pub(super) fn new(images: &'a Images, usage: &'a Usage) -> Self {
        let trained = usage.part_of.keys().filter(|image| usage.trains(**image));
        let people = usage.part_of.values().filter(|(part, _)| *part == Part::Train);
        Self {
            images,
            usage,
            trained: trained.map(|&image| (images.content(image).as_str(), image)).collect(),
            people: people.map(|(_, identity)| identity.as_str()).collect(),
        }
    }

    fn seen(&self, image: usize) -> Option<usize> {
        self.trained.get(self.images.content(image).as_str()).copied()
    }

    /// As the split calls them, else as their folder is named.
    fn person(&self, image: usize) -> &'a str {
        let folder = || self.images.record(image).identity();
        self.usage.part_of.get(&image).map_or_else(folder, |(_, identity)| identity)
    }

    /// How much of each test training has seen.
    pub(super) fn tests(&self) -> Vec<TestedOn> {
        let tested_on = |test: &Test| {
            let people: BTreeSet<&str> = test.of.keys().map(|&image| self.person(image)).collect();
            // Numbers are names in many a set, of others in each.
            let says_nothing = test.images.start > 0
                && people.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
            TestedOn {
                name: test.name.clone(),
                pairs: test.pairs,
                images: test.of.len(),
                images_in_training: test.of.keys().filter(|image| self.seen(**image).is_some()).count(),
                people: people.len(),
                people_in_training: (!says_nothing).then(|| people.intersection(&self.people).count()),
            }
        };
        self.usage.tests.iter().map(tested_on).collect()
    }

    /// Images that train and test, by their content.
    pub(super) fn images(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for test in &self.usage.tests {
            for (&image, &pairs) in &test.of {
                let Some(trained) = self.seen(image) else { continue };
                let both = if trained == image { vec![image] } else { vec![trained, image] };
                let on =
                    if pairs > 0 { format!("on {pairs} pairs of {}", test.name) } else { test.name.clone() };
                cases.push(Case::new(both, format!("trains, and is {on}")));
            }
        }
        cases
    }

    /// People that train and are of the open test.
    pub(super) fn people(&self) -> Vec<Case> {
        let mut of: BTreeMap<&str, [Vec<usize>; 2]> = BTreeMap::new();
        for (&image, (part, identity)) in &self.usage.part_of {
            match part {
                Part::Train => of.entry(identity).or_default()[0].push(image),
                Part::OpenTest => of.entry(identity).or_default()[1].push(image),
                Part::Validation | Part::ClosedTest => {}
            }
        }
        let both = of.into_iter().filter(|(_, [train, open])| !train.is_empty() && !open.is_empty());
        both.map(|(name, [train, open])| {
            let text =
                format!("{name}: {} images train, and {} are of the open test", train.len(), open.len());
            Case::new([train[0], open[0]], text)
        })
        .collect()
    }

    /// Pairs that look the same, of which one trains and one tests.
    pub(super) fn near(&self, near: &[NearPair]) -> Vec<Case> {
        let tests = |image: usize| self.usage.tests.iter().find(|test| test.of.contains_key(&image));
        let case = |pair: &NearPair| {
            let sides = [[pair.a, pair.b], [pair.b, pair.a]];
            let [trained, tested] =
                sides.into_iter().find(|[a, b]| self.usage.trains(*a) && tests(*b).is_some())?;
            let test = &tests(tested)?.name;
            Some(Case::new([trained, tested], format!("{} of 256 bits; the second is of {test}", pair.bits)))
        };
        near.iter().filter_map(case).collect()
    }
}
