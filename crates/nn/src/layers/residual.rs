//! A path with a shortcut beside it: f(x) + g(x), g the identity or a projection.

use std::sync::Arc;

use super::{Layer, Sequence, Shared, plain};
use crate::{
    backend::{Activation, Backend, Maps},
    param::{Entry, EntryMut},
};

/// A path with a shortcut beside it.
#[derive(Debug)]
pub(crate) struct Residual<B: Backend> {
    pub(crate) path: Sequence<B>,
    /// Where the path changes the shape.
    pub(crate) projection: Option<Box<dyn Layer<B>>>,
}

impl<B: Backend> Layer<B> for Residual<B> {
    fn train(&mut self, device: &B, input: Activation<B>) -> Activation<B> {
        let input = plain(device, input);
        let shortcut = match &mut self.projection {
            Some(projection) => projection.train(device, input.clone()),
            None => input.clone(),
        };
        let path = self.path.train(device, input);
        Activation::plain(device.sum(&path, &shortcut))
    }

    fn backward(&mut self, device: &B, d_output: Shared<B>, also: Option<Shared<B>>) -> Option<Maps<B>> {
        let shortcut = match &mut self.projection {
            Some(projection) => Arc::new(projection.backward(device, Arc::clone(&d_output), also)?),
            None => add(device, &d_output, also),
        };
        self.path.backward(device, d_output, Some(shortcut))
    }

    fn eval(&self, device: &B, input: Activation<B>) -> Activation<B> {
        let input = plain(device, input);
        let shortcut = match &self.projection {
            Some(projection) => projection.eval(device, input.clone()),
            None => input.clone(),
        };
        let path = self.path.eval(device, input);
        Activation::plain(device.sum(&path, &shortcut))
    }

    fn seek(&mut self, first: u64) {
        self.path.seek(first);
        self.projection.iter_mut().for_each(|projection| projection.seek(first));
    }

    fn entries<'a>(&'a self, into: &mut Vec<Entry<'a, B>>) {
        self.path.entries(into);
        self.projection.iter().for_each(|projection| projection.entries(into));
    }

    fn entries_mut<'a>(&'a mut self, into: &mut Vec<EntryMut<'a, B>>) {
        self.path.entries_mut(into);
        self.projection.iter_mut().for_each(|projection| projection.entries_mut(into));
    }
}

fn add<B: Backend>(device: &B, d_output: &Shared<B>, also: Option<Shared<B>>) -> Shared<B> {
    let activation = |maps: &Shared<B>| Activation { maps: Arc::clone(maps), affine: None };
    match also {
        None => Arc::clone(d_output),
        Some(also) => Arc::new(device.sum(&activation(d_output), &activation(&also))),
    }
}
