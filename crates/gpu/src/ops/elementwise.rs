//! Operators that treat each number by itself.

use super::{Sizes, View};
use crate::{Buffer, Element, Gpu, gpu::Arg, times::Work};

/// The same numbers, kept as `element`: float32, or what feature maps are kept as. None where they are kept so already.
pub fn convert(gpu: &Gpu, from: &Buffer, element: Element) -> Option<Buffer> {
    if from.element() == element {
        return None;
    }
    let to = gpu.take(from.len(), element);
    let _time = gpu.operator("convert", || Work::on(&[from, &to]));
    let kernel = if element == Element::Float32 { "from_maps" } else { "to_maps" };
    let arguments = [Arg::Buffer(from), Arg::Buffer(&to), Arg::Long(from.len() as i64)];
    gpu.launch(kernel, gpu.over(from.len()), &arguments);
    Some(to)
}

/// The maps with their normalisation applied.
pub fn apply(gpu: &Gpu, input: View<'_>) -> Buffer {
    if input.affine.is_none() {
        return gpu.copy(input.data);
    }
    let (maps, sizes) = (gpu.take(input.data.len(), gpu.element()), input.sizes());
    let _time = gpu.operator("normalise and PReLU", || Work::on(&[input.data, &maps]));
    let arguments = [&input.arguments()[..], &[Arg::Buffer(&maps)], &sizes.arguments()].concat();
    gpu.launch("apply_affine", sizes.grid(gpu), &arguments);
    maps
}

/// The sum of two maps, both with their normalisation applied.
pub fn sum(gpu: &Gpu, a: View<'_>, b: View<'_>) -> Buffer {
    let (maps, sizes) = (gpu.take(a.data.len(), gpu.element()), a.sizes());
    let _time = gpu.operator("sum", || Work::on(&[a.data, b.data, &maps]));
    let arguments = [&a.arguments()[..], &b.arguments(), &[Arg::Buffer(&maps)], &sizes.arguments()].concat();
    gpu.launch("sum_maps", sizes.grid(gpu), &arguments);
    maps
}

/// Adds a value to each channel, in place.
pub fn add_bias(gpu: &Gpu, maps: &mut Buffer, bias: &Buffer) {
    let sizes = Sizes::of(maps, bias.len());
    let _time = gpu.operator("bias", || Work::on(&[maps, maps]));
    let arguments = [&[Arg::Buffer(maps), Arg::Buffer(bias)][..], &sizes.arguments()].concat();
    gpu.launch("add_bias", sizes.grid(gpu), &arguments);
}
