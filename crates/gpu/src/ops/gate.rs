//! Means of images, and channels of images times gates: squeeze and excitation.
//!
//! - m\[n, c\] = 1/P · Σ over the P positions p of z\[n, p, c\]; y\[n, p, c\] = z\[n, p, c\] · g\[n, c\]
//! - dg\[n, c\] = Σ over p of dy\[n, p, c\] · z\[n, p, c\]
//! - dz\[n, p, c\] = dy\[n, p, c\] · g\[n, c\] + dm\[n, c\] / P

use super::{Sizes, View};
use crate::{Buffer, Gpu, gpu::Arg, times::Work};

/// The mean of each channel of each of `images`, N×1×1×C, with the normalisation applied.
pub fn pool(gpu: &Gpu, input: View<'_>, images: usize) -> Buffer {
    let _time = gpu.operator("pool", || Work::on(&[input.data]));
    let area = input.sizes().positions / images;
    image_sums(gpu, input, None, 1.0 / area as f32, images)
}

/// The input, with its normalisation applied, times one gate a channel of an image, N×1×1×C.
pub fn forward(gpu: &Gpu, input: View<'_>, gates: &Buffer) -> Buffer {
    let (output, sizes) = (gpu.take(input.data.len(), gpu.element()), input.sizes());
    let _time = gpu.operator("gate", || Work::on(&[input.data, gates, &output]));
    let others = [gates, &output].map(Arg::Buffer);
    let arguments = [&input.arguments()[..], &others, &within_images(sizes, gates)].concat();
    gpu.launch("gate", sizes.grid(gpu), &arguments);
    output
}

/// The gradient to the gates, of `images`.
pub fn backward_gates(gpu: &Gpu, input: View<'_>, d_output: &Buffer, images: usize) -> Buffer {
    let _time = gpu.operator("gate, to gates", || Work::on(&[input.data, d_output]));
    image_sums(gpu, input, Some(d_output), 1.0, images)
}

/// The gradient to the (normalised) input, and of the pool whose means have the gradient `d_means`, written to
/// `d_input`, which may be `d_output`.
pub fn backward_input(
    gpu: &Gpu,
    d_output: &Buffer,
    gates: &Buffer,
    d_means: &Buffer,
    channels: usize,
    d_input: &Buffer,
) {
    let _time = gpu.operator("gate, to input", || Work::on(&[d_output, gates, d_means, d_input]));
    let sizes = Sizes::of(d_output, channels);
    let share = gates.len() as f32 / d_output.len() as f32;
    let buffers = [d_output, gates, d_means, d_input].map(Arg::Buffer);
    let arguments = [&buffers[..], &[Arg::Float(share)], &within_images(sizes, gates)].concat();
    gpu.launch("gate_backward", sizes.grid(gpu), &arguments);
}

/// Positions of an image, all of them in 32 bits, and channels.
fn within_images(sizes: Sizes, gates: &Buffer) -> [Arg<'static>; 3] {
    let images = gates.len() / sizes.channels;
    [sizes.positions / images, sizes.positions, sizes.channels].map(|number| Arg::Int(number as i32))
}

/// `share` times the sums over each image's positions, of products with `factors` where there are some.
fn image_sums(gpu: &Gpu, input: View<'_>, factors: Option<&Buffer>, share: f32, images: usize) -> Buffer {
    let (sizes, sums) = (input.sizes(), gpu.take(images * input.channels, gpu.element()));
    let counts = [images, sizes.positions / images, sizes.channels].map(|number| Arg::Int(number as i32));
    let others = [Arg::Maybe(factors), Arg::Buffer(&sums), Arg::Float(share)];
    let arguments = [&input.arguments()[..], &others, &counts].concat();
    gpu.launch("image_sums", sizes.over_images(gpu, images), &arguments);
    sums
}
