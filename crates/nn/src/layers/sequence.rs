//! Layers one after the other.

use std::sync::Arc;

use super::{Layer, Shared};
use crate::{
    backend::{Activation, Backend, Maps},
    param::{Entry, EntryMut},
};

/// Layers one after the other.
#[derive(Debug)]
pub(crate) struct Sequence<B: Backend>(pub(crate) Vec<Box<dyn Layer<B>>>);

impl<B: Backend> Sequence<B> {
    /// [`Layer::train`] with the first `fixed` layers evaluated.
    pub(crate) fn train_after(&mut self, fixed: usize, device: &B, input: Activation<B>) -> Activation<B> {
        let (fixed, learning) = self.0.split_at_mut(fixed);
        let input = fixed.iter().fold(input, |input, layer| layer.eval(device, input));
        learning.iter_mut().fold(input, |input, layer| layer.train(device, input))
    }

    /// [`Layer::backward`] down to these layers.
    pub(crate) fn backward_after(
        &mut self,
        fixed: usize,
        device: &B,
        d_output: Shared<B>,
        also: Option<Shared<B>>,
    ) -> Option<Maps<B>> {
        let (first, rest) = self.0[fixed..].split_first_mut()?;
        let mut d_output = d_output;
        for layer in rest.iter_mut().rev() {
            d_output = Arc::new(layer.backward(device, d_output, None)?);
        }
        first.backward(device, d_output, also)
    }
}

impl<B: Backend> Layer<B> for Sequence<B> {
    fn train(&mut self, device: &B, input: Activation<B>) -> Activation<B> {
        self.train_after(0, device, input)
    }

    fn backward(&mut self, device: &B, d_output: Shared<B>, also: Option<Shared<B>>) -> Option<Maps<B>> {
        self.backward_after(0, device, d_output, also)
    }

    fn eval(&self, device: &B, input: Activation<B>) -> Activation<B> {
        self.0.iter().fold(input, |input, layer| layer.eval(device, input))
    }

    fn seek(&mut self, first: u64) {
        self.0.iter_mut().for_each(|layer| layer.seek(first));
    }

    fn entries<'a>(&'a self, into: &mut Vec<Entry<'a, B>>) {
        self.0.iter().for_each(|layer| layer.entries(into));
    }

    fn entries_mut<'a>(&'a mut self, into: &mut Vec<EntryMut<'a, B>>) {
        self.0.iter_mut().for_each(|layer| layer.entries_mut(into));
    }
}
