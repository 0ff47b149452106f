//! How many images each person has.

use std::collections::BTreeMap;

use super::problem::Case;
use crate::images::Images;

/// How evenly images are spread over people.
#[derive(Debug, Clone, PartialEq)]
pub struct Balance {
    /// People with their images, fewest first.
    pub people: Vec<(String, usize)>,
    /// Images of one person: the fewest, the quarters, and the most.
    pub quartiles: [usize; 5],
    /// The person with most of them.
    pub largest: String,
    /// People who would be as diverse if all had as many images: 1 / Σ p², of the people's shares p (Hill's number of
    /// order 2).
    pub effective: f64,
}

/// Of the first `own` images.
pub(super) fn balance(images: &Images, own: usize) -> Balance {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for image in 0..own {
        *counts.entry(images.record(image).identity()).or_default() += 1;
    }
    let mut people: Vec<_> = counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    // Stable, so that equals stay in the order of their names.
    people.sort_by_key(|(_, count)| *count);
    let last = people.len().saturating_sub(1);
    let at = |quarter: usize| people.get(last * quarter / 4).map_or(0, |(_, count)| *count);
    Balance {
        quartiles: std::array::from_fn(at),
        largest: people.last().map(|(name, _)| name.clone()).unwrap_or_default(),
        effective: effective(&people),
        people,
    }
}

fn effective(people: &[(String, usize)]) -> f64 {
    let all = people.iter().map(|(_, count)| *count as f64).sum::<f64>();
    let squares = people.iter().map(|(_, count)| (*count as f64).powi(2)).sum::<f64>();
    if squares > 0.0 { all * all / squares } else { 0.0 }
}

/// People with one image.
pub(super) fn alone(balance: &Balance, images: &Images, own: usize) -> Vec<Case> {
    let image_of: BTreeMap<&str, usize> =
        (0..own).map(|image| (images.record(image).identity(), image)).collect();
    let alone = balance.people.iter().filter(|(_, count)| *count < 2);
    alone.map(|(name, _)| Case::new([image_of[name.as_str()]], name.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::effective;

    #[test]
    fn people_with_equally_many_images_are_as_many_as_there_are_and_others_fewer() {
        let of = |counts: &[usize]| -> Vec<(String, usize)> {
            counts.iter().map(|&count| (count.to_string(), count)).collect()
        };
        assert_eq!(effective(&of(&[7, 7, 7])), 3.0);
        // 16² / (2² + 14²).
        assert_eq!(effective(&of(&[2, 14])), 256.0 / 200.0);
        assert_eq!(effective(&[]), 0.0);
    }
}
