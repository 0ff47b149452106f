//! The sizes of a convolution, whatever computes it.

use crate::backend::MapShape;

/// y\[n, p, q, o\] = Σ over ky, kx, i of w\[o, i, ky, kx\] · x\[n, p·stride + ky - padding, q·stride + kx - padding, i\],
/// where x is 0 outside the image. With groups, output channel o sees only the input channels of its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convolution {
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Rows and columns of the kernel.
    pub kernel: (usize, usize),
    /// Step between output positions, in both directions.
    pub stride: usize,
    /// Zeros around the image, in both directions.
    pub padding: usize,
    /// 1: dense; as many as input and output channels: depthwise.
    pub groups: usize,
}

impl Convolution {
    /// A dense k×k convolution; k odd, padded so that stride 1 keeps the size.
    pub fn square(inputs: usize, outputs: usize, kernel: usize, stride: usize) -> Self {
        Self { inputs, outputs, kernel: (kernel, kernel), stride, padding: kernel / 2, groups: 1 }
    }

    /// As many input as output channels, in `groups` groups.
    pub fn grouped(channels: usize, groups: usize, kernel: usize, stride: usize) -> Self {
        Self { groups, ..Self::square(channels, channels, kernel, stride) }
    }

    /// A linear layer over flattened maps: the kernel covers the whole of them. The weight's order is that of
    /// PyTorch's `Linear` after `Flatten` of N×C×H×W.
    pub fn covering(inputs: usize, outputs: usize, kernel: (usize, usize)) -> Self {
        Self { inputs, outputs, kernel, stride: 1, padding: 0, groups: 1 }
    }

    /// Input channels of one group.
    pub fn group_inputs(&self) -> usize {
        self.inputs / self.groups
    }

    /// Input channels of one group of a grouped convolution; 1 for a dense one, which is no matter of groups.
    pub(crate) fn group_inputs_if_grouped(&self) -> usize {
        if self.groups == 1 { 1 } else { self.group_inputs() }
    }

    /// O×(I/groups)×KH×KW.
    pub fn weight_shape(&self) -> Vec<usize> {
        vec![self.outputs, self.group_inputs(), self.kernel.0, self.kernel.1]
    }

    /// Number of weights.
    pub fn weight_len(&self) -> usize {
        self.weight_shape().iter().product()
    }

    /// The shape of the output.
    ///
    /// # Panics
    /// Where the kernel is larger than the padded image, which building a network rules out.
    pub fn output(&self, input: MapShape) -> MapShape {
        assert_eq!(input.channels, self.inputs, "a convolution's input has other channels than its weight");
        let size = |size: usize, kernel: usize| (size + 2 * self.padding - kernel) / self.stride + 1;
        MapShape {
            count: input.count,
            height: size(input.height, self.kernel.0),
            width: size(input.width, self.kernel.1),
            channels: self.outputs,
        }
    }

    /// Multiplications, each with its addition, that the outputs of `input` take.
    pub fn multiplications(&self, input: MapShape) -> u64 {
        (self.output(input).positions() * self.weight_len()) as u64
    }

    /// Whether the kernel covers the whole input, so that there is one output position.
    pub(crate) fn covers(&self, input: MapShape) -> bool {
        self.padding == 0 && self.kernel == (input.height, input.width)
    }
}
