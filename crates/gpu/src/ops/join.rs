//! Channels of two maps side by side.
//!
//! - z\[·, c\] = f(a)\[·, c\] for c < A, else g(b)\[·, c - A\], with A the channels of a
//! - da = dz\[·, ..A\], db = dz\[·, A..\], both gradients to the normalised maps

use super::{Sizes, View};
use crate::{Buffer, Gpu, gpu::Arg, times::Work};

/// Where channels are in maps that may have more of them.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: usize,
    width: usize,
}

/// Both with their normalisation applied: the channels of `a`, then those of `b`.
pub fn forward(gpu: &Gpu, a: View<'_>, b: View<'_>) -> Buffer {
    let joined = gpu.take(a.data.len() + b.data.len(), gpu.element());
    let width = a.channels + b.channels;
    let _time = gpu.operator("join", || Work::on(&[&joined, &joined]));
    for (view, at) in [(a, 0), (b, a.channels)] {
        let whole = Place { at: 0, width: view.channels };
        place(gpu, view, whole, &joined, Place { at, width });
    }
    joined
}

/// The gradients to both parts, which have so many channels.
pub fn backward(gpu: &Gpu, d_output: &Buffer, [first, second]: [usize; 2]) -> [Buffer; 2] {
    let width = first + second;
    let _time = gpu.operator("join, backward", || Work::on(&[d_output, d_output]));
    [(0, first), (first, second)].map(|(at, channels)| {
        let part = gpu.take(d_output.len() / width * channels, gpu.element());
        let view = View { data: d_output, channels, affine: None };
        place(gpu, view, Place { at, width }, &part, Place { at: 0, width: channels });
        part
    })
}

/// Writes the channels of a view, which are at `from` in its maps.
fn place(gpu: &Gpu, view: View<'_>, from: Place, to_maps: &Buffer, to: Place) {
    let sizes = Sizes { positions: view.data.len() / from.width, channels: view.channels };
    let grid = sizes.grid_at(gpu, &[from.at, from.width, to.at, to.width]);
    let [from_at, from_width, to_at, to_width] =
        [from.at, from.width, to.at, to.width].map(|number| Arg::Int(number as i32));
    let others = [from_at, from_width, Arg::Buffer(to_maps), to_at, to_width];
    gpu.launch("place_channels", grid, &[&view.arguments()[..], &others, &sizes.arguments()].concat());
}
