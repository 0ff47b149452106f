//! MobileFaceNet (Chen et al. 2018) as InsightFace has it, under its names: blocks 1, 4, 6, 2. At scale 1 it is the
//! paper's, at scale 2 InsightFace's `mbf`: twice the channels between blocks, and as many as before within them.

use super::Sizes;
use crate::{
    backend::Backend,
    init::Init,
    layers::{Layer, Residual, Role, Sequence, Unit, UnitBuilder},
    ops::Convolution,
};

/// Channels of the first stages at scale 1.
const CHANNELS: usize = 64;

/// Channels before the embedding.
const LAST: usize = 512;

/// Where a part of the network hangs, and its sizes.
struct Bottleneck<'a> {
    name: &'a str,
    inputs: usize,
    /// Channels of the depthwise convolution.
    inner: usize,
    outputs: usize,
    stride: usize,
}

pub(super) fn build<B: Backend>(device: &B, sizes: Sizes, scale: usize, seed: u64) -> Sequence<B> {
    let (channels, wide) = (scale * CHANNELS, 2 * scale * CHANNELS);
    let mut layers: Vec<Box<dyn Layer<B>>> = Vec::new();
    let stem = Convolution::square(sizes.channels, channels, 3, 2);
    let stem = UnitBuilder { role: Role::Images, ..with_prelu(stem, "layers.0") };
    layers.push(Box::new(stem.build(device, seed)));
    // InsightFace groups this one by 64 whatever the scale: at scale 2, two channels a group.
    let second = with_prelu(Convolution::grouped(channels, 64, 3, 1), "layers.1");
    layers.push(Box::new(second.build(device, seed)));
    // Of each stage the channels before it, those within its first block and the others, those after it, and its blocks.
    let stages =
        [(channels, [128, 128], channels, 4), (channels, [256, 256], wide, 6), (wide, [512, 256], wide, 2)];
    for (stage, (inputs, [inner, within], outputs, blocks)) in stages.into_iter().enumerate() {
        let name = format!("layers.{}", 2 + 2 * stage);
        let down = Bottleneck { name: &name, inputs, inner, outputs, stride: 2 };
        layers.push(Box::new(down.build(device, seed)));
        for block in 0..blocks {
            let name = format!("layers.{}.layers.{block}", 3 + 2 * stage);
            let same = Bottleneck { name: &name, inputs: outputs, inner: within, outputs, stride: 1 };
            layers.push(Box::new(Residual { path: same.build(device, seed), projection: None }));
        }
    }
    let separate = with_prelu(Convolution::square(wide, LAST, 1, 1), "conv_sep");
    layers.push(Box::new(separate.build(device, seed)));
    layers.extend(embedding(device, sizes, seed));
    Sequence(layers)
}

/// A global depthwise convolution, then a linear layer.
fn embedding<B: Backend>(device: &B, sizes: Sizes, seed: u64) -> [Box<dyn Layer<B>>; 2] {
    let kernel = sizes.last();
    let global = Convolution { groups: LAST, ..Convolution::covering(LAST, LAST, kernel) };
    let global = without_prelu(global, "features.layers.0");
    let linear = Convolution::covering(LAST, sizes.embedding, (1, 1));
    let names = ("features.layers.2".into(), "features.layers.3".into());
    let linear = UnitBuilder {
        role: Role::Linear { bias: false },
        ..UnitBuilder::new(linear, names.0, names.1, Init::KaimingOut)
    };
    [Box::new(global.build(device, seed)), Box::new(linear.build(device, seed))]
}

impl Bottleneck<'_> {
    /// 1×1 convolution, depthwise 3×3, 1×1 convolution without PReLU.
    fn build<B: Backend>(&self, device: &B, seed: u64) -> Sequence<B> {
        let Self { name, inputs, inner, outputs, stride } = *self;
        let part = |index: usize| format!("{name}.layers.{index}");
        let widen = with_prelu(Convolution::square(inputs, inner, 1, 1), &part(0));
        let depthwise = with_prelu(Convolution::grouped(inner, inner, 3, stride), &part(1));
        let narrow = without_prelu(Convolution::square(inner, outputs, 1, 1), &part(2));
        let built = [widen, depthwise, narrow].map(|unit| Box::new(unit.build(device, seed)));
        Sequence(built.map(|unit: Box<Unit<B>>| unit as Box<dyn Layer<B>>).into())
    }
}

fn without_prelu(conv: Convolution, name: &str) -> UnitBuilder {
    UnitBuilder::new(conv, format!("{name}.layers.0"), format!("{name}.layers.1"), Init::KaimingOut)
}

fn with_prelu(conv: Convolution, name: &str) -> UnitBuilder {
    without_prelu(conv, name).prelu(format!("{name}.layers.2"))
}
