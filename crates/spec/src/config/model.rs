//! `model:` and `loss:`: the network, its head and what is minimised.

use serde::{Deserialize, Serialize};

/// `model:`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// The network up to the embedding.
    pub backbone: Backbone,
    /// Length of the embedding.
    pub embedding_size: u32,
    /// What it reads of an image.
    #[serde(default, skip_serializing_if = "ModelInput::is_rgb")]
    pub input: ModelInput,
    /// Share of the numbers before the embedding that are 0 in training.
    #[serde(default, skip_serializing_if = "is_none")]
    pub dropout: f64,
}

impl ModelConfig {
    /// Whether weights of the one fit the other: they may differ in what is done in training alone.
    pub fn has_weights_of(&self, other: &Self) -> bool {
        Self { dropout: 0.0, ..*self } == Self { dropout: 0.0, ..*other }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields so")]
fn is_none(share: &f64) -> bool {
    *share == 0.0
}

/// `model.input:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelInput {
    /// Three channels.
    #[default]
    Rgb,
    /// One channel of luma (ITU-R BT.601).
    Grey,
}

impl ModelInput {
    /// What nobody has to say.
    pub fn is_rgb(&self) -> bool {
        *self == Self::Rgb
    }
}

/// `model.backbone:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backbone {
    /// arclab's own small residual network for 64 × 64 on a CPU.
    Small,
    /// MobileFaceNet (Chen et al. 2018), as InsightFace's `mbf` (scale 2).
    MobileFaceNet,
    /// The same at scale 1, which is the paper's.
    #[serde(rename = "mobilefacenet_scale1")]
    MobileFaceNetScale1,
    /// GhostFaceNetV1 (Alansari et al. 2023) with stride 1 in its stem.
    #[serde(rename = "ghostfacenet_v1_1")]
    GhostFaceNetV1Stride1,
    /// The same with stride 2.
    #[serde(rename = "ghostfacenet_v1_2")]
    GhostFaceNetV1Stride2,
    /// IResNet-18, as InsightFace's `r18`.
    IResNet18,
    /// IResNet-34, as InsightFace's `r34`.
    IResNet34,
    /// IResNet-50, as InsightFace's `r50`.
    IResNet50,
    /// IResNet-100, as InsightFace's `r100`.
    IResNet100,
    /// IResNet-200, as InsightFace's `r200`.
    IResNet200,
}

/// `loss:`, but for how its logits are judged. s is what cosines are multiplied by, θ the angle to the own class;
/// margins on the angle are in radians. The formulas are in `read/losses/`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the reader describes each parameter to users, once")]
pub enum LossConfig {
    /// Additive angular margin (Deng et al. 2019): target logit s·cos(θ + m).
    ArcFace {
        /// s: what cosines are multiplied by.
        scale: f64,
        /// m, in radians.
        margin: f64,
        /// What becomes of angles past π - m.
        #[serde(default, skip_serializing_if = "PastTurn::is_plain")]
        past_turn: PastTurn,
        /// Which gradient the target logit has.
        gradient: MarginGradient,
    },
    /// The same to the nearest of several centres (Deng et al. 2020).
    SubCentre { scale: f64, margin: f64, centres: u32, past_turn: PastTurn, gradient: MarginGradient },
    /// Margin on the cosine (Wang et al. 2018).
    CosFace { scale: f64, margin: f64 },
    /// Three margins (Deng et al. 2019).
    Combined { scale: f64, multiplier: f64, margin: f64, cosine_margin: f64 },
    /// Multiplied angle, annealed (Liu et al. 2017).
    SphereFace { multiplier: u32, annealing_start: f64, annealing_end: f64, annealing_rate: f64 },
    /// No margin (Wang et al. 2017).
    NormFace { scale: f64 },
    /// Hard other classes weighted (Huang et al. 2020).
    CurricularFace { scale: f64, margin: f64, running_share: f64 },
    /// Margin by the embedding's length (Meng et al. 2021).
    MagFace {
        scale: f64,
        min_margin: f64,
        max_margin: f64,
        min_norm: f64,
        max_norm: f64,
        norm_weight: f64,
        past_turn: PastTurn,
    },
    /// Margins by the quality of the image (Kim et al. 2022).
    AdaFace { scale: f64, margin: f64, concentration: f64, running_share: f64 },
    /// Margin drawn for each sample (Boutros et al. 2022).
    ElasticFace { scale: f64, margin: f64, margin_deviation: f64 },
    /// A scale that finds itself (Zhang et al. 2019).
    AdaCos { scaling: Scaling },
    /// Two distances (Hadsell et al. 2006).
    Contrastive { positive_margin: f64, negative_margin: f64 },
    /// A margin between distances (Schroff et al. 2015).
    Triplet { margin: f64, miner: Miner },
    /// Soft maxima about a cosine (Wang et al. 2019).
    #[serde(rename = "multi_similarity")]
    MultiSimilarity { positive_scale: f64, negative_scale: f64, base: f64 },
    /// Pairs weighed by how far they are from their best (Sun et al. 2020).
    Circle { scale: f64, relaxation: f64 },
    /// A softmax over pairs (Khosla et al. 2020).
    SupCon { temperature: f64 },
    /// A softmax of one same pair and all different ones (Chen et al. 2020).
    NtXent { temperature: f64 },
    /// Same pairs against all different ones about them (Song et al. 2016).
    #[serde(rename = "lifted_structure")]
    LiftedStructure { positive_margin: f64, negative_margin: f64 },
    /// Learned proxies, one a class (Kim et al. 2020).
    #[serde(rename = "proxy_anchor")]
    ProxyAnchor { scale: f64, cosine_margin: f64 },
}

