//! Each loss's parameters.

use super::{
    super::{
        range::{Counts, Range},
        section::Section,
    },
    shared::{ANGLE, angle, gradient, ordered, past_turn, running_share, scale},
};
use crate::config::{LossConfig, Scaling};

pub(super) fn arcface(loss: &mut Section<'_>) -> LossConfig {
    LossConfig::ArcFace {
        scale: scale(loss, 64.0),
        margin: angle(loss),
        past_turn: past_turn(loss, "none"),
        gradient: gradient(loss),
    }
}

pub(super) fn subcentre(loss: &mut Section<'_>) -> LossConfig {
    const CENTRES: Counts = Counts::from(2, 32);
    LossConfig::SubCentre {
        scale: scale(loss, 64.0),
        margin: angle(loss),
        centres: loss.count("centres", "K: centres of a class.", 3, CENTRES) as u32,
        past_turn: past_turn(loss, "none"),
        gradient: gradient(loss),
    }
}

pub(super) fn cosface(loss: &mut Section<'_>) -> LossConfig {
    const DOC: &str = "m: what is taken off the cosine of the own class.";
    const MARGIN: Range = Range::closed(0.0, 1.0).because("it is a cosine");
    LossConfig::CosFace { scale: scale(loss, 64.0), margin: loss.number("margin", DOC, 0.4, MARGIN) }
}

pub(super) fn combined(loss: &mut Section<'_>) -> LossConfig {
    LossConfig::Combined {
        scale: scale(loss, 64.0),
        multiplier: loss.number(
            "multiplier",
            "m₁: what the angle is multiplied by.",
            1.0,
            Range::above(0.0, 8.0),
        ),
        margin: loss.number("margin", "m₂: what is added to the angle, in radians.", 0.3, ANGLE),
        cosine_margin: loss.number(
            "cosine_margin",
            "m₃: what is taken off the cosine.",
            0.2,
            Range::closed(0.0, 1.0),
        ),
    }
}

pub(super) fn sphereface(loss: &mut Section<'_>) -> LossConfig {
    const LAMBDA: Range = Range::closed(0.0, 1e6);
    let multiplier =
        loss.count("multiplier", "m: what the angle is multiplied by.", 4, Counts::from(1, 8)) as u32;
    let annealing_start =
        loss.number("annealing_start", "λ at the first step: the weight of cos θ.", 1_000.0, LAMBDA);
    let annealing_end = loss.number("annealing_end", "λ at last.", 5.0, LAMBDA);
    let annealing_rate = loss.number(
        "annealing_rate",
        "How fast λ falls: start / (1 + rate·step).",
        0.12,
        Range::closed(0.0, 1_000.0),
    );
    ordered(loss, ["annealing_end", "annealing_start"], [annealing_end, annealing_start], true);
    if annealing_start == annealing_end {
        loss.no_effect("annealing_rate", "a λ that ends where it starts", "leave it out");
    }
    LossConfig::SphereFace { multiplier, annealing_start, annealing_end, annealing_rate }
}

pub(super) fn normface(loss: &mut Section<'_>) -> LossConfig {
    LossConfig::NormFace { scale: scale(loss, 20.0) }
}

pub(super) fn curricularface(loss: &mut Section<'_>) -> LossConfig {
    LossConfig::CurricularFace {
        scale: scale(loss, 64.0),
        margin: angle(loss),
        running_share: running_share(loss),
    }
}

pub(super) fn magface(loss: &mut Section<'_>) -> LossConfig {
    const NORM: Range = Range::above(0.0, 10_000.0);
    let scale = scale(loss, 64.0);
    let min_margin = loss.number("min_margin", "Margin of the shortest embeddings, in radians.", 0.45, ANGLE);
    let max_margin = loss.number("max_margin", "Margin of the longest embeddings, in radians.", 0.8, ANGLE);
    let min_norm = loss.number("min_norm", "Length from which the margin grows.", 10.0, NORM);
    let max_norm = loss.number("max_norm", "Length at which it has grown.", 110.0, NORM);
    let weight = Range::closed(0.0, 10_000.0);
    let norm_weight = loss.number("norm_weight", "w: the pull towards longer embeddings.", 35.0, weight);
    ordered(loss, ["min_margin", "max_margin"], [min_margin, max_margin], true);
    ordered(loss, ["min_norm", "max_norm"], [min_norm, max_norm], false);
    let past_turn = past_turn(loss, "easy");
    LossConfig::MagFace { scale, min_margin, max_margin, min_norm, max_norm, norm_weight, past_turn }
}

pub(super) fn adaface(loss: &mut Section<'_>) -> LossConfig {
    const MARGIN: Range = Range::closed(0.0, 1.0).because("as much is taken off the cosine");
    LossConfig::AdaFace {
        scale: scale(loss, 64.0),
        margin: loss.number("margin", "m: of the angle (in radians) and of the cosine.", 0.4, MARGIN),
        concentration: loss.number(
            "concentration",
            "h: how much an embedding's length counts.",
            0.333,
            Range::above(0.0, 10.0),
        ),
        running_share: running_share(loss),
    }
}

pub(super) fn elasticface(loss: &mut Section<'_>) -> LossConfig {
    LossConfig::ElasticFace {
        scale: scale(loss, 64.0),
        margin: angle(loss),
        margin_deviation: loss.number(
            "margin_deviation",
            "σ of the drawn margins, in radians.",
            0.05,
            Range::above(0.0, 1.0),
        ),
    }
}

pub(super) fn adacos(loss: &mut Section<'_>) -> LossConfig {
    let scaling = loss.word(
        "scaling",
        "Where s comes from: the number of classes (`fixed`), or each batch (`dynamic`).",
        "fixed",
        &[("fixed", Scaling::Fixed), ("dynamic", Scaling::Dynamic)],
    );
    LossConfig::AdaCos { scaling }
}
