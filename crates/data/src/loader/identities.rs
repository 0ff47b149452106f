//! Batches of P identities with K images each.
//!
//! - Identities come in rounds, each a random order of all of them, cut into batches of P; those left over, fewer than
//!   P, sit the round out. So no batch has an identity twice, and each is seen about equally often however many images
//!   it has: those of small ones are seen more often.
//! - The images of an identity come in cycles, each a random order of all of them, cut into visits of K; those left
//!   over, fewer than K, sit the cycle out. An identity with fewer than K images fills its visit by beginning again:
//!   left out, it would never be learned, and a copy differs at least by augmentation.
//!
//! An epoch has as many steps as of shuffled images, ⌊images / (P·K)⌋; rounds and cycles go on from epoch to epoch. What
//! is kept is one number an image, whatever the number of steps.

use std::collections::BTreeMap;

use crate::{
    random::{Draws, Purpose},
    split::Sample,
};

/// The order of all batches of a run.
#[derive(Debug, Clone)]
pub(super) struct Identities {
    /// Places of each identity's samples.
    places: Vec<Vec<usize>>,
    /// P.
    at_once: usize,
    /// K.
    images_each: usize,
    seed: u64,
}

impl Identities {
    /// Of samples, `at_once` identities a batch; where there are not so many, how many there are.
    pub(super) fn new(
        samples: &[Sample],
        at_once: usize,
        images_each: usize,
        seed: u64,
    ) -> Result<Self, usize> {
        let mut by_label: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (place, sample) in samples.iter().enumerate() {
            by_label.entry(sample.label).or_default().push(place);
        }
        let places: Vec<Vec<usize>> = by_label.into_values().collect();
        if places.len() < at_once {
            Err(places.len())
        } else {
            Ok(Self { places, at_once, images_each, seed })
        }
    }

    /// Identities in random order, in the round that `step` of all steps is in.
    pub(super) fn round(&self, step: u64) -> Vec<usize> {
        Draws::new(self.seed, Purpose::Identities)
            .stream(self.number_of_round(step))
            .permutation(self.places.len())
    }

    pub(super) fn number_of_round(&self, step: u64) -> u64 {
        step / self.batches_per_round()
    }

    /// The places of the batch at `step`, identity by identity.
    pub(super) fn batch(&self, round: &[usize], step: u64) -> Vec<usize> {
        let start = (step % self.batches_per_round()) as usize * self.at_once;
        let visit = self.number_of_round(step);
        round[start..][..self.at_once].iter().flat_map(|&identity| self.images(identity, visit)).collect()
    }

    /// K places of an identity.
    fn images(&self, identity: usize, visit: u64) -> Vec<usize> {
        let places = &self.places[identity];
        let visits = (places.len() / self.images_each).max(1) as u64;
        let draws = Draws::new(self.seed, Purpose::ImagesOfIdentity).stream(identity as u64);
        let cycle = draws.stream(visit / visits).shuffled(places);
        let start = (visit % visits) as usize * self.images_each;
        cycle.into_iter().cycle().skip(start).take(self.images_each).collect()
    }

    fn batches_per_round(&self) -> u64 {
        (self.places.len() / self.at_once) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Identities with so many samples each, in turn.
    fn order(counts: &[usize], at_once: usize, images_each: usize) -> Identities {
        let of = |(label, &count): (usize, &usize)| vec![Sample { image: 0, label: label as u32 }; count];
        let samples: Vec<Sample> = counts.iter().enumerate().flat_map(of).collect();
        Identities::new(&samples, at_once, images_each, 5).unwrap()
    }

    fn batch(order: &Identities, step: u64) -> Vec<usize> {
        order.batch(&order.round(step), step)
    }

    #[test]
    fn a_cycle_of_visits_shows_each_image_once_but_for_what_is_left_over() {
        // Two identities, both in every batch, so a step is a visit; three visits of 3 make a cycle of 10 images.
        let order = order(&[10, 10], 2, 3);
        for cycle in 0..3 {
            let mut seen: Vec<usize> = (0..3).flat_map(|visit| batch(&order, 3 * cycle + visit)).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), 18, "cycle {cycle}");
        }
        assert_ne!(batch(&order, 0), batch(&order, 3));
    }

    #[test]
    fn an_identity_with_few_images_shows_all_of_them_and_begins_again() {
        let order = order(&[3, 1], 2, 5);
        for step in 0..4 {
            let images = batch(&order, step);
            let mut counts = [0; 4];
            for &place in &images {
                counts[place] += 1;
            }
            let [few @ .., single] = counts;
            assert!(few.iter().all(|count| (1..=2).contains(count)) && single == 5, "{images:?}");
        }
    }

    #[test]
    fn fewer_identities_than_a_batch_asks_for_are_counted() {
        let samples = [Sample { image: 0, label: 4 }, Sample { image: 1, label: 9 }];
        assert_eq!(Identities::new(&samples, 3, 2, 0).unwrap_err(), 2);
    }
}
