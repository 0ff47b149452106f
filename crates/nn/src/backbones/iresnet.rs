//! IResNet (Duta et al. 2020) as InsightFace has it, under its names, and arclab's small relative of it.
//!
//! A block is norm → 3×3 convolution → norm → PReLU → 3×3 convolution → norm, plus the shortcut; nothing after the
//! sum. Dropout stands before the last linear layer.

use super::Sizes;
use crate::{
    backend::Backend,
    init::Init,
    layers::{Dropout, Layer, Norm, Residual, Role, Sequence, UnitBuilder},
    ops::Convolution,
};

/// What distinguishes one IResNet from another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape<'a> {
    /// Channels of the first convolution.
    stem: usize,
    stem_stride: usize,
    /// Channels and blocks of each stage; each halves the image.
    stages: &'a [(usize, usize)],
    /// Whether a block's first convolution takes the stride rather than its second.
    early_stride: bool,
    init: Init,
}

/// For images of 64 × 64, of which the first stage sees 16 × 16 positions: its stem takes a stride, too.
pub(super) const SMALL: Shape<'static> = Shape {
    stem: 32,
    stem_stride: 2,
    stages: &[(32, 1), (64, 1), (128, 2)],
    early_stride: true,
    init: Init::KaimingIn,
};

impl<'a> Shape<'a> {
    /// InsightFace's, by blocks of each stage. Its convolutions start from N(0, 0.1²).
    pub(super) fn insightface(stages: &'a [(usize, usize)]) -> Self {
        Self { stem: 64, stem_stride: 1, stages, early_stride: false, init: Init::Normal(0.1) }
    }
}

/// InsightFace's channels with so many blocks.
pub(super) fn stages(blocks: [usize; 4]) -> [(usize, usize); 4] {
    let [first, second, third, fourth] = blocks;
    [(64, first), (128, second), (256, third), (512, fourth)]
}

pub(super) fn build<B: Backend>(device: &B, shape: &Shape<'_>, sizes: Sizes, seed: u64) -> Sequence<B> {
    let stem = Convolution::square(sizes.channels, shape.stem, 3, shape.stem_stride);
    let stem = UnitBuilder::new(stem, "conv1".into(), "bn1".into(), shape.init).prelu("prelu".into());
    let mut layers: Vec<Box<dyn Layer<B>>> =
        vec![Box::new(UnitBuilder { role: Role::Images, ..stem }.build(device, seed))];
    let mut inputs = shape.stem;
    for (stage, &(outputs, blocks)) in shape.stages.iter().enumerate() {
        for block in 0..blocks {
            let name = format!("layer{}.{block}", stage + 1);
            let stride = if block == 0 { 2 } else { 1 };
            layers.push(Box::new(residual(device, shape, &name, (inputs, outputs, stride), seed)));
            inputs = outputs;
        }
    }
    layers.push(Box::new(Norm::new(device, "bn2", inputs)));
    if sizes.dropout > 0.0 {
        layers.push(Box::new(Dropout::new(seed, sizes.dropout)));
    }
    let fc = Convolution::covering(inputs, sizes.embedding, sizes.last());
    let fc = UnitBuilder::new(fc, "fc".into(), "features".into(), Init::Uniform);
    layers.push(Box::new(
        UnitBuilder { role: Role::Linear { bias: true }, frozen_norm: true, ..fc }.build(device, seed),
    ));
    Sequence(layers)
}

fn residual<B: Backend>(
    device: &B,
    shape: &Shape<'_>,
    name: &str,
    (inputs, outputs, stride): (usize, usize, usize),
    seed: u64,
) -> Residual<B> {
    let (first, second) = if shape.early_stride { (stride, 1) } else { (1, stride) };
    let unit = |conv: Convolution, part: &str, norm: &str| {
        UnitBuilder::new(conv, format!("{name}.{part}"), format!("{name}.{norm}"), shape.init)
    };
    let first = unit(Convolution::square(inputs, outputs, 3, first), "conv1", "bn2");
    let first = first.prelu(format!("{name}.prelu")).build(device, seed);
    let second = unit(Convolution::square(outputs, outputs, 3, second), "conv2", "bn3").build(device, seed);
    let norm = Norm::new(device, &format!("{name}.bn1"), inputs);
    let projection = (stride != 1 || inputs != outputs).then(|| {
        let conv = Convolution::square(inputs, outputs, 1, stride);
        Box::new(unit(conv, "downsample.0", "downsample.1").build(device, seed)) as _
    });
    Residual { path: Sequence(vec![Box::new(norm), Box::new(first), Box::new(second)]), projection }
}
