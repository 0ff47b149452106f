//! The images and batches of a run, as training and verification ask for them.

use arclab_data::{EvaluationBatches, Images, Loader, LoaderError, Prepared, Progress, Recipe};
use arclab_spec::{Assignment, config::ColourMode};

/// Images that go through the network at once in evaluation.
const BATCH: usize = 32;
/// Threads that make batches: one keeps ahead of any network on a CPU, and takes little from it.
const LOADER_THREADS: usize = 1;

/// Images in the colours of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pictures<'a> {
    images: &'a Images,
    colour: ColourMode,
}

impl<'a> Pictures<'a> {
    pub(crate) fn new(images: &'a Images, colour: ColourMode) -> Self {
        Self { images, colour }
    }

    /// Name of an image.
    pub(crate) fn name(&self, image: usize) -> &'a str {
        self.images.name(image)
    }

    /// Images by number in the order given, as they are or as mirror images.
    pub(crate) fn batches(
        &self,
        numbers: impl IntoIterator<Item = usize>,
        mirrored: bool,
    ) -> EvaluationBatches {
        EvaluationBatches::new(self.images, numbers, BATCH, self.colour, mirrored)
    }
}

/// The training batches of an assignment from step `from` on; `leaves_changes` to a device that makes them itself.
pub(crate) fn loader(
    assignment: &Assignment,
    data: &Prepared,
    leaves_changes: bool,
    from: u64,
) -> Result<Loader, LoaderError> {
    let config = &assignment.plan.config;
    let recipe = Recipe {
        batch_size: config.training.batch_size as usize,
        sampler: config.training.sampler,
        epochs: config.training.epochs,
        seed: assignment.plan.seed,
        colour: config.data.colour,
        augment: config.data.augment,
        leaves_changes,
        threads: LOADER_THREADS,
    };
    Loader::start(&data.images, &data.train, recipe, from)
}

/// Says in the log that preparing takes its time: it is done once for all runs of a data set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Logged;

impl Progress for Logged {
    fn images(&self, what: &str, done: usize, total: usize) {
        if done == total {
            tracing::info!(total, "prepared the images of {what}");
        }
    }
}
