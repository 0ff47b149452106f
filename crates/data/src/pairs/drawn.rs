//! Balanced pairs drawn from a part of the split.

use std::collections::BTreeMap;

use super::{Pair, Supply, partners::Partners};
use crate::{
    random::{Draws, Purpose},
    split::Sample,
};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Number of pairs, if there are so many; half of them same, the odd one different.
    pub(crate) count: u32,
    /// Share of the pairs whose label is turned around.
    pub(crate) mislabelled: f64,
    /// Seed of the draw.
    pub(crate) seed: u64,
    /// Which draw.
    pub(crate) purpose: Purpose,
}

/// What was drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drawn {
    pub(crate) pairs: Vec<Pair>,
    /// What they were drawn from.
    pub(crate) supply: Supply,
}

// Streams of one draw.
const QUOTAS: u64 = 0;
const SAME: u64 = 1;
const DIFFERENT: u64 = 2;
const SAME_ORDER: u64 = 3;
const DIFFERENT_ORDER: u64 = 4;
const WRONG: u64 = 5;

/// Draws pairs from `samples`, none twice; where there are too few, as many of each kind as there are of both.
/// Identities give same pairs as evenly as they can, since all pairs with equal chance would make a test of the few
/// people with the most photos. Same and different pairs alternate, so that any run of neighbours is balanced.
pub(crate) fn draw(samples: &[Sample], wanted: Wanted) -> Drawn {
    let draws = Draws::new(wanted.seed, wanted.purpose);
    let groups = group(samples);
    let flat: Vec<usize> = groups.concat();
    let across = different(&groups, flat.len());
    let supply = Supply {
        images: flat.len(),
        identities: groups.len(),
        same: groups.iter().map(|group| pairs_of(group.len())).sum(),
        different: across.total(),
    };
    let (same, different) = supply.give(wanted.count);
    let same = draw_same(&groups, same, draws);
    let different: Vec<(usize, usize)> = draws
        .stream(DIFFERENT)
        .distinct(different, across.total())
        .into_iter()
        .map(|number| across.pair(number))
        .map(|(a, b)| (flat[a], flat[b]))
        .collect();
    let mut pairs = alternate(
        &draws.stream(SAME_ORDER).shuffled(&same),
        &draws.stream(DIFFERENT_ORDER).shuffled(&different),
    );
    mislabel(&mut pairs, wanted.mislabelled, draws.stream(WRONG));
    Drawn { pairs, supply }
}

fn group(samples: &[Sample]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for sample in samples {
        groups.entry(sample.label).or_default().push(sample.image);
    }
    groups.into_values().collect()
}

fn pairs_of(images: usize) -> u64 {
    (images as u64 * (images as u64).saturating_sub(1)) / 2
}

/// Pairs across groups, by places in their concatenation.
fn different(groups: &[Vec<usize>], images: usize) -> Partners {
    let mut end = 0;
    let ranges: Vec<(usize, usize)> = groups
        .iter()
        .flat_map(|group| {
            end += group.len();
            std::iter::repeat_n((end, images), group.len())
        })
        .collect();
    Partners::new(ranges.into_iter())
}

fn draw_same(groups: &[Vec<usize>], count: u64, draws: Draws) -> Vec<(usize, usize)> {
    let quotas = quotas(groups, count, draws.stream(QUOTAS));
    let mut pairs = Vec::new();
    for (place, (group, quota)) in groups.iter().zip(quotas).enumerate() {
        let within = Partners::new((0..group.len()).map(|first| (first + 1, group.len())));
        let chosen = draws.stream(SAME).stream(place as u64).distinct(quota, within.total());
        pairs.extend(chosen.into_iter().map(|number| within.pair(number)).map(|(a, b)| (group[a], group[b])));
    }
    pairs
}

/// How many same pairs each group gives: one each in turn, while it has one, until there are `count`.
fn quotas(groups: &[Vec<usize>], count: u64, draws: Draws) -> Vec<u64> {
    let most: Vec<u64> = groups.iter().map(|group| pairs_of(group.len())).collect();
    let mut quotas = vec![0; groups.len()];
    let mut left = count;
    while left > 0 {
        let open: Vec<usize> =
            draws.permutation(groups.len()).into_iter().filter(|&g| quotas[g] < most[g]).collect();
        if open.is_empty() {
            break;
        }
        // Whole rounds at once, since lists may have millions of pairs.
        let each = (left / open.len() as u64).max(1);
        for &group in &open {
            let more = each.min(most[group] - quotas[group]).min(left);
            quotas[group] += more;
            left -= more;
        }
    }
    quotas
}

fn alternate(same: &[(usize, usize)], different: &[(usize, usize)]) -> Vec<Pair> {
    let pair = |&(a, b): &(usize, usize), same| Pair { a, b, same, fold: None };
    let mut pairs = Vec::with_capacity(same.len() + different.len());
    for (place, other) in different.iter().enumerate() {
        pairs.extend(same.get(place).map(|one| pair(one, true)));
        pairs.push(pair(other, false));
    }
    pairs
}

/// Turns the labels of a share of the pairs around: as many of each kind, so that the list stays balanced.
fn mislabel(pairs: &mut [Pair], share: f64, draws: Draws) {
    let wrong: Vec<usize> =
        [true, false].into_iter().flat_map(|same| wrong_of(pairs, same, share, draws)).collect();
    for place in wrong {
        pairs[place].same = !pairs[place].same;
    }
}

fn wrong_of(pairs: &[Pair], same: bool, share: f64, draws: Draws) -> Vec<usize> {
    let places: Vec<usize> = (0..pairs.len()).filter(|&place| pairs[place].same == same).collect();
    let count = (share * places.len() as f64).round() as u64;
    let wrong = draws.stream(u64::from(same)).distinct(count, places.len() as u64);
    wrong.into_iter().map(|number| places[number as usize]).collect()
}
