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

pub(crate) use adamw::update as adamw;
pub use adamw::{AdamW, AdamWFactors};
pub use clip::{clip_factor, global_norm};
pub use parts::PartsMean;
pub(crate) use parts::add as add_share;
pub use rows::Rows;
pub(crate) use sgd::update as sgd;
pub use sgd::{Sgd, SgdFactors};

use crate::{
    backend::Backend,
    checkpoint::{Mismatch, Tensors},
    cpu::CpuBuffer,
};
use rows::{piece_len, pieces};
use slots::Slots;

/// Elements that one task updates; elements do not depend on each other, so the split changes no number.
pub(crate) const BLOCK: usize = 16_384;

/// One parameter, as an optimiser sees it.
#[derive(Debug)]
pub struct Weight<'a, N: ?Sized = [f32]> {
    /// Unique among the weights of a step, and the same in every step: what an optimiser remembers is kept under it.
    pub name: &'a str,
    /// What is changed.
    pub value: &'a mut N,
    /// d loss / d value; of `rows` alone where there are any.
    pub gradient: &'a N,
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

/// The rule that an optimiser follows, with what it remembers in buffers of a device.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule<V = CpuBuffer> {
    /// Stochastic gradient descent.
    Sgd(Sgd<V>),
    /// Adam with decoupled weight decay.
    AdamW(AdamW<V>),
}

/// A weight's step with its velocity.
pub type SgdStep<'a, N> = (Step<'a, N>, &'a mut N);

/// A weight's step with its first and its second moment.
pub type AdamWStep<'a, N> = (Step<'a, N>, [&'a mut N; 2]);

/// A rule, and what all rules share.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimizer<V = CpuBuffer> {
    /// The rule.
    pub rule: Rule<V>,
    /// λ.
    pub weight_decay: f64,
    /// Largest norm of the whole gradient; longer ones are scaled down.
    pub clip_norm: Option<f64>,
    /// How kinds of weights are treated apart.
    pub layers: Layers,
}

/// The factors of one weight's step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factors {
    /// η.
    pub rate: f64,
    /// λ.
    pub weight_decay: f64,
    /// What the gradient is multiplied by before all else: clipping.
    pub gradient: f32,
}

/// One weight's step.
#[derive(Debug)]
pub struct Step<'a, N: ?Sized> {
    /// What is changed.
    pub value: &'a mut N,
    /// d loss / d value; of `rows` alone where there are any.
    pub gradient: &'a N,
    /// The rows that are changed; none: all.
    pub rows: Option<Rows<'a>>,
    /// How far.
    pub by: Factors,
}

impl<V> Optimizer<V> {
    /// One step at learning rate `rate`; returns the norm of the whole gradient before clipping. Where that is not
    /// finite, nothing is changed.
    pub fn step<B: Backend<Buffer = V>>(
        &mut self,
        device: &B,
        weights: Vec<(Kind, Weight<'_, B::Numbers>)>,
        rate: f64,
    ) -> f64 {
        let gradients: Vec<_> = weights.iter().map(|(_, weight)| weight.gradient).collect();
        let norm = device.norm(&gradients);
        self.step_of_norm(device, weights, rate, norm);
        norm
    }

    /// As [`Self::step`], of weights that have but a part of a gradient whose norm is known.
    pub fn step_of_norm<B: Backend<Buffer = V>>(
        &mut self,
        device: &B,
        weights: Vec<(Kind, Weight<'_, B::Numbers>)>,
        rate: f64,
        norm: f64,
    ) {
        if !norm.is_finite() {
            return;
        }
        let gradient = self.clip_norm.map_or(1.0, |limit| clip_factor(norm, limit));
        let steps = weights.into_iter().map(|(kind, weight)| {
            let Weight { name, value, gradient: d_value, rows } = weight;
            (name, Step { value, gradient: d_value, rows, by: self.factors(kind, rate, gradient) })
        });
        let steps = steps.collect();
        match &mut self.rule {
            Rule::Sgd(sgd) => sgd.step(device, steps),
            Rule::AdamW(adamw) => adamw.step(device, steps),
        }
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
    pub fn state<B: Backend<Buffer = V>>(&self, device: &B) -> Tensors {
        match &self.rule {
            Rule::Sgd(sgd) => sgd.state(device),
            Rule::AdamW(adamw) => adamw.state(device),
        }
    }

    /// Brings back what the rule remembered of these weights. It must have been of each of them, but for an
    /// optimiser that was saved before its first step.
    pub fn load_state<B: Backend<Buffer = V>>(
        &mut self,
        device: &B,
        weights: &[(Kind, Weight<'_, B::Numbers>)],
        state: &Tensors,
    ) -> Result<(), Mismatch> {
        let sizes: Vec<_> =
            weights.iter().map(|(_, weight)| (weight.name, device.count(weight.value))).collect();
        match &mut self.rule {
            Rule::Sgd(sgd) => sgd.load_state(device, &sizes, state),
            Rule::AdamW(adamw) => adamw.load_state(device, &sizes, state),
        }
    }
}

#[cfg(test)]
mod tests;
