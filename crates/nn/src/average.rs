//! An exponential moving average of a network: after each step a ← a + (1 - d)(w - a).
//!
//! At the n-th step, counted from 0, d = min(decay, (1 + n) / (10 + n)), as TensorFlow's `ExponentialMovingAverage`
//! with `num_updates`: so the random weights of the beginning are forgotten however few steps follow.
//!
//! Running statistics are averaged like weights, as in timm's `ModelEmaV2`: those of the present weights do not belong
//! to averaged ones, which lie some way behind. Counters are copied.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use rayon::prelude::*;

use crate::{
    backend::Backend,
    checkpoint::{self, Mismatch, Tensors},
    cpu::Cpu,
    network::Network,
    optim::BLOCK,
    param::{Entry, EntryMut, Param, Stored},
    weights::StateError,
};

/// Names in the state.
const NETWORK: &str = "network";
const UPDATES: &str = "updates";

/// A network that follows another one's average.
#[derive(Debug)]
pub struct MovingAverage<B: Backend = Cpu> {
    decay: f64,
    updates: u64,
    network: Network<B>,
}

impl<B: Backend> MovingAverage<B> {
    /// The average of a network at its beginning, of which `network` is another copy.
    pub fn new(decay: f64, network: Network<B>) -> Self {
        Self { decay, updates: 0, network }
    }

    /// The network with averaged weights and running statistics.
    pub fn network(&self) -> &Network<B> {
        &self.network
    }

    /// The same, to begin with other weights.
    pub fn network_mut(&mut self) -> &mut Network<B> {
        &mut self.network
    }

    /// Takes a step of `other` into the average.
    pub fn follow(&mut self, other: &Network<B>) {
        let n = self.updates as f64;
        let share = 1.0 - self.decay.min((1.0 + n) / (10.0 + n));
        let device = Arc::clone(self.network.device_arc());
        let pairs = self.network.entries_mut().into_iter().zip(other.entries()).filter_map(pair).collect();
        device.approach(pairs, share as f32);
        self.updates += 1;
    }

    /// The network's state, and the steps taken in.
    pub fn state(&self) -> Tensors {
        let updates = Tensor::new(self.updates as i64, &Device::Cpu).expect("a number is a tensor");
        let mut all = Tensors::from([(UPDATES.to_owned(), updates)]);
        checkpoint::put(&mut all, NETWORK, self.network.state());
        all
    }

    /// Brings back [`Self::state`].
    pub fn load_state(&mut self, state: &Tensors) -> Result<(), StateError> {
        let updates = Mismatch::values_of::<i64>(state, UPDATES, &[]);
        let updates = updates.map_err(|mismatch| StateError(vec![mismatch]))?;
        self.network.load_state(&checkpoint::part(state, NETWORK))?;
        self.updates = updates.first().map_or(0, |updates| updates.unsigned_abs());
        Ok(())
    }
}

/// What the two have of an entry, where that is averaged. Counters are copied.
fn pair<'a, B: Backend>(
    (average, entry): (EntryMut<'a, B>, Entry<'a, B>),
) -> Option<(&'a mut B::Numbers, &'a B::Numbers)> {
    match (average, entry) {
        (
            EntryMut::Param(Param { value: average, .. }) | EntryMut::Stored(Stored { value: average, .. }),
            Entry::Param(Param { value, .. }) | Entry::Stored(Stored { value, .. }),
        ) => Some((B::numbers_mut(average), B::numbers(value))),
        (EntryMut::Counter(average), Entry::Counter(_, count)) => {
            *average = count;
            None
        }
        (EntryMut::Counter(_), Entry::Param(_) | Entry::Stored(_)) | (_, Entry::Counter(..)) => {
            unreachable!("two networks of one kind and size have the same entries")
        }
    }
}

/// See [`crate::Backend::approach`].
pub(crate) fn approach(average: &mut [f32], values: &[f32], share: f32) {
    let blocks = average.par_chunks_mut(BLOCK).zip(values.par_chunks(BLOCK));
    blocks.for_each(|(average, values)| {
        for (average, value) in average.iter_mut().zip(values) {
            *average += share * (value - *average);
        }
    });
}
