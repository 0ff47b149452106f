//! Weights of colour images for grey ones.
//!
//! A grey pixel in colours is the same number x three times, and Σ over c of w\[c\]·x = (Σ over c of w\[c\])·x: a
//! convolution over one channel whose weights are the sums over the colours computes the same.

use crate::{backbones::BackboneKind, checkpoint::Tensors};

/// Sums the first convolution of `kind` over the colours, so that the network computes of grey images what it did of
/// the same images in three equal channels. Order of the colours makes no difference. Whether it did: weights whose
/// first convolution is missing or reads something else stay as they are.
pub fn to_grey(kind: BackboneKind, state: &mut Tensors) -> bool {
    let Some(weight) = state.get_mut(kind.first_weight()) else { return false };
    let reads_colours = matches!(weight.dims(), [_, 3, _, _]) && weight.dtype().is_float();
    match weight.sum_keepdim(1) {
        Ok(grey) if reads_colours => *weight = grey,
        Ok(_) | Err(_) => return false,
    }
    true
}
