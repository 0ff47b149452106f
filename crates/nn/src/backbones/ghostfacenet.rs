//! GhostFaceNetV1 (Alansari et al. 2023, GhostFaceNets: Lightweight Face Recognition Model From Cheap Operations, IEEE
//! Access 11), of width 1.3, with stride 1 or 2 in its stem.
//!
//! A block is ghost module → depthwise convolution where it halves the image → squeeze and excitation where there is
//! one → ghost module without PReLU, plus the shortcut. PReLU stands for the ReLUs of GhostNet (Han et al. 2020).
//!
//! Chosen among small networks of late by what they published on LFW and AgeDB-30, trained on MS1MV3 at 112 × 112:
//! 99.73 % and 98.00 % with stride 1 (212 million multiplications), 99.68 % and 96.92 % with stride 2 (59 million);
//! EdgeFace-XS (George et al. 2024) has 99.73 % and 96.00 % for 154 million and needs attention and layer norms besides.
//! All it needs beyond MobileFaceNet's operators is joining channels and gating them.
//!
//! Where the image is halved, rows and columns are padded alike on both sides, as PyTorch pads; the published weights
//! are Keras's, which pads below and on the right.

use super::Sizes;
use crate::{
    backend::Backend,
    init::Init,
    layers::{Dropout, Excite, Ghost, Layer, Residual, Role, Sequence, UnitBuilder},
    ops::Convolution,
};

/// One block; channels are those of width 1.
struct Block {
    /// Rows of the depthwise kernels where it halves the image or changes its channels.
    kernel: usize,
    /// Channels between its ghost modules.
    inner: usize,
    outputs: usize,
    is_excited: bool,
    stride: usize,
}

const fn block(kernel: usize, inner: usize, outputs: usize, is_excited: bool, stride: usize) -> Block {
    Block { kernel, inner, outputs, is_excited, stride }
}

const BLOCKS: [Block; 16] = [
    block(3, 16, 16, false, 1),
    block(3, 48, 24, false, 2),
    block(3, 72, 24, false, 1),
    block(5, 72, 40, true, 2),
    block(5, 120, 40, true, 1),
    block(3, 240, 80, false, 2),
    block(3, 200, 80, false, 1),
    block(3, 184, 80, false, 1),
    block(3, 184, 80, false, 1),
    block(3, 480, 112, true, 1),
    block(3, 672, 112, true, 1),
    block(5, 672, 160, true, 2),
    block(5, 960, 160, false, 1),
    block(5, 960, 160, true, 1),
    block(5, 960, 160, false, 1),
    block(5, 512, 160, true, 1),
];

/// Channels of the stem, and before the embedding.
const STEM: usize = 16;
const LAST: usize = 512;

/// `channels` times the width, as a multiple of 4 that is no more than a tenth below.
fn wide(channels: f64) -> usize {
    let rounded = ((channels + 2.0) as usize / 4 * 4).max(4);
    if (rounded as f64) < 0.9 * channels { rounded + 4 } else { rounded }
}

/// `channels` at the width of 1.3.
fn at_width(channels: usize) -> usize {
    wide(1.3 * channels as f64)
}

pub(super) fn build<B: Backend>(device: &B, sizes: Sizes, stem_stride: usize, seed: u64) -> Sequence<B> {
    let stem = Convolution::square(sizes.channels, at_width(STEM), 3, stem_stride);
    let stem = UnitBuilder { role: Role::Images, ..with_prelu(stem, "conv_stem") };
    let mut layers: Vec<Box<dyn Layer<B>>> = vec![Box::new(stem.build(device, seed))];
    let mut inputs = at_width(STEM);
    for (index, block) in BLOCKS.iter().enumerate() {
        layers.push(Box::new(block.build(device, &format!("blocks.{index}"), inputs, seed)));
        inputs = at_width(block.outputs);
    }
    let last = at_width(LAST);
    layers
        .push(Box::new(with_prelu(Convolution::square(inputs, last, 1, 1), "conv_head").build(device, seed)));
    let rows = sizes.image.div_ceil(16 * stem_stride);
    let global = Convolution { groups: last, ..Convolution::covering(last, last, (rows, rows)) };
    layers.push(Box::new(without_prelu(global, "gdc").build(device, seed)));
    if sizes.dropout > 0.0 {
        layers.push(Box::new(Dropout::new(seed, sizes.dropout)));
    }
    let linear = Convolution::covering(last, sizes.embedding, (1, 1));
    let linear = UnitBuilder { role: Role::Linear { bias: false }, ..without_prelu(linear, "embedding") };
    layers.push(Box::new(linear.build(device, seed)));
    Sequence(layers)
}

impl Block {
    fn build<B: Backend>(&self, device: &B, name: &str, inputs: usize, seed: u64) -> Residual<B> {
        let [inner, outputs] = [self.inner, self.outputs].map(at_width);
        let mut path: Vec<Box<dyn Layer<B>>> =
            vec![Box::new(ghost(device, &format!("{name}.ghost1"), (inputs, inner), with_prelu, seed))];
        if self.stride > 1 {
            let down = Convolution::grouped(inner, inner, self.kernel, self.stride);
            path.push(Box::new(without_prelu(down, &format!("{name}.conv_dw")).build(device, seed)));
        }
        if self.is_excited {
            let hidden = wide(0.25 * inner as f64);
            path.push(Box::new(Excite::new(device, &format!("{name}.se"), inner, hidden, seed)));
        }
        path.push(Box::new(ghost(device, &format!("{name}.ghost2"), (inner, outputs), without_prelu, seed)));
        let changes = self.stride > 1 || inputs != outputs;
        let projection =
            changes.then(|| Box::new(self.projection(device, name, (inputs, outputs), seed)) as _);
        Residual { path: Sequence(path), projection }
    }

    /// Depthwise, then 1×1.
    fn projection<B: Backend>(
        &self,
        device: &B,
        name: &str,
        (inputs, outputs): (usize, usize),
        seed: u64,
    ) -> Sequence<B> {
        let depthwise = Convolution::grouped(inputs, inputs, self.kernel, self.stride);
        let depthwise = without_prelu(depthwise, &format!("{name}.shortcut.0")).build(device, seed);
        let pointwise = Convolution::square(inputs, outputs, 1, 1);
        let pointwise = without_prelu(pointwise, &format!("{name}.shortcut.1")).build(device, seed);
        Sequence(vec![Box::new(depthwise), Box::new(pointwise)])
    }
}

fn ghost<B: Backend>(
    device: &B,
    name: &str,
    (inputs, outputs): (usize, usize),
    unit: impl Fn(Convolution, &str) -> UnitBuilder,
    seed: u64,
) -> Ghost<B> {
    let channels = outputs / 2;
    let primary = unit(Convolution::square(inputs, channels, 1, 1), &format!("{name}.primary"));
    let cheap = unit(Convolution::grouped(channels, channels, 3, 1), &format!("{name}.cheap"));
    Ghost { primary: primary.build(device, seed), cheap: cheap.build(device, seed), channels }
}

/// Initial values are as Keras's for `fan_out`: of a depthwise kernel it counts one channel's outputs.
fn without_prelu(conv: Convolution, name: &str) -> UnitBuilder {
    let init = if conv.groups > 1 { Init::KaimingIn } else { Init::KaimingOut };
    UnitBuilder::new(conv, format!("{name}.conv"), format!("{name}.bn"), init)
}

fn with_prelu(conv: Convolution, name: &str) -> UnitBuilder {
    without_prelu(conv, name).prelu(format!("{name}.prelu"))
}
