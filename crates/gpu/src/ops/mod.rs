//! The operators: what launches a kernel, beside its source.

use crate::{Buffer, gpu::Arg};

pub mod adamw;
pub mod batch_norm;
pub mod convolution;
pub mod dropout;
pub mod elementwise;
pub mod follow;
pub mod gate;
pub mod hard_sigmoid;
pub mod head;
pub mod images;
pub mod join;
pub mod margin;
pub mod margin_softmax;
pub mod matmul;
pub mod moments;
pub mod norm;
pub mod normalise;
pub mod prelu;
pub mod roofline;
pub mod sgd;
mod sizes;
pub mod sums;
mod tensors;

use sizes::Sizes;
pub use tensors::Rows;

/// Feature maps, N×H×W×C, with a normalisation that whoever reads them applies.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The numbers, as feature maps are kept.
    pub data: &'a Buffer,
    /// C.
    pub channels: usize,
    /// What is to be applied.
    pub affine: Option<Affine<'a>>,
}

impl<'a> View<'a> {
    fn sizes(self) -> Sizes {
        Sizes::of(self.data, self.channels)
    }

    /// As kernels take it: the numbers, scale, shift and slope, each of which may be null.
    fn arguments(self) -> [Arg<'a>; 4] {
        let Self { data, affine, .. } = self;
        let [scale, shift] =
            [affine.map(|affine| affine.scale), affine.map(|affine| affine.shift)].map(Arg::Maybe);
        [Arg::Buffer(data), scale, shift, Arg::Maybe(affine.and_then(|affine| affine.slope))]
    }
}

/// z = scale·y + shift of each channel, then PReLU where there are slopes; all float32.
#[derive(Debug, Clone, Copy)]
pub struct Affine<'a> {
    /// One factor a channel.
    pub scale: &'a Buffer,
    /// One summand a channel.
    pub shift: &'a Buffer,
    /// PReLU's slope a channel.
    pub slope: Option<&'a Buffer>,
}
