//! Operators that treat each number by itself.

use super::View;
use crate::{Buffer, Element, Gpu, gpu::Arg};

/// Bytes of N×H×W×3 to x/127.5 - 1, for `positions` N·H·W; with one channel, of their luma.
pub fn images(gpu: &Gpu, pixels: &[u8], channels: usize, positions: usize) -> Buffer {
    let pixels = gpu.upload_bytes(pixels);
    let maps = gpu.take(channels * positions, gpu.element());
    gpu.launch(
        "images",
        gpu.over(positions),
        &[Arg::Buffer(&pixels), Arg::Buffer(&maps), Arg::Int(channels as i32), Arg::Long(positions as i64)],
    );
    maps
}

/// The same numbers, kept as `element`: float32, or what feature maps are kept as.
pub fn convert(gpu: &Gpu, from: &Buffer, element: Element) -> Buffer {
    if from.element() == element {
        return gpu.copy(from);
    }
    let to = gpu.take(from.len(), element);
    let kernel = if element == Element::Float32 { "from_maps" } else { "to_maps" };
    let arguments = [Arg::Buffer(from), Arg::Buffer(&to), Arg::Long(from.len() as i64)];
    gpu.launch(kernel, gpu.over(from.len()), &arguments);
    to
}

/// The maps with their normalisation applied.
pub fn apply(_gpu: &Gpu, _input: View<'_>) -> Buffer {
    unimplemented!()
}

/// The sum of two maps, both with their normalisation applied.
pub fn sum(_gpu: &Gpu, _a: View<'_>, _b: View<'_>) -> Buffer {
    unimplemented!()
}

/// Adds a value to each channel, in place.
pub fn add_bias(_gpu: &Gpu, _maps: &mut Buffer, _bias: &Buffer) {
    unimplemented!()
}

/// min(max(x/5 + 1/2, 0), 1); NaN stays so.
pub fn hard_sigmoid(_gpu: &Gpu, _input: &Buffer) -> Buffer {
    unimplemented!()
}

/// The gradient to the input of a hard sigmoid.
pub fn hard_sigmoid_backward(_gpu: &Gpu, _input: &Buffer, _d_output: &Buffer) -> Buffer {
    unimplemented!()
}
