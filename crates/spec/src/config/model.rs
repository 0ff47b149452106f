//! `model:` and `loss:`: the network, its head and what is minimised.

use serde::{Deserialize, Serialize};

/// `model:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// The network up to the embedding.
    pub backbone: Backbone,
    /// Length of the embedding.
    pub embedding_size: u32,
}

/// `model.backbone:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backbone {
    /// arclab's own small residual network for 64 × 64 on a CPU.
    Small,
    /// MobileFaceNet (Chen et al. 2018), as InsightFace's `mbf` (scale 2).
    MobileFaceNet,
    /// IResNet-18, as InsightFace's `r18`.
    IResNet18,
}

/// `loss:`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase", deny_unknown_fields)]
pub enum LossConfig {
    /// Additive angular margin (Deng et al. 2019): target logit s·cos(θ + m).
    ArcFace {
        /// s: what cosines are multiplied by.
        scale: f64,
        /// m, in radians.
        margin: f64,
        /// Which gradient the target logit has.
        gradient: MarginGradient,
    },
}

/// `loss.gradient:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarginGradient {
    /// The derivative of cos(θ + m).
    Exact,
    /// As InsightFace since 2022, which edits the logit outside autograd: that of cos θ.
    StraightThrough,
}
