//! A ghost module (Han et al. 2020): features of which half are computed from all channels, and the other half cheaply,
//! each from one of the first.

use std::sync::Arc;

use super::{Layer, Shared, Unit};
use crate::{
    backend::{Activation, Backend, Maps},
    param::{Entry, EntryMut},
};

/// Two units, of which the second reads the first, and the outputs of both side by side.
#[derive(Debug)]
pub(crate) struct Ghost<B: Backend> {
    pub(crate) primary: Unit<B>,
    pub(crate) cheap: Unit<B>,
    /// Channels of the first.
    pub(crate) channels: usize,
}

impl<B: Backend> Layer<B> for Ghost<B> {
    fn train(&mut self, device: &B, input: Activation<B>) -> Activation<B> {
        let primary = self.primary.train(device, input);
        let cheap = self.cheap.train(device, primary.clone());
        Activation::plain(device.join(&primary, &cheap))
    }

    fn backward(&mut self, device: &B, d_output: Shared<B>, also: Option<Shared<B>>) -> Option<Maps<B>> {
        let [d_primary, d_cheap] = device.split(&d_output, self.channels);
        drop(d_output);
        let d_primary = self.cheap.backward(device, Arc::new(d_cheap), Some(Arc::new(d_primary)))?;
        self.primary.backward(device, Arc::new(d_primary), also)
    }

    fn eval(&self, device: &B, input: Activation<B>) -> Activation<B> {
        let primary = self.primary.eval(device, input);
        let cheap = self.cheap.eval(device, primary.clone());
        Activation::plain(device.join(&primary, &cheap))
    }

    fn seek(&mut self, first: u64) {
        self.primary.seek(first);
        self.cheap.seek(first);
    }

    fn entries<'a>(&'a self, into: &mut Vec<Entry<'a, B>>) {
        self.primary.entries(into);
        self.cheap.entries(into);
    }

    fn entries_mut<'a>(&'a mut self, into: &mut Vec<EntryMut<'a, B>>) {
        self.primary.entries_mut(into);
        self.cheap.entries_mut(into);
    }
}
