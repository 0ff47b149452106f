//! Convolutions and linear layers.
//!
//! Dense ones are cuDNN's on a GPU; depthwise ones have kernels of their own, and plain loops do the rest: groups of
//! several channels, and all dense ones in the emulator.

mod cudnn;
mod depthwise;
pub mod direct;
mod pack;
mod work;

use crate::{Buffer, Gpu, GpuError, cudnn::Cudnn};
use work::Pass;

/// All sizes of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Convolution {
    /// Images.
    pub count: usize,
    /// Rows and columns of the input.
    pub input: (usize, usize),
    /// Rows and columns of the output.
    pub output: (usize, usize),
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
    /// As kernels take them: `Conv` in `sizes.cuh`.
    fn sizes(&self) -> [i32; 12] {
        let Self { count, input, output, inputs, outputs, kernel, stride, padding, groups } = *self;
        let sizes = [count, input.0, input.1, output.0, output.1, inputs, outputs, kernel.0, kernel.1];
        let mut all = [0; 12];
        for (to, size) in all.iter_mut().zip(sizes.into_iter().chain([stride, padding, groups])) {
            *to = size as i32;
        }
        all
    }

    /// Kernels number what they write by 32 bits, and cuDNN by 31.
    fn check(&self) -> Result<(), GpuError> {
        let numbers = self.input_len().max(self.output_len());
        if i32::try_from(numbers).is_ok() {
            return Ok(());
        }
        let most = i32::MAX;
        let reason = format!(
            "its maps have {numbers} numbers, and at most {most} are possible; make `training.batch_size` smaller, or split it \
             with `training.accumulate`"
        );
        Err(GpuError::Call { what: "a convolution", reason })
    }

    fn input_len(&self) -> usize {
        self.count * self.input.0 * self.input.1 * self.inputs
    }

    fn output_positions(&self) -> usize {
        self.count * self.output.0 * self.output.1
    }

    fn output_len(&self) -> usize {
        self.output_positions() * self.outputs
    }

    fn taps(&self) -> usize {
        self.kernel.0 * self.kernel.1
    }

    fn weights(&self) -> usize {
        self.outputs * self.inputs / self.groups * self.taps()
    }
}

/// What computes a convolution.
enum Way<'a> {
    Cudnn(&'a Cudnn),
    Depthwise,
    Direct,
}

impl<'a> Way<'a> {
    fn of(gpu: &'a Gpu, conv: &Convolution) -> Self {
        gpu.unless_failed(|| conv.check());
        let is_depthwise = conv.groups == conv.inputs && conv.groups == conv.outputs && conv.groups > 1;
        if is_depthwise {
            return Self::Depthwise;
        }
        let cudnn = if conv.groups == 1 { gpu.unless_failed(|| gpu.runtime.cudnn()) } else { None };
        cudnn.flatten().map_or(Self::Direct, Self::Cudnn)
    }
}

/// Correlation with a weight of O×(I/groups)×KH×KW, float32.
pub fn forward(gpu: &Gpu, input: &Buffer, weight: &Buffer, conv: &Convolution) -> Buffer {
    let _time = gpu.operator(conv.name(Pass::Forward), || conv.work(gpu, 0));
    match Way::of(gpu, conv) {
        Way::Cudnn(cudnn) => cudnn::forward(gpu, cudnn, input, weight, conv),
        Way::Depthwise => depthwise::forward(gpu, input, weight, conv),
        Way::Direct => direct::forward(gpu, input, weight, conv),
    }
}

/// The gradient to the input. `also` is another gradient to it, which is added, and whose memory the sum takes.
pub fn backward_input(
    gpu: &Gpu,
    d_output: &Buffer,
    weight: &Buffer,
    conv: &Convolution,
    also: Option<Buffer>,
) -> Buffer {
    let added = also.as_ref().map_or(0, Buffer::len);
    let _time = gpu.operator(conv.name(Pass::BackwardInput), || conv.work(gpu, added));
    match Way::of(gpu, conv) {
        Way::Cudnn(cudnn) => cudnn::backward_input(gpu, cudnn, d_output, weight, conv, also),
        Way::Depthwise => depthwise::backward_input(gpu, d_output, weight, conv, also),
        Way::Direct => direct::backward_input(gpu, d_output, weight, conv, also),
    }
}

/// The gradient to the weight, O×(I/groups)×KH×KW in float32, written to `d_weight`.
pub fn backward_weight(
    gpu: &Gpu,
    input: &Buffer,
    d_output: &Buffer,
    conv: &Convolution,
    d_weight: &mut Buffer,
) {
    let _time = gpu.operator(conv.name(Pass::BackwardWeight), || conv.work(gpu, 0));
    match Way::of(gpu, conv) {
        Way::Cudnn(cudnn) => cudnn::backward_weight(gpu, cudnn, input, d_output, conv, d_weight),
        Way::Depthwise => depthwise::backward_weight(gpu, input, d_output, conv, d_weight),
        Way::Direct => direct::backward_weight(gpu, input, d_output, conv, d_weight),
    }
}
