//! The gradients of a PReLU without a batch norm before it. Forward, whoever reads the maps applies it on the way.
//!
//! - z = x if x > 0, else slope·x
//! - dx = dz if x > 0, else slope·dz
//! - dslope\[c\] = Σ of dz·x over x ≤ 0

use super::{Sizes, sums};
use crate::{Buffer, Gpu, gpu::Arg, times::Work};

/// The gradient to the input, in place of that to the output; that to the slope is written to `d_slope`.
pub fn backward(gpu: &Gpu, input: &Buffer, slope: &Buffer, d: &mut Buffer, d_slope: &mut Buffer) {
    let sizes = Sizes::of(input, slope.len());
    let _time = gpu.operator("PReLU, backward", || Work::on(&[input, d, d]));
    let (grid, parts) = sizes.parts(gpu, 1);
    let buffers = [input, slope, d, &parts].map(Arg::Buffer);
    gpu.launch("prelu_backward", grid, &[&buffers[..], &sizes.arguments()].concat());
    sums::of_parts(gpu, sizes, grid, &parts, d_slope);
}
