//! A path with a shortcut beside it: f(x) + g(x), g the identity or a projection.

use std::sync::Arc;

use super::{Layer, Sequence, Unit};
use crate::{
    backend::{Activation, Backend, Maps},
    param::{Entry, EntryMut},
};

/// A path with a shortcut beside it.
#[derive(Debug)]
pub(crate) struct Residual<B: Backend> {
    pub(crate) path: Sequence<B>,
    /// Where the path changes the shape.
    pub(crate) projection: Option<Unit<B>>,
}

impl<B: Backend> Layer<B> for Residual<B> {
    fn train(&mut self, device: &B, input: Activation<B>) -> Activation<B> {
        // Norm layers at the beginning of a path need plain maps, and so does whoever reads them a second time.
        let input = if input.affine.is_none() { input } else { Activation::plain(device.apply(&input)) };
        let shortcut = match &mut self.projection {
            Some(projection) => projection.train(device, input.clone()),
            None => input.clone(),
        };
        let path = self.path.train(device, input);
        Activation::plain(device.sum(&path, &shortcut))
    }

    fn backward(
        &mut self,
        device: &B,
        d_output: Arc<Maps<B>>,
        also: Option<Arc<Maps<B>>>,
    ) -> Option<Maps<B>> {
        let shortcut = match &mut self.projection {
            Some(projection) => Arc::new(projection.backward(device, Arc::clone(&d_output), also)?),
            None => add(device, &d_output, also),
        };
        self.path.backward(device, d_output, Some(shortcut))
    }

    fn eval(&self, device: &B, input: Activation<B>) -> Activation<B> {
        let input = if input.affine.is_none() { input } else { Activation::plain(device.apply(&input)) };
        let shortcut = match &self.projection {
            Some(projection) => projection.eval(device, input.clone()),
            None => input.clone(),
        };
        let path = self.path.eval(device, input);
        Activation::plain(device.sum(&path, &shortcut))
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

fn add<B: Backend>(device: &B, d_output: &Arc<Maps<B>>, also: Option<Arc<Maps<B>>>) -> Arc<Maps<B>> {
    let plain = |maps: &Arc<Maps<B>>| Activation { maps: Arc::clone(maps), affine: None };
    match also {
        None => Arc::clone(d_output),
        Some(also) => Arc::new(device.sum(&plain(d_output), &plain(&also))),
    }
}
