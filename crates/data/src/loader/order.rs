//! Which images are in which batch.

use super::{LoaderError, Recipe, identities::Identities};
use crate::{
    random::{Draws, Purpose},
    split::Sample,
};

/// The order of all batches of a run.
#[derive(Debug, Clone)]
pub(super) struct Order {
    images: usize,
    batch: usize,
    epochs: u32,
    seed: u64,
    /// Where batches are of identities, rather than of shuffled images.
    identities: Option<Identities>,
}

/// What batches are cut from: shuffled images of an epoch, or identities of a round.
#[derive(Debug, Clone)]
pub(super) struct Shuffled {
    /// Of the epoch, or of the round.
    number: u64,
    order: Vec<usize>,
}

/// An image of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Drawn {
    /// Of its sample.
    pub(super) place: usize,
    /// What its random changes are drawn by, in its epoch.
    pub(super) number: u64,
}

impl Order {
    pub(super) fn new(samples: &[Sample], recipe: &Recipe) -> Result<Self, LoaderError> {
        let (images, batch, seed) = (samples.len(), recipe.batch_size, recipe.seed);
        if batch == 0 {
            return Err(LoaderError::EmptyBatches);
        }
        if images < batch {
            return Err(LoaderError::TooFewImages { images, batch });
        }
        let identities = recipe.sampler.map(|sampler| {
            let each = sampler.images_each as usize;
            let at_once =
                batch.checked_div(each).filter(|at_once| *at_once > 0 && batch.is_multiple_of(each));
            let at_once = at_once.ok_or(LoaderError::UnevenBatches { batch, each })?;
            Identities::new(samples, at_once, each, seed)
                .map_err(|identities| LoaderError::TooFewIdentities { identities, at_once })
        });
        Ok(Self { images, batch, epochs: recipe.epochs, seed, identities: identities.transpose()? })
    }

    pub(super) fn steps_per_epoch(&self) -> u64 {
        (self.images / self.batch) as u64
    }

    /// Steps of all epochs.
    pub(super) fn steps(&self) -> u64 {
        self.steps_per_epoch() * u64::from(self.epochs)
    }

    pub(super) fn epoch(&self, step: u64) -> u32 {
        (step / self.steps_per_epoch()) as u32
    }

    /// The order that `step` is cut from: `known`, if it is of another step of the same.
    pub(super) fn shuffle(&self, step: u64, known: Option<Shuffled>) -> Shuffled {
        let epoch = self.epoch(step);
        let number =
            self.identities.as_ref().map_or(u64::from(epoch), |identities| identities.number_of_round(step));
        known.filter(|known| known.number == number).unwrap_or_else(|| {
            let order = match &self.identities {
                Some(identities) => identities.round(step),
                None => Draws::in_epoch(self.seed, Purpose::Order, epoch).permutation(self.images),
            };
            Shuffled { number, order }
        })
    }

    /// The batch at `step`.
    pub(super) fn batch(&self, shuffled: &Shuffled, step: u64) -> Vec<Drawn> {
        let place = (step % self.steps_per_epoch()) as usize;
        let Some(identities) = &self.identities else {
            let places = &shuffled.order[place * self.batch..][..self.batch];
            return places.iter().map(|&place| Drawn { place, number: place as u64 }).collect();
        };
        // An image may come twice, and is changed in another way then.
        let numbers = (place * self.batch) as u64..;
        let places = identities.batch(&shuffled.order, step);
        places.into_iter().zip(numbers).map(|(place, number)| Drawn { place, number }).collect()
    }
}
