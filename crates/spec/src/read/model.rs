//! `model:` and `loss:`.

use super::{
    range::{Counts, Range},
    section::Section,
};
use crate::config::{Backbone, LossConfig, MarginGradient, ModelConfig};

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

pub(super) fn loss(loss: &mut Section<'_>) -> LossConfig {
    const MARGIN: Range = Range::closed(0.0, 1.57).because(
        "it is an angle in radians, and past π/2 even an image on its own centre would count as another's",
    );
    loss.word("name", "The head and its loss.", "arcface", &[("arcface", ())]);
    LossConfig::ArcFace {
        scale: loss.number("scale", "s: what cosines are multiplied by.", 64.0, Range::above(0.0, 1_000.0)),
        margin: loss.number("margin", "m: the angle added to that of the own class, in radians.", 0.5, MARGIN),
        gradient: loss.word(
            "gradient",
            "Gradient of the target logit: `exact` differentiates cos(θ + m), `straight_through` is InsightFace's.",
            "exact",
            &[("exact", MarginGradient::Exact), ("straight_through", MarginGradient::StraightThrough)],
        ),
    }
}
