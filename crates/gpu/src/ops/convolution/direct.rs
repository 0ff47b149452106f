//! Convolutions by plain loops, whatever their sizes: the reference on a GPU, what the emulator has for dense ones, and
//! what computes groups of several channels.

use super::{
    Convolution,
    pack::{self, Chunks, Order},
};
use crate::{Buffer, Gpu, gpu::Arg};

/// Threads that keep a GPU busy at the sums of a weight's gradient, where each has one.
const THREADS: usize = 1 << 18;

/// See [`super::forward`].
pub fn forward(gpu: &Gpu, input: &Buffer, weight: &Buffer, conv: &Convolution) -> Buffer {
    let (packed, sizes) = (pack::pack(gpu, weight, Order::dense(conv)), conv.sizes());
    let output = gpu.take(conv.output_len(), gpu.element());
    let arguments = [Arg::Buffer(input), Arg::Buffer(&packed), Arg::Buffer(&output), Arg::Sizes(&sizes)];
    gpu.launch("direct_forward", gpu.over(output.len()), &arguments);
    output
}

/// See [`super::backward_input`].
pub fn backward_input(
    gpu: &Gpu,
    d_output: &Buffer,
    weight: &Buffer,
    conv: &Convolution,
    also: Option<Buffer>,
) -> Buffer {
    let (packed, sizes) = (pack::pack(gpu, weight, Order::dense(conv)), conv.sizes());
    let add = Arg::Int(also.is_some().into());
    let d_input = also.unwrap_or_else(|| gpu.take(conv.input_len(), gpu.element()));
    let maps = [d_output, &packed, &d_input].map(Arg::Buffer);
    let [d_output, packed, to] = maps;
    gpu.launch(
        "direct_backward_input",
        gpu.over(d_input.len()),
        &[d_output, packed, to, Arg::Sizes(&sizes), add],
    );
    d_input
}

/// See [`super::backward_weight`].
pub fn backward_weight(
    gpu: &Gpu,
    input: &Buffer,
    d_output: &Buffer,
    conv: &Convolution,
    d_weight: &mut Buffer,
) {
    let (order, chunks, sizes) =
        (Order::dense(conv), Chunks::of(conv, conv.weights(), THREADS), conv.sizes());
    let partial = pack::partial(gpu, order, chunks);
    let [input, d_output, to] = [input, d_output, &partial].map(Arg::Buffer);
    let [count, length] = chunks.arguments();
    gpu.launch(
        "direct_backward_weight",
        gpu.over(partial.len()),
        &[input, d_output, to, Arg::Sizes(&sizes), count, length],
    );
    pack::sum(gpu, &partial, order, chunks, d_weight);
}
