//! Ranks: devices that carry out one run together, each on a thread of its own, and what they say to each other.
//!
//! Every rank makes the same calls in the same order, as each waits for the others. Like operators, calls do not return what
//! fails: numbers are NaN after that, and [`Exchange::check`] says what it was.

mod nccl;
mod threads;

use std::{ops::Range, thread};

use arclab_gpu::GpuError;

pub use threads::Threads;

use crate::backend::{Backend, MapShape, Maps};

/// Which rank, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// r, from 0.
    pub rank: usize,
    /// R.
    pub count: usize,
}

impl Place {
    /// What falls to the rank of `all` things: [r·n/R, (r+1)·n/R).
    pub fn share(self, all: usize) -> Range<usize> {
        let bound = |rank| rank * all / self.count;
        bound(self.rank)..bound(self.rank + 1)
    }
}

/// Why ranks can no longer speak to each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RankError {
    /// A mistake of the program's, of which the log says more.
    #[error("the thread of rank {0} has panicked")]
    Panicked(usize),
    /// A device other than the first.
    #[error("the device of rank {rank} failed")]
    Device {
        /// Which one.
        rank: usize,
        /// What happened to it.
        source: GpuError,
    },
    /// What carries the numbers.
    #[error("the ranks cannot reach each other")]
    Exchange(#[source] GpuError),
}

/// What a rank can say to the others, in float32.
pub trait Exchange<B: Backend>: Send + Sync + std::fmt::Debug {
    /// Which rank this is.
    fn place(&self) -> Place;

    /// Replaces each buffer by its sum over the ranks, which is the same to the bit on all of them.
    fn sum(&self, device: &B, buffers: Vec<&mut B::Buffer>);

    /// Replaces each number by the largest that a rank has in its place.
    fn largest(&self, device: &B, buffer: &mut B::Buffer);

    /// The buffers of all ranks, equally long, one after the other.
    fn gather(&self, device: &B, buffer: &B::Buffer) -> B::Buffer;

    /// Has nobody wait for this rank any more, which will not go on.
    fn leave(&self);

    /// What failed first, if anything did.
    fn check(&self) -> Result<(), RankError>;
}

/// The outcome of a rank's work. Where that panics, the other ranks are told.
pub fn attend<B: Backend, T>(exchange: &dyn Exchange<B>, work: impl FnOnce() -> T) -> T {
    struct Attending<'a, B: Backend>(&'a dyn Exchange<B>);
    impl<B: Backend> Drop for Attending<'_, B> {
        fn drop(&mut self) {
            if thread::panicking() {
                self.0.leave();
            }
        }
    }
    let _attending = Attending(exchange);
    work()
}

/// Maps of all ranks' images, in the order of the ranks.
pub fn gather_maps<B: Backend>(exchange: &dyn Exchange<B>, device: &B, maps: &Maps<B>) -> Maps<B> {
    let shape = MapShape { count: maps.shape.count * exchange.place().count, ..maps.shape };
    device.maps(shape, &gather_values(exchange, device, &device.values(maps)))
}

/// What falls to a rank of the maps of all ranks' images.
pub fn own_maps<B: Backend>(place: Place, device: &B, maps: &Maps<B>) -> Maps<B> {
    own_values(place, device, maps.shape, &device.values(maps))
}

/// The same of their numbers.
pub(crate) fn own_values<B: Backend>(place: Place, device: &B, shape: MapShape, values: &[f32]) -> Maps<B> {
    let (own, each) = (place.share(shape.count), shape.image_len());
    let values = &values[own.start * each..own.end * each];
    device.maps(MapShape { count: own.len(), ..shape }, values)
}

/// As many numbers of each rank, in the order of the ranks.
pub fn gather_values<B: Backend>(exchange: &dyn Exchange<B>, device: &B, values: &[f32]) -> Vec<f32> {
    device.download(B::numbers(&exchange.gather(device, &device.upload(values))))
}

/// Numbers on the CPU, summed over the ranks.
pub(crate) fn sum_values<B: Backend>(exchange: &dyn Exchange<B>, device: &B, values: &[f32]) -> Vec<f32> {
    let mut buffer = device.upload(values);
    exchange.sum(device, vec![&mut buffer]);
    device.download(B::numbers(&buffer))
}

/// Numbers on the CPU, the largest of each place over the ranks.
pub(crate) fn largest_values<B: Backend>(exchange: &dyn Exchange<B>, device: &B, values: &[f32]) -> Vec<f32> {
    let mut buffer = device.upload(values);
    exchange.largest(device, &mut buffer);
    device.download(B::numbers(&buffer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_neighbours_and_as_equal_as_can_be() {
        let shares = [0, 1, 2].map(|rank| Place { rank, count: 3 }.share(8));
        assert_eq!(shares, [0..2, 2..5, 5..8]);
        assert_eq!([0, 1].map(|rank| Place { rank, count: 2 }.share(1)), [0..0, 0..1]);
    }
}
