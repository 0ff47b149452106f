//! Each loss's parameters.

use super::{
    super::{
        range::{Counts, Range},
        section::Section,
    },
    shared::{ANGLE, angle, gradient, ordered, past_turn, running_share, scale},
};
use crate::config::{LossConfig, MarginGradient, PastTurn, Scaling};

pub(super) fn arcface(loss: &mut Section<'_>) -> LossConfig {
    let (scale, margin) = (scale(loss, 64.0), angle(loss));
    let (past_turn, gradient) = turn(loss, margin);
    LossConfig::ArcFace { scale, margin, past_turn, gradient }
}

pub(super) fn subcentre(loss: &mut Section<'_>) -> LossConfig {
    const CENTRES: Counts = Counts::from(2, 32);
    let (scale, margin) = (scale(loss, 64.0), angle(loss));
    let centres = loss.count("centres", "K: centres of a class.", 3, CENTRES) as u32;
    let (past_turn, gradient) = turn(loss, margin);
    LossConfig::SubCentre { scale, margin, centres, past_turn, gradient }
}

/// What becomes of the own class's logit past the turn, and its gradient: of a margin that there is.
fn turn(loss: &mut Section<'_>, margin: f64) -> (PastTurn, MarginGradient) {
    let (past_turn, gradient) = (past_turn(loss, "none"), gradient(loss));
    if margin == 0.0 {
        loss.idle(&["past_turn", "gradient"], "`margin: 0`");
    }
    (past_turn, gradient)
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
    if multiplier == 1 {
        loss.idle(&["annealing_start", "annealing_end", "annealing_rate"], "`multiplier: 1`");
    } else if annealing_start == annealing_end {
        loss.idle(&["annealing_rate"], "a λ that ends where it starts");
    } else if annealing_rate == 0.0 {
        loss.idle(&["annealing_end"], "`annealing_rate: 0`");
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
    if max_margin == 0.0 {
        loss.idle(&["past_turn"], "`max_margin: 0`");
    }
    if min_margin == max_margin && norm_weight == 0.0 {
        loss.idle(&["min_norm", "max_norm"], "one margin and `norm_weight: 0`");
    }
    LossConfig::MagFace { scale, min_margin, max_margin, min_norm, max_norm, norm_weight, past_turn }
}

pub(super) fn adaface(loss: &mut Section<'_>) -> LossConfig {
    const MARGIN: Range = Range::closed(0.0, 1.0).because("as much is taken off the cosine");
    let scale = scale(loss, 64.0);
    let margin = loss.number("margin", "m: of the angle (in radians) and of the cosine.", 0.4, MARGIN);
    let concentration = loss.number(
        "concentration",
        "h: how much an embedding's length counts.",
        0.333,
        Range::above(0.0, 10.0),
    );
    let running_share = running_share(loss);
    if margin == 0.0 {
        loss.idle(&["concentration", "running_share"], "`margin: 0`");
    }
    LossConfig::AdaFace { scale, margin, concentration, running_share }
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
        "Where s comes from: the number of classes (`fixed`), or each batch (`dynamic`); each part of it, where \
         `training.accumulate` makes parts.",
        "fixed",
        &[("fixed", Scaling::Fixed), ("dynamic", Scaling::Dynamic)],
    );
    LossConfig::AdaCos { scaling }
}
