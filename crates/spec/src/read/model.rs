//! `model:` and `loss:`.

use super::{range::Range, section::Section};
use crate::config::{Backbone, LossConfig, MarginGradient, ModelConfig};

pub(super) fn model(model: &mut Section<'_>) -> ModelConfig {
    ModelConfig {
        backbone: model.word(
            "backbone",
            "The network up to the embedding.",
            "small",
            &[
                ("small", Backbone::Small),
                ("mobilefacenet", Backbone::MobileFaceNet),
                ("iresnet18", Backbone::IResNet18),
            ],
        ),
        embedding_size: model.count("embedding_size", "Length of the embedding.", 128, 2, 4_096) as u32,
    }
}

pub(super) fn loss(loss: &mut Section<'_>) -> LossConfig {
    loss.word("name", "The head and its loss.", "arcface", &[("arcface", ())]);
    LossConfig::ArcFace {
        scale: loss.number("scale", "s: what cosines are multiplied by.", 64.0, Range::above(0.0, 1_000.0)),
        // Past π/2 even an embedding on its centre would be pushed away from it.
        margin: loss.number("margin", "m: the angle added to that of the own class, in radians.", 0.5, Range::closed(0.0, 1.57)),
        gradient: loss.word(
            "gradient",
            "Gradient of the target logit: `exact` differentiates cos(θ + m), `straight_through` is InsightFace's.",
            "exact",
            &[("exact", MarginGradient::Exact), ("straight_through", MarginGradient::StraightThrough)],
        ),
    }
}
