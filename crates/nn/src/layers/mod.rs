//! Layers: parameters, and which operators they call in training, backward and evaluation.
//!
//! Training and evaluation are different methods. `train` keeps what `backward` needs, `backward` takes it, so a
//! layer holds activations only in between.

mod dropout;
mod excite;
mod ghost;
mod norm;
mod residual;
mod sequence;
mod unit;

use std::sync::Arc;

pub(crate) use dropout::Dropout;
pub(crate) use excite::Excite;
pub(crate) use ghost::Ghost;
pub(crate) use norm::{Norm, NormCore};
pub(crate) use residual::Residual;
pub(crate) use sequence::Sequence;
pub(crate) use unit::{Role, Unit, UnitBuilder};

use crate::{
    backend::{Activation, Backend, Maps},
    param::{Entry, EntryMut},
};

/// Maps that several layers hold.
pub(crate) type Shared<B> = Arc<Maps<B>>;

/// A part of a network.
pub(crate) trait Layer<B: Backend>: std::fmt::Debug + Send + Sync {
    /// Forward in training: batch statistics are used and running ones follow.
    fn train(&mut self, device: &B, input: Activation<B>) -> Activation<B>;

    /// Writes the gradients of the parameters and returns that to the input, to which `also` is added; none from a
    /// layer that reads images.
    ///
    /// # Panics
    /// Where no `train` went before: the network sees to that.
    fn backward(&mut self, device: &B, d_output: Shared<B>, also: Option<Shared<B>>) -> Option<Maps<B>>;

    /// Forward in evaluation: running statistics are used and nothing is kept.
    fn eval(&self, device: &B, input: Activation<B>) -> Activation<B>;

    /// Says how many images of the run went before those of the next `train`; for what draws by an image's number.
    fn seek(&mut self, first: u64);

    /// The state in PyTorch's order.
    fn entries<'a>(&'a self, into: &mut Vec<Entry<'a, B>>);

    /// The state in the same order, to be changed.
    fn entries_mut<'a>(&'a mut self, into: &mut Vec<EntryMut<'a, B>>);
}

/// `input` with its normalisation applied, for layers that need it so or read it more than once.
fn plain<B: Backend>(device: &B, input: Activation<B>) -> Activation<B> {
    if input.affine.is_none() { input } else { Activation::plain(device.apply(&input)) }
}

/// What a layer kept in training.
#[expect(
    clippy::expect_used,
    reason = "backward without forward is a mistake of the program, not of its input"
)]
fn kept<T>(saved: &mut Option<T>) -> T {
    saved.take().expect("backward follows train")
}
