//! The ranks of a run: as many models, each on a device of its own, which make every step together, each on a thread.
//!
//! The first rank is the run's: it alone validates, and it says of a step what is to be said of the whole batch. The others
//! hold the same weights to the bit, and take their part in steps and checkpoints.

use std::{sync::Arc, thread};

use arclab_nn::{
    GpuError, ShapeError,
    checkpoint::Tensors,
    heads::{HeadMemory, whole_tensors},
    ranks::{Exchange, RankError},
};
use arclab_spec::config::Config;

use super::{
    feed::Pixels,
    meters::StepNumbers,
    model::{Model, RestoreError},
};
use crate::start::{Start, StartError};

/// A rank's device, with what it says to the others where there are some.
pub(crate) struct Seat<B: HeadMemory> {
    pub(crate) device: Arc<B>,
    pub(crate) exchange: Option<Arc<dyn Exchange<B>>>,
}

/// The models of all ranks.
pub(crate) struct Team<B: HeadMemory> {
    first: Model<B>,
    others: Vec<Model<B>>,
}

impl<B: HeadMemory> Team<B> {
    /// As they begin, all with the weights of the seed.
    ///
    /// # Panics
    /// Where there is no seat.
    pub(crate) fn new(
        seats: Vec<Seat<B>>,
        config: &Config,
        classes: usize,
        seed: u64,
    ) -> Result<Self, ShapeError> {
        let model = |Seat { device, exchange }| {
            let model = Model::new(device, config, classes, seed)?;
            Ok(match exchange {
                Some(exchange) => model.among(exchange),
                None => model,
            })
        };
        let mut others = seats.into_iter().map(model).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { first: others.remove(0), others })
    }

    /// The run's model.
    pub(crate) fn first(&self) -> &Model<B> {
        &self.first
    }

    fn each(&mut self) -> impl Iterator<Item = &mut Model<B>> {
        std::iter::once(&mut self.first).chain(&mut self.others)
    }

    /// As [`Model::freeze`].
    pub(crate) fn freeze(&mut self, config: &Config) -> Result<(), StartError> {
        self.each().try_for_each(|model| model.freeze(config))
    }

    /// As [`Model::begin`].
    pub(crate) fn begin(&mut self, start: &Start) -> Result<(), StartError> {
        self.each().try_for_each(|model| model.begin(start))
    }

    /// As [`Model::step_while`] of all ranks at once. What a rank that panics leaves is found by [`Self::check_ranks`].
    pub(crate) fn step_while(
        &mut self,
        pixels: Pixels<'_, B>,
        labels: &[u32],
        step: u64,
        rate: f64,
        meanwhile: impl FnOnce(),
    ) -> StepNumbers {
        let Self { first, others } = self;
        thread::scope(|scope| {
            let beside = |model| {
                let model: &mut Model<B> = model;
                scope.spawn(move || model.step_among(pixels, labels, step, rate, || ()))
            };
            let beside: Vec<_> = others.iter_mut().map(beside).collect();
            let numbers = first.step_among(pixels, labels, step, rate, meanwhile);
            for rank in beside {
                let _ = rank.join();
            }
            numbers
        })
    }

    /// What failed first on the first device, if anything did.
    pub(crate) fn check(&self) -> Result<(), GpuError> {
        self.first.check()
    }

    /// What failed on another one, or between them.
    pub(crate) fn check_ranks(&self) -> Result<(), RankError> {
        for (rank, model) in (1..).zip(&self.others) {
            model.check().map_err(|source| RankError::Device { rank, source })?;
        }
        self.first.check_exchange()
    }

    /// As [`Model::forgives_overflow`].
    pub(crate) fn forgives_overflow(&self) -> bool {
        self.first.forgives_overflow()
    }

    /// Everything, for a checkpoint of the form that one rank's has.
    pub(crate) fn tensors(&mut self) -> Tensors {
        let parts: Vec<_> = self.others.iter_mut().map(Model::split_tensors).collect();
        whole_tensors(self.first.tensors(), &parts)
    }

    /// Brings back everything from a checkpoint.
    pub(crate) fn restore(&mut self, tensors: &Tensors) -> Result<(), RestoreError> {
        self.each().try_for_each(|model| model.restore(tensors))
    }
}

#[cfg(test)]
mod tests;
