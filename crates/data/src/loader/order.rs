//! Which images are in which batch.

use super::{LoaderError, Recipe};
use crate::random::{Draws, Purpose};

/// The order of all batches of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    images: usize,
    batch: usize,
    epochs: u32,
    seed: u64,
}

impl Order {
    pub(super) fn new(images: usize, recipe: &Recipe) -> Result<Self, LoaderError> {
        let batch = recipe.batch_size;
        if batch == 0 {
            return Err(LoaderError::EmptyBatches);
        }
        if images < batch {
            return Err(LoaderError::TooFewImages { images, batch });
        }
        Ok(Self { images, batch, epochs: recipe.epochs, seed: recipe.seed })
    }

    pub(super) fn steps_per_epoch(self) -> u64 {
        (self.images / self.batch) as u64
    }

    /// Steps of all epochs.
    pub(super) fn steps(self) -> u64 {
        self.steps_per_epoch() * u64::from(self.epochs)
    }

    pub(super) fn epoch(self, step: u64) -> u32 {
        (step / self.steps_per_epoch()) as u32
    }

    /// The order of the images in `epoch`.
    pub(super) fn shuffle(self, epoch: u32) -> Vec<usize> {
        Draws::in_epoch(self.seed, Purpose::Order, epoch).permutation(self.images)
    }

    /// The batch at `step` of an epoch's shuffled images.
    pub(super) fn batch(self, shuffled: &[usize], step: u64) -> &[usize] {
        let place = (step % self.steps_per_epoch()) as usize;
        &shuffled[place * self.batch..][..self.batch]
    }
}
