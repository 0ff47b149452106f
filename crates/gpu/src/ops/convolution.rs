//! Convolutions and linear layers.

use crate::{Buffer, Gpu};

/// All sizes of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Convolution {
    /// Images.
    pub count: usize,
    /// Rows and columns of the input.
    pub input: (usize, usize),
    /// Rows and columns of the output.
    pub output: (usize, usize),
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Rows and columns of the kernel.
    pub kernel: (usize, usize),
    /// Step between output positions, in both directions.
    pub stride: usize,
    /// Zeros around the image, in both directions.
    pub padding: usize,
    /// 1: dense; as many as input and output channels: depthwise.
    pub groups: usize,
}

/// Correlation with a weight of O×(I/groups)×KH×KW, float32.
pub fn forward(_gpu: &Gpu, _input: &Buffer, _weight: &Buffer, _conv: &Convolution) -> Buffer {
    unimplemented!()
}

/// The gradient to the input; `also` is added to it.
pub fn backward_input(
    _gpu: &Gpu,
    _d_output: &Buffer,
    _weight: &Buffer,
    _conv: &Convolution,
    _also: Option<&Buffer>,
) -> Buffer {
    unimplemented!()
}

/// The gradient to the weight, O×(I/groups)×KH×KW in float32, written to `d_weight`.
pub fn backward_weight(
    _gpu: &Gpu,
    _input: &Buffer,
    _d_output: &Buffer,
    _conv: &Convolution,
    _d_weight: &mut Buffer,
) {
    unimplemented!()
}
