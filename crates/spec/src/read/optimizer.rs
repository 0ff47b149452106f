//! `optimizer:`.

use super::{range::Range, section::Section};
use crate::config::{LayerOptions, OptimizerConfig};

/// Names of the optimisers, before their parameters are known.
const KINDS: &[(&str, Kind)] = &[("sgd", Kind::Sgd), ("adamw", Kind::AdamW)];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sgd,
    AdamW,
}

/// Keys that mean something to one optimiser only.
const OWN: &[(Kind, &[&str])] =
    &[(Kind::Sgd, &["momentum", "nesterov"]), (Kind::AdamW, &["beta1", "beta2", "epsilon"])];

pub(super) fn optimizer(optimizer: &mut Section<'_>) -> OptimizerConfig {
    let kind = optimizer.word("name", "How weights follow gradients.", "sgd", KINDS);
    for (_, keys) in OWN.iter().filter(|(owner, _)| *owner != kind) {
        let (beside, other) = match kind {
            Kind::Sgd => ("`name: sgd`", "adamw"),
            Kind::AdamW => ("`name: adamw`", "sgd"),
        };
        let help = format!("leave it out, or write `name: {other}`");
        keys.iter().for_each(|key| optimizer.no_effect(key, beside, &help));
    }
    let learning_rate = learning_rate(optimizer, kind);
    let (momentum, nesterov) = momentum(optimizer);
    let [beta1, beta2] = betas(optimizer);
    let epsilon = optimizer.number(
        "epsilon",
        "Of `adamw`: added to the root of the second moment.",
        1e-8,
        Range::above(0.0, 1.0),
    );
    let weight_decay = weight_decay(optimizer, kind);
    let clip_norm = optimizer.optional_number(
        "clip_norm",
        "Largest norm of the whole gradient; longer ones are scaled down to it. Not clipped where absent.",
        5.0,
        Range::above(0.0, 1e6),
    );
    let layers = layers(optimizer, weight_decay);
    match kind {
        Kind::Sgd => {
            OptimizerConfig::Sgd { learning_rate, momentum, weight_decay, clip_norm, nesterov, layers }
        }
        Kind::AdamW => {
            OptimizerConfig::AdamW { learning_rate, beta1, beta2, epsilon, weight_decay, clip_norm, layers }
        }
    }
}

fn learning_rate(optimizer: &mut Section<'_>, kind: Kind) -> f64 {
    const DOC: &str = "Peak learning rate; where absent, 0.1 of `sgd` and 0.001 of `adamw`.";
    let usual = match kind {
        Kind::Sgd => 0.1,
        Kind::AdamW => 1e-3,
    };
    optimizer.number("learning_rate", DOC, usual, Range::above(0.0, 1_000.0))
}

fn momentum(optimizer: &mut Section<'_>) -> (f64, bool) {
    let range = Range::half_open(0.0, 1.0).because("with all of the last step kept, steps grow for ever");
    let momentum = optimizer.number("momentum", "Of `sgd`: share of the last step that is kept.", 0.9, range);
    let nesterov = optimizer.flag("nesterov", "Of `sgd`: whether momentum is Nesterov's.", false);
    if nesterov && momentum == 0.0 {
        optimizer.no_effect("nesterov", "`momentum: 0`", "leave it out, or give a `momentum`");
    }
    (momentum, nesterov)
}

fn betas(optimizer: &mut Section<'_>) -> [f64; 2] {
    let range =
        Range::half_open(0.0, 1.0).because("with all of a moment kept, it never follows the gradient");
    let mut beta = |key, moment, usual| {
        let doc = format!("Of `adamw`: share of the mean of {moment} that a step keeps.");
        optimizer.number(key, &doc, usual, range)
    };
    [beta("beta1", "gradients", 0.9), beta("beta2", "squared gradients", 0.999)]
}

fn weight_decay(optimizer: &mut Section<'_>, kind: Kind) -> f64 {
    const DOC: &str = "Of `sgd`: added to the gradient, times the weight; of `adamw`: taken from the weight, times \
                       weight and learning rate. Where absent, 0.0005 and 0.01.";
    let usual = match kind {
        Kind::Sgd => 5e-4,
        Kind::AdamW => 1e-2,
    };
    optimizer.number("weight_decay", DOC, usual, Range::closed(0.0, 1.0))
}

fn layers(optimizer: &mut Section<'_>, weight_decay: f64) -> LayerOptions {
    let decay_norms = optimizer.flag(
        "decay_norms",
        "Whether what has one number a channel decays, too: batch norms, biases and slopes of PReLU.",
        true,
    );
    if !decay_norms && weight_decay == 0.0 {
        optimizer.no_effect("decay_norms", "`weight_decay: 0`", "leave it out, or give a `weight_decay`");
    }
    let head_rate = optimizer.number(
        "head_rate",
        "What the learning rate of the head is multiplied by.",
        1.0,
        Range::above(0.0, 1_000.0),
    );
    LayerOptions { decay_norms, head_rate }
}
