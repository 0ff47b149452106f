//! Optimisers: how weights follow gradients.
//!
//! As in InsightFace, weight decay and clipping reach every weight, unless [`Layers`] says otherwise: convolutions,
//! scales and shifts of batch norms, slopes of each PReLU and class centres. (InsightFace clips the backbone alone;
//! here the norm is the whole gradient's.)

mod adamw;
mod clip;
mod parts;
mod rows;
mod sgd;
mod slots;

pub use adamw::AdamW;
pub use clip::{clip_factor, global_norm};
pub use parts::PartsMean;
pub use rows::Rows;
pub use sgd::Sgd;

use crate::checkpoint::{Mismatch, Tensors};
use rows::{piece_len, pieces};
use slots::Slots;

/// Elements that one task updates; elements do not depend on each other, so the split changes no number.
pub(crate) const BLOCK: usize = 16_384;

/// One parameter, as an optimiser sees it.
#[derive(Debug)]
pub struct Weight<'a> {
    /// Unique among the weights of a step, and the same in every step: what an optimiser remembers is kept under it.
    pub name: &'a str,
    /// What is changed.
    pub value: &'a mut [f32],
    /// d loss / d value; of `rows` alone where there are any.
    pub gradient: &'a [f32],
    /// The rows that a step changes; none: it changes all.
    pub rows: Option<Rows<'a>>,
}

/// What a weight belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A convolution or a linear layer.
    Kernel,
    /// One number a channel: scales and shifts of batch norms, slopes of PReLU, biases.
    Channel,
    /// The head.
    Head,
}

/// How kinds of weights are treated apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layers {
    /// Whether weights of [`Kind::Channel`] decay.
    pub decay_norms: bool,
    /// What the learning rate of the head is multiplied by.
    pub head_rate: f64,
}

/// The rule that an optimiser follows, with what it remembers.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// Stochastic gradient descent.
    Sgd(Sgd),
    /// Adam with decoupled weight decay.
    AdamW(AdamW),
}

/// A rule, and what all rules share.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimizer {
    /// The rule.
    pub rule: Rule,
    /// λ.
    pub weight_decay: f64,
    /// Largest norm of the whole gradient; longer ones are scaled down.
    pub clip_norm: Option<f64>,
    /// How kinds of weights are treated apart.
    pub layers: Layers,
}

/// The factors of one weight's step.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Factors {
    rate: f64,
    weight_decay: f64,
    /// What the gradient is multiplied by before all else: clipping.
    gradient: f32,
}

impl Optimizer {
    /// One step at learning rate `rate`; returns the norm of the whole gradient before clipping. Where that is not
    /// finite, nothing is changed.
    pub fn step(&mut self, weights: &mut [(Kind, Weight<'_>)], rate: f64) -> f64 {
        let norm = global_norm(weights.iter().map(|(_, weight)| weight.gradient));
        if !norm.is_finite() {
            return norm;
        }
        let gradient = self.clip_norm.map_or(1.0, |limit| clip_factor(norm, limit));
        if let Rule::AdamW(adamw) = &mut self.rule {
            adamw.begin();
        }
        for (kind, weight) in weights {
            let by = self.factors(*kind, rate, gradient);
            match &mut self.rule {
                Rule::Sgd(sgd) => sgd.update(weight, by),
                Rule::AdamW(adamw) => adamw.update(weight, by),
            }
        }
        norm
    }

    fn factors(&self, kind: Kind, rate: f64, gradient: f32) -> Factors {
        let Self { weight_decay, layers, .. } = *self;
        match kind {
            Kind::Channel if !layers.decay_norms => Factors { rate, weight_decay: 0.0, gradient },
            Kind::Kernel | Kind::Channel => Factors { rate, weight_decay, gradient },
            Kind::Head => Factors { rate: rate * layers.head_rate, weight_decay, gradient },
        }
    }

    /// What the rule remembers of each weight.
    pub fn state(&self) -> Tensors {
        match &self.rule {
            Rule::Sgd(sgd) => sgd.state(),
            Rule::AdamW(adamw) => adamw.state(),
        }
    }

    /// Brings back what the rule remembered of these weights. It must have been of each of them, but for an
    /// optimiser that was saved before its first step.
    pub fn load_state(&mut self, weights: &[(Kind, Weight<'_>)], state: &Tensors) -> Result<(), Mismatch> {
        let weights: Vec<&Weight<'_>> = weights.iter().map(|(_, weight)| weight).collect();
        match &mut self.rule {
            Rule::Sgd(sgd) => sgd.load_state(&weights, state),
            Rule::AdamW(adamw) => adamw.load_state(&weights, state),
        }
    }
}

#[cfg(test)]
mod tests;
