//! Batch norm with the PReLU that follows it, and what else sums over a channel.

use super::{Affine, View};
use crate::{Buffer, Gpu};

/// What a batch norm's backward needs from its forward.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    /// The input of the normalisation, and what was applied to it.
    pub input: &'a Buffer,
    /// What was applied.
    pub affine: Affine<'a>,
    /// Each channel's mean.
    pub mean: &'a Buffer,
    /// Each channel's variance, divided by n.
    pub variance: &'a Buffer,
}

/// Where a batch norm's backward writes the gradients of its parameters, float32.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// Of the scale; none where it is frozen.
    pub weight: Option<&'a mut Buffer>,
    /// Of the shift.
    pub bias: &'a mut Buffer,
    /// Of PReLU's slope.
    pub slope: Option<&'a mut Buffer>,
}

/// Each channel's mean and variance (divided by n), float32.
pub fn moments(_gpu: &Gpu, _maps: &Buffer, _channels: usize) -> [Buffer; 2] {
    unimplemented!()
}

/// scale = weight / √(variance + ε) and shift = bias - mean·scale, ε = 1e-5; all float32.
pub fn scale_and_shift(_gpu: &Gpu, _moments: [&Buffer; 2], _weight: &Buffer, _bias: &Buffer) -> [Buffer; 2] {
    unimplemented!()
}

/// running ← (1 - momentum)·running + momentum·factor·batch, float32.
pub fn update_running(_gpu: &Gpu, _running: &mut Buffer, _batch: &Buffer, _momentum: f32, _factor: f32) {
    unimplemented!()
}

/// The gradient to the input of a batch norm with its PReLU, in training; `also` is added to it. May write it over
/// `d_output` where that is given away.
pub fn backward(
    _gpu: &Gpu,
    _state: &State<'_>,
    _d_output: &Buffer,
    _also: Option<&Buffer>,
    _gradients: Gradients<'_>,
) -> Buffer {
    unimplemented!()
}

/// The gradient to the input of a PReLU without batch norm; that to its slope is written to `d_slope`.
pub fn prelu_backward(
    _gpu: &Gpu,
    _input: View<'_>,
    _slope: &Buffer,
    _d_output: &Buffer,
    _d_slope: &mut Buffer,
) -> Buffer {
    unimplemented!()
}

/// The sum of each channel, written to `sums`, float32.
pub fn channel_sums(_gpu: &Gpu, _maps: &Buffer, _sums: &mut Buffer) {
    unimplemented!()
}
