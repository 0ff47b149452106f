//! Dense convolutions by cuDNN.
//!
//! Channels are not padded to multiples of 8, at which NVIDIA's guide says that tensor cores run best: cuDNN's search says
//! which algorithms take a shape as it is, and images of 3 channels are the one large input that would gain.

use super::{
    Convolution,
    pack::{self, Order},
};
use crate::{
    Buffer, Gpu,
    cudnn::{Cudnn, Direction, Operands, Workspace},
    error::GpuError,
    ops::{View, elementwise},
};

/// Bytes of workspace that an algorithm may take at most.
const WORKSPACE: usize = 256 << 20;

/// One of the three computations.
struct Call<'a> {
    direction: Direction,
    conv: Convolution,
    x: &'a Buffer,
    weight: &'a Buffer,
    y: &'a Buffer,
    /// What remains of what is written, as it was.
    beta: f32,
}

impl Call<'_> {
    /// Says whether it was done, which it is not where the algorithm cannot add to what remains.
    fn run(&self, gpu: &Gpu, cudnn: &Cudnn) -> bool {
        let Self { direction, conv, beta, .. } = self;
        let known = cudnn.bytes(*direction, conv).or_else(|| self.search(gpu, cudnn));
        let Some(bytes) = known else { return true };
        let workspace = gpu.workspace(bytes);
        let workspace = Workspace { at: workspace.address, bytes };
        let done =
            gpu.unless_failed(|| match cudnn.run(*direction, conv, self.operands(), *beta, workspace) {
                Err(GpuError::Call { reason, .. }) if *beta != 0.0 && reason.contains("NOT_SUPPORTED") => {
                    Ok(false)
                }
                outcome => outcome.map(|()| true),
            });
        done.unwrap_or(true)
    }

    fn operands(&self) -> Operands {
        Operands { x: self.x.address, weight: self.weight.address, y: self.y.address }
    }

    fn written(&self) -> &Buffer {
        match self.direction {
            Direction::Forward => self.y,
            Direction::BackwardInput => self.x,
            Direction::BackwardWeight => self.weight,
        }
    }

    /// Measures with memory of its own in the place of what is written, to which something may have to be added.
    fn search(&self, gpu: &Gpu, cudnn: &Cudnn) -> Option<usize> {
        let Self { direction, conv, .. } = self;
        let to = gpu.take(self.written().len(), gpu.element());
        let workspace = gpu.scratch(WORKSPACE);
        let workspace = workspace.as_ref().map_or(Workspace { at: 0, bytes: 0 }, |workspace| Workspace {
            at: workspace.address,
            bytes: workspace.len() * workspace.element().bytes(),
        });
        let operands = match direction {
            Direction::Forward => Operands { y: to.address, ..self.operands() },
            Direction::BackwardInput => Operands { x: to.address, ..self.operands() },
            Direction::BackwardWeight => Operands { weight: to.address, ..self.operands() },
        };
        gpu.unrecorded("cuDNN's search", || {
            cudnn.search(*direction, conv, gpu.options(), operands, workspace)
        })
    }
}

/// A kernel that covers the image as one of 1×1 over that many channels: the numbers lie in the same order.
fn flattened(conv: &Convolution) -> Convolution {
    if conv.padding > 0 || conv.kernel != conv.input {
        return *conv;
    }
    Convolution { input: (1, 1), kernel: (1, 1), inputs: conv.inputs * conv.taps(), stride: 1, ..*conv }
}

/// See [`super::forward`].
pub(super) fn forward(
    gpu: &Gpu,
    cudnn: &Cudnn,
    input: &Buffer,
    weight: &Buffer,
    conv: &Convolution,
) -> Buffer {
    let weight = pack::pack(gpu, weight, Order::dense(conv));
    let output = gpu.take(conv.output_len(), gpu.element());
    let (direction, conv) = (Direction::Forward, flattened(conv));
    Call { direction, conv, x: input, weight: &weight, y: &output, beta: 0.0 }.run(gpu, cudnn);
    output
}

/// See [`super::backward_input`]. cuDNN adds to the other gradient itself, in float32, where its algorithm can: a sum of its own
/// reads and writes the maps once more, and rounds twice.
pub(super) fn backward_input(
    gpu: &Gpu,
    cudnn: &Cudnn,
    d_output: &Buffer,
    weight: &Buffer,
    conv: &Convolution,
    also: Option<Buffer>,
) -> Buffer {
    let weight = pack::pack(gpu, weight, Order::dense(conv));
    let run = |d_input: &Buffer, beta| {
        let (direction, conv) = (Direction::BackwardInput, flattened(conv));
        Call { direction, conv, x: d_input, weight: &weight, y: d_output, beta }.run(gpu, cudnn)
    };
    let fresh = || {
        let d_input = gpu.take(conv.input_len(), gpu.element());
        run(&d_input, 0.0);
        d_input
    };
    let Some(also) = also else { return fresh() };
    if run(&also, 1.0) {
        return also;
    }
    let view = |data| View { data, channels: conv.inputs, affine: None };
    elementwise::sum(gpu, view(&fresh()), view(&also))
}

/// See [`super::backward_weight`]. cuDNN keeps this gradient as maps are kept, and sums it in float32.
pub(super) fn backward_weight(
    gpu: &Gpu,
    cudnn: &Cudnn,
    input: &Buffer,
    d_output: &Buffer,
    conv: &Convolution,
    d_weight: &mut Buffer,
) {
    let packed = gpu.take(conv.weights(), gpu.element());
    let order = Order::dense(conv);
    let (direction, conv) = (Direction::BackwardWeight, flattened(conv));
    Call { direction, conv, x: input, weight: &packed, y: d_output, beta: 0.0 }.run(gpu, cudnn);
    pack::unpack(gpu, &packed, order, d_weight);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_layer_is_a_product_over_as_many_numbers() {
        let layer = Convolution {
            count: 3,
            input: (7, 5),
            output: (1, 1),
            inputs: 8,
            outputs: 16,
            kernel: (7, 5),
            stride: 1,
            padding: 0,
            groups: 1,
        };
        let product = flattened(&layer);
        assert_eq!((product.inputs, product.input, product.kernel), (280, (1, 1), (1, 1)));
        let lens = |conv: &Convolution| (conv.input_len(), conv.output_len(), conv.weights());
        assert_eq!(lens(&product), lens(&layer));
        let smaller = Convolution { kernel: (3, 3), output: (5, 3), ..layer };
        assert_eq!(flattened(&smaller), smaller);
    }
}
