//! `model:`.

use serde_json::json;

use super::{
    backbones::{BackboneDescription, backbones},
    range::{Counts, Range},
    section::Section,
};
use crate::{
    config::{ColourMode, ModelConfig, ModelInput},
    source::Diagnostic,
};

pub(super) fn model(model: &mut Section<'_>) -> ModelConfig {
    let words: Vec<(&str, &BackboneDescription)> = backbones().iter().map(|one| (one.name, one)).collect();
    let chosen = model.word(
        "backbone",
        "The network up to the embedding; `arclab backbones` lists them.",
        words[0].0,
        &words,
    );
    let embedding_size =
        model.count("embedding_size", "Length of the embedding.", 128, Counts::from(2, 4_096));
    let input = model.word(
        "input",
        "What the network reads of an image: all colours or, with `grey`, one channel of luma, for which \
         `data.colour` must be `grey`, too.",
        "rgb",
        &[("rgb", ModelInput::Rgb), ("grey", ModelInput::Grey)],
    );
    let dropout = dropout(model, chosen);
    ModelConfig { backbone: chosen.backbone, embedding_size: embedding_size as u32, input, dropout }
}

fn dropout(model: &mut Section<'_>, chosen: &BackboneDescription) -> f64 {
    const SHARE: Range = Range::half_open(0.0, 1.0).because("with 1 nothing would reach the embedding");
    let share = model.number(
        "dropout",
        "Share of the numbers before the embedding that are 0 in training.",
        0.0,
        SHARE,
    );
    if share > 0.0 && !chosen.has_dropout {
        let beside = format!("`backbone: {}`", chosen.name);
        model.no_effect("dropout", &beside, "write 0: `arclab backbones` says which have dropout");
    }
    let without = backbones().iter().filter(|one| !one.has_dropout);
    let without: Vec<&str> = without.map(|one| one.name).collect();
    model.demand(json!({
        "if": {"properties": {"backbone": {"enum": without}}, "required": ["backbone"]},
        "then": {"properties": {"dropout": {"maximum": 0}}},
    }));
    share
}

/// Refuses a network that would read one channel of images in colours.
pub(super) fn fits(top: &Section<'_>, model: ModelConfig, colour: ColourMode) {
    let is_written = top.node("model").and_then(|model| model.get("input"));
    let wrong = model.input == ModelInput::Grey && colour == ColourMode::Rgb;
    if let Some(node) = is_written.filter(|_| wrong) {
        let message = "`model.input: grey` reads no colours, and `data.colour` is `rgb`";
        let help = "write `data: {colour: grey}`, too: it is what training and tests then show the network";
        top.reading().report(Diagnostic::at(&node.place, message).help(help));
    }
}
