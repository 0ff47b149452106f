//! The networks from an image to an embedding.

mod ghostfacenet;
mod iresnet;
mod mobilefacenet;

use thiserror::Error;

use crate::{backend::Backend, layers::Sequence};

/// Every backbone halves its input four times at least.
const STEP: usize = 16;

/// Numbers of an embedding: more would be taken from a damaged or malicious note.
const LONGEST: usize = 4096;

/// Which network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackboneKind {
    /// arclab's own small residual network, for 64 × 64 on a CPU.
    Small,
    /// MobileFaceNet (Chen et al. 2018), as InsightFace's `mbf`: blocks 1, 4, 6, 2 and scale 2.
    MobileFaceNet,
    /// The same at scale 1, which is the paper's.
    MobileFaceNetScale1,
    /// GhostFaceNetV1 (Alansari et al. 2023) with stride 1 in its stem.
    GhostFaceNetV1Stride1,
    /// The same with stride 2.
    GhostFaceNetV1Stride2,
    /// InsightFace's `r18`.
    IResNet18,
    /// InsightFace's `r34`.
    IResNet34,
    /// InsightFace's `r50`.
    IResNet50,
    /// InsightFace's `r100`.
    IResNet100,
    /// InsightFace's `r200`.
    IResNet200,
}

impl BackboneKind {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::MobileFaceNet => "mobilefacenet",
            Self::MobileFaceNetScale1 => "mobilefacenet_scale1",
            Self::GhostFaceNetV1Stride1 => "ghostfacenet_v1_1",
            Self::GhostFaceNetV1Stride2 => "ghostfacenet_v1_2",
            Self::IResNet18 => "iresnet18",
            Self::IResNet34 => "iresnet34",
            Self::IResNet50 => "iresnet50",
            Self::IResNet100 => "iresnet100",
            Self::IResNet200 => "iresnet200",
        }
    }

    /// Whether it has dropout: InsightFace's `MobileFaceNet` has none.
    pub fn has_dropout(self) -> bool {
        !matches!(self, Self::MobileFaceNet | Self::MobileFaceNetScale1)
    }

    /// Name of the weight that reads images.
    pub fn first_weight(self) -> &'static str {
        match self {
            Self::MobileFaceNet | Self::MobileFaceNetScale1 => "layers.0.layers.0.weight",
            Self::GhostFaceNetV1Stride1 | Self::GhostFaceNetV1Stride2 => "conv_stem.conv.weight",
            Self::Small
            | Self::IResNet18
            | Self::IResNet34
            | Self::IResNet50
            | Self::IResNet100
            | Self::IResNet200 => "conv1.weight",
        }
    }

    pub(crate) fn build<B: Backend>(self, device: &B, sizes: Sizes, seed: u64) -> Sequence<B> {
        let blocks = match self {
            Self::Small => return iresnet::build(device, &iresnet::SMALL, sizes, seed),
            Self::MobileFaceNet => return mobilefacenet::build(device, sizes, 2, seed),
            Self::MobileFaceNetScale1 => return mobilefacenet::build(device, sizes, 1, seed),
            Self::GhostFaceNetV1Stride1 => return ghostfacenet::build(device, sizes, 1, seed),
            Self::GhostFaceNetV1Stride2 => return ghostfacenet::build(device, sizes, 2, seed),
            Self::IResNet18 => [2, 2, 2, 2],
            Self::IResNet34 => [3, 4, 6, 3],
            Self::IResNet50 => [3, 4, 14, 3],
            Self::IResNet100 => [3, 13, 30, 3],
            Self::IResNet200 => [6, 26, 60, 6],
        };
        iresnet::build(device, &iresnet::Shape::insightface(&iresnet::stages(blocks)), sizes, seed)
    }
}

/// What a network reads of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Input {
    /// Red, green and blue.
    #[default]
    Rgb,
    /// The luma alone, in one channel.
    Grey,
}

impl Input {
    fn channels(self) -> usize {
        match self {
            Self::Rgb => 3,
            Self::Grey => 1,
        }
    }
}

/// What is asked of a backbone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Design {
    /// Which network.
    pub kind: BackboneKind,
    /// Length of an embedding.
    pub embedding_size: usize,
    /// Rows, and columns, of images.
    pub image_size: usize,
    /// What it reads of them.
    pub input: Input,
    /// Share of the numbers before the embedding that are 0 in training, in [0, 1).
    pub dropout: f64,
}

impl Design {
    /// A backbone that reads colours and drops nothing.
    pub fn new(kind: BackboneKind, embedding_size: usize, image_size: usize) -> Self {
        Self { kind, embedding_size, image_size, input: Input::Rgb, dropout: 0.0 }
    }
}

/// The sizes of a [`Design`], checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sizes {
    pub(crate) image: usize,
    /// Of an image.
    pub(crate) channels: usize,
    pub(crate) embedding: usize,
    pub(crate) dropout: f64,
}

impl Sizes {
    pub(crate) fn new(design: &Design) -> Result<Self, ShapeError> {
        let Design { kind, embedding_size: embedding, image_size: image, input, dropout } = *design;
        if !(1..=LONGEST).contains(&embedding) {
            return Err(ShapeError::Embedding);
        }
        if !image.is_multiple_of(STEP) || !(2 * STEP..=512).contains(&image) {
            return Err(ShapeError::Image { backbone: kind.name(), size: image });
        }
        if !(0.0..1.0).contains(&dropout) {
            return Err(ShapeError::DropoutRate(dropout));
        }
        if dropout > 0.0 && !kind.has_dropout() {
            return Err(ShapeError::NoDropout(kind.name()));
        }
        Ok(Self { image, channels: input.channels(), embedding, dropout })
    }

    /// Rows and columns after four halvings.
    fn last(self) -> (usize, usize) {
        (self.image / STEP, self.image / STEP)
    }
}

/// Sizes that a backbone cannot have.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ShapeError {
    /// The image's size does not halve four times.
    #[error("{backbone} takes square images of 32 to 512 pixels, in multiples of 16; these have {size}")]
    Image {
        /// The backbone's name.
        backbone: &'static str,
        /// The size asked for.
        size: usize,
    },
    /// An embedding of no numbers, or of more than any network has.
    #[error("an embedding has 1 to {LONGEST} numbers")]
    Embedding,
    /// No share of numbers can be dropped that is not in [0, 1).
    #[error("dropout is a share in [0, 1), not {0}")]
    DropoutRate(f64),
    /// The backbone has nowhere to drop.
    #[error("{0} has no dropout; leave it at 0")]
    NoDropout(&'static str),
}
