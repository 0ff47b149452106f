//! The networks from an image to an embedding.

mod iresnet;
mod mobilefacenet;

use thiserror::Error;

use crate::{backend::Backend, layers::Sequence};

/// Every backbone halves its input four times.
const STEP: usize = 16;

/// Which network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackboneKind {
    /// arclab's own small residual network, for 64 × 64 on a CPU.
    Small,
    /// MobileFaceNet (Chen et al. 2018), as InsightFace's `mbf`: blocks 1, 4, 6, 2 and scale 2.
    MobileFaceNet,
    /// InsightFace's `r18`.
    IResNet18,
    /// InsightFace's `r34`.
    IResNet34,
    /// InsightFace's `r50`.
    IResNet50,
    /// InsightFace's `r100`.
    IResNet100,
}

impl BackboneKind {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::MobileFaceNet => "mobilefacenet",
            Self::IResNet18 => "iresnet18",
            Self::IResNet34 => "iresnet34",
            Self::IResNet50 => "iresnet50",
            Self::IResNet100 => "iresnet100",
        }
    }

    pub(crate) fn build<B: Backend>(self, device: &B, sizes: Sizes, seed: u64) -> Sequence<B> {
        let blocks = match self {
            Self::Small => return iresnet::build(device, &iresnet::SMALL, sizes, seed),
            Self::MobileFaceNet => return mobilefacenet::build(device, sizes, seed),
            Self::IResNet18 => [2, 2, 2, 2],
            Self::IResNet34 => [3, 4, 6, 3],
            Self::IResNet50 => [3, 4, 14, 3],
            Self::IResNet100 => [3, 13, 30, 3],
        };
        iresnet::build(device, &iresnet::Shape::insightface(&iresnet::stages(blocks)), sizes, seed)
    }
}

/// What is asked of a backbone, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) image: usize,
    pub(crate) embedding: usize,
}

impl Sizes {
    pub(crate) fn new(kind: BackboneKind, embedding: usize, image: usize) -> Result<Self, ShapeError> {
        if embedding == 0 {
            return Err(ShapeError::Embedding);
        }
        if !image.is_multiple_of(STEP) || !(2 * STEP..=512).contains(&image) {
            return Err(ShapeError::Image { backbone: kind.name(), size: image });
        }
        Ok(Self { image, embedding })
    }

    /// Rows and columns after four halvings.
    fn last(self) -> (usize, usize) {
        (self.image / STEP, self.image / STEP)
    }
}

/// Sizes that a backbone cannot have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShapeError {
    /// The image's size does not halve four times.
    #[error("{backbone} takes square images of 32 to 512 pixels, in multiples of 16; these have {size}")]
    Image {
        /// The backbone's name.
        backbone: &'static str,
        /// The size asked for.
        size: usize,
    },
    /// An embedding of no numbers.
    #[error("an embedding needs at least one number")]
    Embedding,
}
