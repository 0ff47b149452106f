//! Batches on their way from the loader to the device.
//!
//! A device that takes images ahead is given those of the next step while it computes this one. That changes no number: a
//! batch is a function of its step, and one that was handed over and never used is made again.

use std::sync::Arc;

use arclab_data::{Batch, Loader, augment};
use arclab_nn::{Backend, ImageChange, Images};

/// The loader, and what the device was given ahead of its step.
pub(super) struct Feed<B: Backend> {
    /// That takes images ahead; none where several share a batch.
    device: Option<Arc<B>>,
    loader: Loader,
    image_size: usize,
    ahead: Option<Fed<B>>,
}

/// A batch, with its images on the device or on their way there where it takes them.
pub(super) struct Fed<B: Backend> {
    batch: Batch,
    ahead: Option<B::Ahead>,
}

/// Where the images of a step are.
pub(crate) enum Pixels<'a, B: Backend> {
    /// Here: N×H×W×3 bytes, with all changes made.
    Here(&'a [u8]),
    /// Handed over.
    Ahead(&'a B::Ahead),
}

impl<B: Backend> Clone for Pixels<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: Backend> Copy for Pixels<'_, B> {}

impl<B: Backend> Feed<B> {
    pub(super) fn new(device: Option<Arc<B>>, loader: Loader, image_size: usize) -> Self {
        Self { device, loader, image_size, ahead: None }
    }

    pub(super) fn steps_per_epoch(&self) -> u64 {
        self.loader.steps_per_epoch()
    }

    /// The next batch, once it is there; none after the last one.
    pub(super) fn next(&mut self) -> Option<Fed<B>> {
        let ahead = self.ahead.take();
        ahead.or_else(|| self.loader.next().map(|batch| self.hand_over(batch)))
    }

    /// Hands over the batch after that, where the device takes it ahead and it need not be waited for.
    pub(super) fn look_ahead(&mut self) {
        let takes_ahead = self.device.as_ref().is_some_and(|device| device.changes_images());
        if takes_ahead && self.ahead.is_none() {
            self.ahead = self.loader.next_ready().map(|batch| self.hand_over(batch));
        }
    }

    fn hand_over(&self, batch: Batch) -> Fed<B> {
        let Batch { pixels, changes, labels, .. } = &batch;
        let changes: Vec<_> = changes.iter().map(image_change).collect();
        let images = Images { pixels, count: labels.len(), size: self.image_size };
        let ahead = self.device.as_ref().and_then(|device| device.hand_over(&images, &changes));
        Fed { batch, ahead }
    }
}

impl<B: Backend> Fed<B> {
    pub(super) fn pixels(&self) -> Pixels<'_, B> {
        self.ahead.as_ref().map_or(Pixels::Here(&self.batch.pixels), Pixels::Ahead)
    }

    pub(super) fn labels(&self) -> &[u32] {
        &self.batch.labels
    }
}

fn image_change(augment::Change { light, grey, flip }: &augment::Change) -> ImageChange<'_> {
    ImageChange { light: light.as_deref(), grey: *grey, flip: *flip }
}

#[cfg(test)]
mod tests;
