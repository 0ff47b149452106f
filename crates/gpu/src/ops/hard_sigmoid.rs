//! A sigmoid of three straight lines.
//!
//! - y = min(max(x/5 + 1/2, 0), 1); NaN stays so
//! - dx = dy/5 where -2.5 < x < 2.5, else 0

use crate::{Buffer, Gpu, gpu::Arg, times::Work};

/// Applied to each number.
pub fn forward(gpu: &Gpu, input: &Buffer) -> Buffer {
    let output = gpu.take(input.len(), gpu.element());
    let _time = gpu.operator("hard sigmoid", || Work::on(&[input, &output]));
    let arguments = [Arg::Buffer(input), Arg::Buffer(&output), Arg::Long(input.len() as i64)];
    gpu.launch("hard_sigmoid", gpu.over(input.len()), &arguments);
    output
}

/// The gradient to the input, in place of that to the output.
pub fn backward(gpu: &Gpu, input: &Buffer, d: &mut Buffer) {
    let _time = gpu.operator("hard sigmoid, backward", || Work::on(&[input, d, d]));
    let arguments = [Arg::Buffer(input), Arg::Buffer(d), Arg::Long(input.len() as i64)];
    gpu.launch("hard_sigmoid_backward", gpu.over(input.len()), &arguments);
}
