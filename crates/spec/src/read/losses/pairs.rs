//! Parameters of the losses on pairs. Distances are those between embeddings of length 1: from 0 to 2.

use super::{
    super::{range::Range, section::Section},
    shared::refuse,
};
use crate::config::{LossConfig, Miner};

const DISTANCE: Range = Range::closed(0.0, 2.0).because("no two embeddings of length 1 are farther apart");
const COSINE: Range = Range::closed(-1.0, 1.0).because("it is a cosine");
const SCALE: Range = Range::above(0.0, 1_000.0);

pub(super) fn contrastive(loss: &mut Section<'_>) -> LossConfig {
    const DOC: &str = "m₊: what is taken off the distance of a same pair.";
    let positive_margin = loss.number("positive_margin", DOC, 0.0, DISTANCE);
    let negative_margin = negative_margin(loss);
    if positive_margin == 2.0 && negative_margin == 0.0 {
        let message = "with `loss.positive_margin` 2 and `loss.negative_margin` 0, no pair costs anything";
        refuse(loss, ["positive_margin", "negative_margin"], message, "0 and 1 are usual");
    }
    LossConfig::Contrastive { positive_margin, negative_margin }
}

pub(super) fn lifted_structure(loss: &mut Section<'_>) -> LossConfig {
    const DOC: &str = "m₊: 0, since m₋ - m₊ is all that counts.";
    const NONE: Range = Range::closed(0.0, 0.0)
        .because("the difference of the two margins is all that counts: write it in `negative_margin`");
    LossConfig::LiftedStructure {
        positive_margin: loss.number("positive_margin", DOC, 0.0, NONE),
        negative_margin: negative_margin(loss),
    }
}

fn negative_margin(loss: &mut Section<'_>) -> f64 {
    loss.number("negative_margin", "m₋: the distance that different pairs are pushed to.", 1.0, DISTANCE)
}

pub(super) fn triplet(loss: &mut Section<'_>) -> LossConfig {
    let margin = loss.number("margin", "m: by what distance the same person must be nearer.", 0.05, DISTANCE);
    let miner = loss.word(
        "miner",
        "Which triplets count: `all`; `semi_hard`, whose negative is farther than the positive, yet within the \
         margin; or `hard`, whose negative is no farther than the positive.",
        "all",
        &[("all", Miner::All), ("semi_hard", Miner::SemiHard), ("hard", Miner::Hard)],
    );
    if margin == 0.0 && miner == Miner::SemiHard {
        let message =
            "with `loss.margin` 0, no negative is farther than the positive and yet within the margin";
        refuse(loss, ["margin", "miner"], message, "give a `margin`, or take another `miner`");
    }
    LossConfig::Triplet { margin, miner }
}

pub(super) fn multi_similarity(loss: &mut Section<'_>) -> LossConfig {
    LossConfig::MultiSimilarity {
        positive_scale: loss.number(
            "positive_scale",
            "α: how sharply the least alike same pairs stand out.",
            2.0,
            SCALE,
        ),
        negative_scale: loss.number(
            "negative_scale",
            "β: how sharply the most alike different pairs stand out.",
            50.0,
            SCALE,
        ),
        base: loss.number("base", "λ: the cosine between same and different.", 0.5, COSINE),
    }
}

pub(super) fn circle(loss: &mut Section<'_>) -> LossConfig {
    const DOC: &str = "m: same pairs cost little from the cosine 1 - m on, different ones up to m.";
    LossConfig::Circle {
        scale: loss.number("scale", "s: what weighed cosines are multiplied by.", 80.0, SCALE),
        relaxation: loss.number("relaxation", DOC, 0.4, Range::closed(0.0, 1.0).because("it is a cosine")),
    }
}

pub(super) fn supcon(loss: &mut Section<'_>) -> LossConfig {
    LossConfig::SupCon { temperature: temperature(loss, 0.1) }
}

pub(super) fn ntxent(loss: &mut Section<'_>) -> LossConfig {
    LossConfig::NtXent { temperature: temperature(loss, 0.07) }
}

fn temperature(loss: &mut Section<'_>, usual: f64) -> f64 {
    loss.number("temperature", "τ: what cosines are divided by.", usual, Range::closed(0.001, 10.0))
}

pub(super) fn proxy_anchor(loss: &mut Section<'_>) -> LossConfig {
    const DOC: &str = "m: what is taken off the cosine of a same pair, and added to that of a different one.";
    LossConfig::ProxyAnchor {
        scale: loss.number("scale", "s: what cosines are multiplied by.", 32.0, SCALE),
        cosine_margin: loss.number("cosine_margin", DOC, 0.1, Range::closed(0.0, 1.0)),
    }
}
