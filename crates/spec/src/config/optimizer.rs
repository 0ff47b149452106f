//! `optimizer:`.

use serde::{Deserialize, Serialize};

/// `optimizer:`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase", deny_unknown_fields)]
pub enum OptimizerConfig {
    /// Stochastic gradient descent with momentum, as PyTorch's `SGD`.
    Sgd {
        /// Peak learning rate.
        learning_rate: f64,
        /// In [0, 1).
        momentum: f64,
        /// Added to the gradient, times the weight.
        weight_decay: f64,
        /// Largest norm of the whole gradient; longer ones are scaled down to it.
        clip_norm: Option<f64>,
        /// Whether momentum is Nesterov's.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        nesterov: bool,
        /// How kinds of weights are treated apart.
        #[serde(default, skip_serializing_if = "LayerOptions::is_default")]
        layers: LayerOptions,
    },
    /// Adam with decoupled weight decay, as PyTorch's `AdamW`.
    AdamW {
        /// Peak learning rate.
        learning_rate: f64,
        /// Share of the first moment that a step keeps, in [0, 1).
        beta1: f64,
        /// Share of the second moment that a step keeps, in [0, 1).
        beta2: f64,
        /// Added to the root of the second moment.
        epsilon: f64,
        /// Share of a weight that is taken away, times the learning rate.
        weight_decay: f64,
        /// Largest norm of the whole gradient; longer ones are scaled down to it.
        clip_norm: Option<f64>,
        /// How kinds of weights are treated apart.
        #[serde(default, skip_serializing_if = "LayerOptions::is_default")]
        layers: LayerOptions,
    },
}

impl OptimizerConfig {
    /// Peak learning rate.
    pub fn learning_rate(&self) -> f64 {
        match *self {
            Self::Sgd { learning_rate, .. } | Self::AdamW { learning_rate, .. } => learning_rate,
        }
    }

    /// How kinds of weights are treated apart.
    pub fn layers(&self) -> LayerOptions {
        match *self {
            Self::Sgd { layers, .. } | Self::AdamW { layers, .. } => layers,
        }
    }
}

/// How kinds of weights are treated apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerOptions {
    /// Whether what has one number a channel decays: batch norms, biases and slopes of PReLU.
    pub decay_norms: bool,
    /// What the learning rate of the head is multiplied by.
    pub head_rate: f64,
}

impl LayerOptions {
    /// Plans that say nothing of it are what they were before there was anything to say.
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for LayerOptions {
    fn default() -> Self {
        Self { decay_norms: true, head_rate: 1.0 }
    }
}
