//! `model:`.

use super::{range::Counts, section::Section};
use crate::config::{Backbone, ModelConfig};

pub(super) fn model(model: &mut Section<'_>) -> ModelConfig {
    let backbone = model.word(
        "backbone",
        "The network up to the embedding.",
        "small",
        &[
            ("small", Backbone::Small),
            ("mobilefacenet", Backbone::MobileFaceNet),
            ("iresnet18", Backbone::IResNet18),
        ],
    );
    let embedding_size =
        model.count("embedding_size", "Length of the embedding.", 128, Counts::from(2, 4_096));
    ModelConfig { backbone, embedding_size: embedding_size as u32 }
}
