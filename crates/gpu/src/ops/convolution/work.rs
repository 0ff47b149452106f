//! What a convolution is called where times are kept, and what it has to do.

use super::Convolution;
use crate::{Element, Gpu, times::Work};

/// One of the three computations.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pass {
    Forward,
    BackwardInput,
    BackwardWeight,
}

impl Convolution {
    /// By kind, since each has a kernel, or at least a cost, of its own; as the CPU's are called.
    pub(super) fn name(&self, pass: Pass) -> &'static str {
        let [forward, backward_input, backward_weight] = match (self.groups, self.kernel) {
            (1, (1, 1)) => ["conv 1×1", "conv 1×1, to input", "conv 1×1, to weight"],
            (1, (3, 3)) => ["conv 3×3", "conv 3×3, to input", "conv 3×3, to weight"],
            (1, _) => ["linear", "linear, to input", "linear, to weight"],
            (_, (3, 3)) => ["grouped 3×3", "grouped 3×3, to input", "grouped 3×3, to weight"],
            _ => ["global depthwise", "global depthwise, to input", "global depthwise, to weight"],
        };
        match pass {
            Pass::Forward => forward,
            Pass::BackwardInput => backward_input,
            Pass::BackwardWeight => backward_weight,
        }
    }

    /// The same in each pass: both maps and the weight are read or written once, and each number of the output takes part in as
    /// many products as a group has inputs and taps. `also` is what is added to what is written.
    pub(super) fn work(&self, gpu: &Gpu, also: usize) -> Work {
        let maps = self.input_len() + self.output_len() + also;
        let each = self.inputs / self.groups * self.taps();
        let flops = 2 * self.output_len() * each;
        Work { flops, ..Work::moving(&[(maps, gpu.element()), (self.weights(), Element::Float32)]) }
    }
}
