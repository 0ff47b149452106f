//! Means of images, and channels of images times gates: squeeze and excitation.

use super::View;
use crate::{Buffer, Gpu};

/// The mean of each channel of each of `images`, N×1×1×C, with the normalisation applied.
pub fn pool(_gpu: &Gpu, _input: View<'_>, _images: usize) -> Buffer {
    unimplemented!()
}

/// The input, with its normalisation applied, times one gate a channel of an image, N×1×1×C.
pub fn forward(_gpu: &Gpu, _input: View<'_>, _gates: &Buffer) -> Buffer {
    unimplemented!()
}

/// The gradient to the gates, of `images`.
pub fn backward_gates(_gpu: &Gpu, _input: View<'_>, _d_output: &Buffer, _images: usize) -> Buffer {
    unimplemented!()
}

/// The gradient to the (normalised) input, and of the pool whose means have the gradient `d_means`:
/// dz = dy·g + dm/P.
pub fn backward_input(
    _gpu: &Gpu,
    _d_output: &Buffer,
    _gates: &Buffer,
    _d_means: &Buffer,
    _channels: usize,
) -> Buffer {
    unimplemented!()
}