/// What a loss compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compares {
    /// An image with all class centres, each image by itself.
    Centres,
    /// The images of a batch with proxies of classes.
    Proxies,
    /// The images of a batch with each other.
    Images,
}

impl LossConfig {
    /// What it compares.
    pub fn compares(&self) -> Compares {
        match self {
            Self::ArcFace { .. }
            | Self::SubCentre { .. }
            | Self::CosFace { .. }
            | Self::Combined { .. }
            | Self::SphereFace { .. }
            | Self::NormFace { .. }
            | Self::CurricularFace { .. }
            | Self::MagFace { .. }
            | Self::AdaFace { .. }
            | Self::ElasticFace { .. }
            | Self::AdaCos { .. } => Compares::Centres,
            Self::ProxyAnchor { .. } => Compares::Proxies,
            Self::Contrastive { .. }
            | Self::Triplet { .. }
            | Self::MultiSimilarity { .. }
            | Self::Circle { .. }
            | Self::SupCon { .. }
            | Self::NtXent { .. }
            | Self::LiftedStructure { .. } => Compares::Images,
        }
    }
}

/// `loss.miner:`, of triplets by how far the negative is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Miner {
    /// Anywhere.
    All,
    /// Farther than the positive, yet within the margin.
    SemiHard,
    /// No farther than the positive.
    Hard,
}

/// `loss.focal:` and `loss.label_smoothing:`: how logits are judged.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CrossEntropy {
    /// Softmax cross-entropy.
    #[default]
    Plain,
    /// What is nearly right weighs less (Lin et al. 2017).
    Focal {
        /// γ.
        gamma: f64,
    },
    /// A share of the truth is spread over all classes (Szegedy et al. 2016).
    Smoothed {
        /// ε.
        share: f64,
    },
}

impl CrossEntropy {
    /// What nobody has to say.
    pub fn is_plain(&self) -> bool {
        *self == Self::Plain
    }
}

/// `loss.past_turn:`, of the target logit past θ = π - m.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PastTurn {
    /// cos(θ + m), which rises again.
    #[default]
    #[serde(rename = "none")]
    Plain,
    /// cos θ - m·sin m.
    Linear,
    /// cos θ, and that already where cos θ ≤ 0.
    Easy,
    /// -1.
    Clip,
}

impl PastTurn {
    /// What nobody has to say.
    pub fn is_plain(&self) -> bool {
        *self == Self::Plain
    }
}

/// `loss.scaling:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// From the number of classes.
    Fixed,
    /// From each batch.
    Dynamic,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_of_before_input_and_dropout_is_written_as_it_was_so_that_plans_keep_their_hashes() {
        let old = r#"{"backbone":"mobilefacenet","embedding_size":512}"#;
        let model: ModelConfig = serde_json::from_str(old).unwrap();
        assert_eq!((model.input, model.dropout), (ModelInput::Rgb, 0.0));
        assert_eq!(serde_json::to_string(&model).unwrap(), old);
    }

    #[test]
    fn weights_fit_whatever_the_dropout_they_were_trained_with() {
        let model = |input, dropout| ModelConfig {
            backbone: Backbone::IResNet34,
            embedding_size: 64,
            input,
            dropout,
        };
        assert!(model(ModelInput::Grey, 0.4).has_weights_of(&model(ModelInput::Grey, 0.0)));
        assert!(!model(ModelInput::Grey, 0.4).has_weights_of(&model(ModelInput::Rgb, 0.4)));
    }
}
