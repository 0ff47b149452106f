//! What training and tests have in common.

use std::collections::{BTreeMap, BTreeSet};

use super::{
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
    /// Those of them that train or validate, by their content; none where it is not known what trains.
    pub images_in_training: Option<usize>,
    /// People on them.
    pub people: usize,
    /// Those of them that train, by their names; none where names say nothing, or it is not known who trains.
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
        let trained = usage.parts_of.keys().filter(|image| usage.trains(**image));
        let people = usage.parts_of.values().flatten().filter(|(part, _)| *part == Part::Train);
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
        self.usage
            .parts_of
            .get(&image)
            .and_then(|parts| parts.first())
            .map_or_else(folder, |(_, identity)| identity)
    }

    /// How much of each test training has seen, where it is known what trains.
    pub(super) fn tests(&self, is_known: bool) -> Vec<TestedOn> {
        let tested_on = |test: &Test| {
            let people: BTreeSet<&str> = test.of.keys().map(|&image| self.person(image)).collect();
            // Numbers are names in many a set, of others in each.
            let says_nothing = test.images.start > 0
                && people.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
            TestedOn {
                name: test.name.clone(),
                pairs: test.pairs,
                images: test.of.len(),
                images_in_training: is_known
                    .then(|| test.of.keys().filter(|image| self.seen(**image).is_some()).count()),
                people: people.len(),
                people_in_training: (is_known && !says_nothing)
                    .then(|| people.intersection(&self.people).count()),
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
        let parts = self
            .usage
            .parts_of
            .iter()
            .flat_map(|(image, parts)| parts.iter().map(move |part| (*image, part)));
        for (image, (part, identity)) in parts {
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
}
