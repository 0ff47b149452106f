//! Weights of colour images for grey ones.
//!
//! A grey pixel in colours is the same number x three times, and Σ over c of w\[c\]·x = (Σ over c of w\[c\])·x: a
//! convolution over one channel whose weights are the sums over the colours computes the same.

use thiserror::Error;

use crate::{backbones::BackboneKind, checkpoint::Tensors};

/// Weights that cannot be those of colour images.
#[derive(Debug, Error)]
pub enum GreyError {
    /// The first convolution is missing.
    #[error("there is no `{0}`, which reads images")]
    Missing(&'static str),
    /// It reads something else.
    #[error(
        "`{name}` has the shape {shape:?}, and one that reads colours has three input channels: [O, 3, KH, KW]"
    )]
    Shape {
        /// The first convolution.
        name: &'static str,
        /// The shape that it has.
        shape: Vec<usize>,
    },
    /// It holds something else than numbers.
    #[error("the first convolution cannot be summed")]
    Values(#[source] candle_core::Error),
}

/// Sums the first convolution of `kind` over the colours, so that the network computes of grey images what it did of
/// the same images in three equal channels. Order of the colours makes no difference.
pub fn to_grey(kind: BackboneKind, state: &mut Tensors) -> Result<(), GreyError> {
    let name = kind.first_weight();
    let weight = state.get_mut(name).ok_or(GreyError::Missing(name))?;
    let shape = weight.dims().to_vec();
    if !matches!(shape[..], [_, 3, _, _]) {
        return Err(GreyError::Shape { name, shape });
    }
    *weight = weight.sum_keepdim(1).map_err(GreyError::Values)?;
    Ok(())
}
