//! Training batches, made ahead of training on threads of their own.

mod error;
mod identities;
mod order;
mod thread;

use std::sync::Arc;

use arclab_spec::config::{Augment, ColourMode, Sampler};

pub use self::error::LoaderError;
use self::{order::Order, thread::Threads};
use crate::{augment::Change, images::Images, split::Sample};

/// How batches are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recipe {
    /// Images in a batch.
    pub batch_size: usize,
    /// Where batches are made of identities; shuffled images otherwise.
    pub sampler: Option<Sampler>,
    /// Passes over the training images.
    pub epochs: u32,
    /// Seed of order and augmentation.
    pub seed: u64,
    /// Colour treatment, applied after augmentation.
    pub colour: ColourMode,
    /// Random changes.
    pub augment: Augment,
    /// Whether light, colours and mirror images are left to a device that makes them itself, where nothing comes after them
    /// that it does not make.
    pub leaves_changes: bool,
    /// Threads that make batches, at least one. Changes no batch.
    pub threads: usize,
}

/// One step's images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Epoch, from 0.
    pub epoch: u32,
    /// Steps before this one, in all epochs together.
    pub step: u64,
    /// N × H × W × 3 bytes: red, green and blue.
    pub pixels: Vec<u8>,
    /// What is still to be done to each of N images, last; empty where it is done.
    pub changes: Vec<Change>,
    /// N training classes.
    pub labels: Vec<u32>,
}

/// Hands out the batches of a run in order. Every image comes once an epoch, but for those of an incomplete last
/// batch, which differ from epoch to epoch. Where batches are made of identities, an epoch has as many steps, and every
/// identity comes about equally often.
///
/// Batches are a function of images, samples and recipe: it makes no difference where a loader starts, nor how many
/// threads it has.
#[derive(Debug)]
pub struct Loader {
    threads: Threads,
    steps_per_epoch: u64,
}

impl Loader {
    /// Starts making batches at `step`, which counts the steps of all epochs.
    pub fn start(
        images: &Images,
        samples: &[Sample],
        recipe: Recipe,
        step: u64,
    ) -> Result<Self, LoaderError> {
        let order = Order::new(samples, &recipe)?;
        let steps_per_epoch = order.steps_per_epoch();
        let maker = thread::Maker { images: images.clone(), samples: samples.to_vec(), recipe, order };
        let threads = Threads::start(&Arc::new(maker), step).map_err(LoaderError::Thread)?;
        Ok(Self { threads, steps_per_epoch })
    }

    /// Batches in an epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        self.steps_per_epoch
    }

    /// The next batch, where it need not be waited for.
    pub fn next_ready(&mut self) -> Option<Batch> {
        self.threads.next_ready()
    }
}

impl Iterator for Loader {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        self.threads.next()
    }
}
