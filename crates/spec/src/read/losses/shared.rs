//! Parameters that several losses have.

use super::super::{range::Range, section::Section};
use crate::{
    config::{MarginGradient, PastTurn},
    source::Diagnostic,
};

pub(super) const ANGLE: Range = Range::closed(0.0, 1.57).because(
    "it is an angle in radians, and past π/2 even an image on its own centre would count as another's",
);

pub(super) fn scale(loss: &mut Section<'_>, usual: f64) -> f64 {
    loss.number("scale", "s: what cosines are multiplied by.", usual, Range::above(0.0, 1_000.0))
}

pub(super) fn angle(loss: &mut Section<'_>) -> f64 {
    loss.number("margin", "m: the angle added to that of the own class, in radians.", 0.5, ANGLE)
}

pub(super) fn running_share(loss: &mut Section<'_>) -> f64 {
    const DOC: &str = "Share of each batch in the values that the loss remembers; of each part, where \
                       `training.accumulate` makes parts of it.";
    loss.number("running_share", DOC, 0.01, Range::above(0.0, 1.0))
}

pub(super) fn gradient(loss: &mut Section<'_>) -> MarginGradient {
    loss.word(
        "gradient",
        "Gradient of the target logit: `exact` differentiates cos(θ + m), `straight_through` is InsightFace's.",
        "exact",
        &[("exact", MarginGradient::Exact), ("straight_through", MarginGradient::StraightThrough)],
    )
}

pub(super) fn past_turn(loss: &mut Section<'_>, usual: &str) -> PastTurn {
    loss.word(
        "past_turn",
        "Past θ = π - m: `none` cos(θ + m), `linear` cos θ - m·sin m, `easy` cos θ (from θ = π/2 on), `clip` -1.",
        usual,
        &[
            ("none", PastTurn::Plain),
            ("linear", PastTurn::Linear),
            ("easy", PastTurn::Easy),
            ("clip", PastTurn::Clip),
        ],
    )
}

/// Reports where the first of two numbers is above the second, or where they must differ and do not.
pub(super) fn ordered(loss: &Section<'_>, keys: [&str; 2], [low, high]: [f64; 2], may_equal: bool) {
    let is_right = low < high || (may_equal && low == high);
    if !is_right {
        let [first, second] = keys.map(|key| loss.path_of(key));
        let relation = if may_equal { "must not be above" } else { "must be below" };
        let message = format!("`{first}` ({low}) {relation} `{second}` ({high})");
        refuse(loss, keys, &message, "exchange the two, or change one");
    }
}

/// Reports two values that do not go together at the first one that is written: usual ones do.
pub(super) fn refuse(loss: &Section<'_>, keys: [&str; 2], message: &str, help: &str) {
    let written = keys.into_iter().find_map(|key| loss.node(key));
    loss.reading().report_all(written.map(|node| Diagnostic::at(&node.place, message).help(help)));
}
