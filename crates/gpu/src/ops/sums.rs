//! Sums over each channel: the gradient of a bias.

use super::Sizes;
use crate::{Buffer, Gpu, gpu::Arg, runtime::Grid, times::Work};

/// The sum of each channel, written to `sums`, float32.
pub fn channel_sums(gpu: &Gpu, maps: &Buffer, sums: &mut Buffer) {
    let _time = gpu.operator("bias", || Work::on(&[maps]));
    let sizes = Sizes::of(maps, sums.len());
    let (grid, parts) = sizes.parts(gpu, 1);
    let arguments = [&[Arg::Buffer(maps), Arg::Buffer(&parts)][..], &sizes.arguments()].concat();
    gpu.launch("channel_parts", grid, &arguments);
    of_parts(gpu, sizes, grid, &parts, sums);
}

/// The sum of what each block of `grid` left in `parts`.
pub(super) fn of_parts(gpu: &Gpu, sizes: Sizes, grid: Grid, parts: &Buffer, sums: &mut Buffer) {
    let count = Arg::Int(grid.blocks[0].cast_signed());
    let arguments = [Arg::Buffer(parts), count, Arg::Buffer(sums), Arg::Int(sizes.channels as i32)];
    gpu.launch("channel_sums", sizes.over_parts(gpu), &arguments);
}
