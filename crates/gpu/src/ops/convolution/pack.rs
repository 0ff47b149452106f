//! Weights between O×(I/groups)×KH×KW in float32, as they are kept, and the order that kernels read: channels nearest.

use super::Convolution;
use crate::{Buffer, Element, Gpu, gpu::Arg};

/// Output positions that are worth a sum of their own.
const POSITIONS: usize = 16;

/// In which order kernels read a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    outer: usize,
    /// Channels, the nearest of the packed order.
    inner: usize,
    taps: usize,
}

/// Parts of all output positions, of each of which the gradient to the weight is summed by itself. How many there are depends
/// on shapes alone, and so does the order of the sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunks {
    pub(super) count: usize,
    /// Positions of each but the last.
    pub(super) length: usize,
}

impl Order {
    /// O×KH×KW×(I/groups).
    pub(super) fn dense(conv: &Convolution) -> Self {
        Self { outer: conv.outputs, inner: conv.inputs / conv.groups, taps: conv.taps() }
    }

    /// KH×KW×C.
    pub(super) fn depthwise(conv: &Convolution) -> Self {
        Self { outer: 1, inner: conv.inputs, taps: conv.taps() }
    }

    fn len(self) -> usize {
        self.outer * self.inner * self.taps
    }

    fn arguments(self) -> [Arg<'static>; 3] {
        [self.outer, self.inner, self.taps].map(|size| Arg::Int(size as i32))
    }
}

impl Chunks {
    /// For a kernel in which `each` threads sum one chunk, and about `all` keep a GPU busy.
    pub(super) fn of(conv: &Convolution, each: usize, all: usize) -> Self {
        let positions = conv.output_positions();
        let most = (all / each).clamp(1, positions.div_ceil(POSITIONS));
        let length = positions.div_ceil(most);
        Self { count: positions.div_ceil(length), length }
    }

    pub(super) fn arguments(self) -> [Arg<'static>; 2] {
        [self.count, self.length].map(|size| Arg::Int(size as i32))
    }
}

/// A weight in the order that kernels read, kept as feature maps are.
pub(super) fn pack(gpu: &Gpu, weight: &Buffer, order: Order) -> Buffer {
    let packed = gpu.take(weight.len(), gpu.element());
    let [outer, inner, taps] = order.arguments();
    let arguments = [Arg::Buffer(weight), Arg::Buffer(&packed), outer, inner, taps];
    gpu.launch("pack_weight", gpu.over(weight.len()), &arguments);
    packed
}

/// A weight's gradient, kept as feature maps are, back in float32 and the order of weights.
pub(super) fn unpack(gpu: &Gpu, packed: &Buffer, order: Order, d_weight: &mut Buffer) {
    let [outer, inner, taps] = order.arguments();
    let arguments = [Arg::Buffer(packed), Arg::Buffer(d_weight), outer, inner, taps];
    gpu.launch("unpack_weight", gpu.over(packed.len()), &arguments);
}

/// Room for a weight's gradient of each chunk, float32 in the order that kernels read.
pub(super) fn partial(gpu: &Gpu, order: Order, chunks: Chunks) -> Buffer {
    gpu.take(chunks.count * order.len(), Element::Float32)
}

/// The sum of all chunks' gradients, in the order of weights.
pub(super) fn sum(gpu: &Gpu, partial: &Buffer, order: Order, chunks: Chunks, d_weight: &mut Buffer) {
    let [outer, inner, taps] = order.arguments();
    let [count, _] = chunks.arguments();
    let arguments = [Arg::Buffer(partial), Arg::Buffer(d_weight), count, outer, inner, taps];
    gpu.launch("sum_weight", gpu.blocks(order.len().div_ceil(32)), &arguments);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_hold_all_positions_and_none_is_empty() {
        let all = 1 << 16;
        for (count, side, each) in [(1, 1, 9), (1, 7, 9), (3, 5, 1 << 20), (128, 56, 24), (2, 9, 1)] {
            let conv = Convolution {
                count,
                input: (side, side),
                output: (side, side),
                inputs: 8,
                outputs: 8,
                kernel: (1, 1),
                stride: 1,
                padding: 0,
                groups: 8,
            };
            let Chunks { count, length } = Chunks::of(&conv, each, all);
            let positions = conv.output_positions();
            assert!((count - 1) * length < positions && positions <= count * length, "{conv:?}");
            assert!(count == 1 || count * each <= all, "{conv:?}");
        }
    }
}
