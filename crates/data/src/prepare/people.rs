//! Who is on the images of the tests.

use std::collections::BTreeMap;

use arclab_spec::{ListPeople, SharedPeople};

use crate::{images::Images, pairs::PairList, split::Split};

/// A person, as far as an image's place in the split or its folder says who that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Person<'a> {
    /// With images in training.
    Trained(u32),
    /// Of the open set.
    Stranger(u32),
    /// In the data set, but in no part of the split.
    Unused(&'a str),
    /// In a folder of the tests, which may use the names of the data set's people for others.
    Elsewhere(&'a str),
}

/// The people of each list. A split may give images to other people than their folders do, and then counts.
pub(super) fn of_lists<'a>(
    lists: impl Iterator<Item = &'a PairList>,
    split: &Split,
    images: &Images,
) -> Vec<ListPeople> {
    let known = [&split.train, &split.validation, &split.closed_test].into_iter().flatten();
    let mut person_of: BTreeMap<usize, Person<'_>> =
        known.map(|sample| (sample.image, Person::Trained(sample.label))).collect();
    person_of.extend(split.open_test.iter().map(|sample| (sample.image, Person::Stranger(sample.label))));
    let person = |image: usize| {
        let folder = images.record(image).identity();
        let elsewhere = || {
            if images.is_of_data_set(image) { Person::Unused(folder) } else { Person::Elsewhere(folder) }
        };
        person_of.get(&image).copied().unwrap_or_else(elsewhere)
    };
    lists.map(|list| of_list(list, person)).collect()
}

fn of_list<'a>(list: &PairList, person: impl Fn(usize) -> Person<'a>) -> ListPeople {
    let pairs: Vec<[Person<'_>; 2]> = list.pairs.iter().map(|pair| [pair.a, pair.b].map(&person)).collect();
    // Numbered as the list comes to them.
    let mut number = BTreeMap::new();
    for person in pairs.as_flattened() {
        let next = number.len() as u32;
        number.entry(*person).or_insert(next);
    }
    let people = || number.keys();
    let is_known = people().all(|person| matches!(person, Person::Trained(_) | Person::Stranger(_)));
    let in_training = people().filter(|person| matches!(person, Person::Trained(_))).count() as u32;
    ListPeople {
        pair_list: list.fingerprint.clone(),
        who: pairs.iter().map(|pair| pair.map(|person| number[&person])).collect(),
        shared: is_known.then_some(SharedPeople { people: number.len() as u32, in_training }),
    }
}
