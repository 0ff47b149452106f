//! Mean and variance of each channel (Chan, Golub and `LeVeque` 1979), without the digits that a large mean costs sums
//! of squares.

use super::Sizes;
use crate::{Buffer, Element, Gpu, gpu::Arg, times::Work};

/// Each channel's mean and variance (divided by n), float32.
pub fn moments(gpu: &Gpu, maps: &Buffer, channels: usize) -> [Buffer; 2] {
    let _time = gpu.operator("batch norm, moments", || Work::on(&[maps]));
    let sizes = Sizes::of(maps, channels);
    let (grid, parts) = sizes.parts(gpu, 2);
    let arguments = [&[Arg::Buffer(maps), Arg::Buffer(&parts)][..], &sizes.arguments()].concat();
    gpu.launch("moment_parts", grid, &arguments);

    let [mean, variance] = [(); 2].map(|()| gpu.take(channels, Element::Float32));
    let count = Arg::Int(grid.blocks[0].cast_signed());
    let buffers = [Arg::Buffer(&parts), count, Arg::Buffer(&mean), Arg::Buffer(&variance)];
    gpu.launch("moments", sizes.over_parts(gpu), &[&buffers[..], &sizes.arguments()].concat());
    [mean, variance]
}
