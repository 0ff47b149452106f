//! What a network consists of: learnable parameters, numbers that are only stored, and counters.

use crate::{
    backend::Backend,
    cpu::Cpu,
    network::Network,
    optim::{Kind, Weight},
};

/// A learnable parameter with its gradient.
#[derive(Debug)]
pub struct Param<B: Backend = Cpu> {
    /// Its name in PyTorch's state dict.
    pub name: String,
    /// PyTorch's shape.
    pub shape: Vec<usize>,
    /// The numbers, in PyTorch's order. On the CPU a slice.
    pub value: B::Buffer,
    /// d loss / d value in the same order, written by each backward pass.
    pub grad: B::Buffer,
    /// Whether training leaves it as it is.
    pub frozen: bool,
}

impl<B: Backend> Param<B> {
    pub(crate) fn new(device: &B, name: String, shape: Vec<usize>, values: &[f32]) -> Self {
        let (value, grad) = (device.upload(values), device.upload(&vec![0.0; values.len()]));
        Self { name, shape, value, grad, frozen: false }
    }
}

impl<B: Backend> Param<B> {
    /// As an optimiser sees it. What has one number a channel is a vector, and every kernel has more dimensions.
    fn weight(&mut self) -> (Kind, Weight<'_, B::Numbers>) {
        let kind = if self.shape.len() == 1 { Kind::Channel } else { Kind::Kernel };
        let (value, gradient) = (B::numbers_mut(&mut self.value), B::numbers(&self.grad));
        (kind, Weight { name: &self.name, value, gradient, rows: None })
    }
}

impl<B: Backend> Network<B> {
    /// What training changes: all parameters but the frozen ones, in the network's order.
    pub fn weights(&mut self) -> Vec<(Kind, Weight<'_, B::Numbers>)> {
        self.params_mut().into_iter().filter(|param| !param.frozen).map(Param::weight).collect()
    }
}

/// Numbers that belong to the state but are not learned: running statistics, frozen scales.
#[derive(Debug)]
pub(crate) struct Stored<B: Backend> {
    pub(crate) name: String,
    pub(crate) value: B::Buffer,
    pub(crate) len: usize,
}

/// One entry of a state dict.
#[derive(Debug)]
pub(crate) enum Entry<'a, B: Backend> {
    Param(&'a Param<B>),
    Stored(&'a Stored<B>),
    /// Batches that running statistics have seen.
    Counter(&'a str, i64),
}

/// As [`Entry`], to be changed.
#[derive(Debug)]
pub(crate) enum EntryMut<'a, B: Backend> {
    Param(&'a mut Param<B>),
    Stored(&'a mut Stored<B>),
    Counter(&'a mut i64),
}
