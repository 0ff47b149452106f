//! Convolutions of which each channel is a group: they read and write memory, and compute little, so a thread moves as many
//! channels as one access does.
//!
//! - y\[p\] = Σ over taps k of w\[k\] · x\[p·stride + k - padding\]
//! - dx\[u\] = Σ over taps k of w\[k\] · dy\[(u + padding - k) / stride\], where that is a position. With stride 1 it is the
//!   correlation of dy with the taps turned round, padded by K - 1 - padding.
//! - dw\[k\] = Σ over p of dy\[p\] · x\[p·stride + k - padding\]: of chunks of positions, then of the chunks.

use super::{
    Convolution,
    pack::{self, Chunks, Order},
};
use crate::{Buffer, Gpu, gpu::Arg};

/// Threads that keep a GPU busy at the sums of a weight's gradient: each reads several packs at once, and writes up to 56
/// sums, which are read again.
const THREADS: usize = 1 << 16;

/// Neighbouring taps that a thread treats at once: a row of the kernel, or one.
#[derive(Debug, Clone, Copy)]
enum Row {
    Three,
    Five,
    Seven,
    Any,
}

impl Row {
    fn of(conv: &Convolution) -> Self {
        match conv.kernel.1 {
            3 => Self::Three,
            5 => Self::Five,
            7 => Self::Seven,
            _ => Self::Any,
        }
    }

    fn taps(self) -> usize {
        match self {
            Self::Three => 3,
            Self::Five => 5,
            Self::Seven => 7,
            Self::Any => 1,
        }
    }

    fn correlate(self) -> &'static str {
        match self {
            Self::Three => "depthwise_3",
            Self::Five => "depthwise_5",
            Self::Seven => "depthwise_7",
            Self::Any => "depthwise_1",
        }
    }

    fn weight(self) -> &'static str {
        match self {
            Self::Three => "depthwise_weight_3",
            Self::Five => "depthwise_weight_5",
            Self::Seven => "depthwise_weight_7",
            Self::Any => "depthwise_weight_1",
        }
    }
}

/// Threads that it takes for all channels of a position: `PACK` channels each where that divides them.
fn packs(gpu: &Gpu, channels: usize) -> usize {
    let pack = 16 / gpu.element().bytes();
    if channels.is_multiple_of(pack) { channels / pack } else { channels }
}

/// A correlation of maps, whichever they are, with a packed weight.
struct Correlate<'a> {
    conv: &'a Convolution,
    from: &'a Buffer,
    packed: &'a Buffer,
    to: &'a Buffer,
    /// Zeros above and on the left.
    padding: (usize, usize),
    does_flip: bool,
    does_add: bool,
}

impl Correlate<'_> {
    fn launch(&self, gpu: &Gpu) {
        let Self { conv, padding, .. } = *self;
        let sizes = conv.sizes();
        let [from, packed, to] = [self.from, self.packed, self.to].map(Arg::Buffer);
        let [rows, columns] = [padding.0, padding.1].map(|padding| Arg::Int(padding as i32));
        let [flip, add] = [self.does_flip, self.does_add].map(|does| Arg::Int(does.into()));
        let threads = conv.output_positions() * packs(gpu, conv.inputs);
        gpu.launch(
            Row::of(conv).correlate(),
            gpu.over(threads),
            &[from, packed, to, Arg::Sizes(&sizes), rows, columns, flip, add],
        );
    }
}

/// See [`super::forward`].
pub(super) fn forward(gpu: &Gpu, input: &Buffer, weight: &Buffer, conv: &Convolution) -> Buffer {
    let packed = pack::pack(gpu, weight, Order::depthwise(conv));
    let output = gpu.take(conv.output_len(), gpu.element());
    let padding = (conv.padding, conv.padding);
    let (does_flip, does_add) = (false, false);
    Correlate { conv, from: input, packed: &packed, to: &output, padding, does_flip, does_add }.launch(gpu);
    output
}

/// See [`super::backward_input`].
pub(super) fn backward_input(
    gpu: &Gpu,
    d_output: &Buffer,
    weight: &Buffer,
    conv: &Convolution,
    also: Option<Buffer>,
) -> Buffer {
    let packed = pack::pack(gpu, weight, Order::depthwise(conv));
    let does_add = also.is_some();
    let d_input = also.unwrap_or_else(|| gpu.take(conv.input_len(), gpu.element()));
    if let Some(padding) = flipped_padding(conv) {
        let conv = Convolution { input: conv.output, output: conv.input, ..*conv };
        let (from, packed, to) = (d_output, &packed, &d_input);
        Correlate { conv: &conv, from, packed, to, padding, does_flip: true, does_add }.launch(gpu);
    } else {
        let sizes = conv.sizes();
        let [from, packed, to] = [d_output, &packed, &d_input].map(Arg::Buffer);
        let threads = conv.count * conv.input.0 * conv.input.1 * packs(gpu, conv.inputs);
        let arguments = [from, packed, to, Arg::Sizes(&sizes), Arg::Int(does_add.into())];
        gpu.launch("depthwise_backward_strided", gpu.over(threads), &arguments);
    }
    d_input
}

/// The padding with which the backward is a correlation, if it is one.
fn flipped_padding(conv: &Convolution) -> Option<(usize, usize)> {
    let padding = |kernel: usize| (kernel - 1).checked_sub(conv.padding);
    (conv.stride == 1).then_some((padding(conv.kernel.0)?, padding(conv.kernel.1)?))
}

/// See [`super::backward_weight`].
pub(super) fn backward_weight(
    gpu: &Gpu,
    input: &Buffer,
    d_output: &Buffer,
    conv: &Convolution,
    d_weight: &mut Buffer,
) {
    let (order, row, sizes) = (Order::depthwise(conv), Row::of(conv), conv.sizes());
    let threads = packs(gpu, conv.inputs) * conv.taps() / row.taps();
    let chunks = Chunks::of(conv, threads, THREADS);
    let partial = pack::partial(gpu, order, chunks);
    let [input, d_output, to] = [input, d_output, &partial].map(Arg::Buffer);
    let [count, length] = chunks.arguments();
    gpu.launch(
        row.weight(),
        gpu.over(chunks.count * threads),
        &[input, d_output, to, Arg::Sizes(&sizes), count, length],
    );
    pack::sum(gpu, &partial, order, chunks, d_weight);
}
