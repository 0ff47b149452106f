//! What a head minimises: one arm a loss, and what a loss is told and says of a sample.

use rayon::prelude::*;

use super::{
    AdaCos, AdaFace, ArcFace, Combined, CosFace, CurricularFace, ElasticFace, MagFace, NormFace, SphereFace,
    SubCentre, cosine::Normalised,
};

/// A loss on the cosines between embeddings and class centres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loss {
    /// An additive angular margin.
    ArcFace(ArcFace),
    /// The same, with several centres a class.
    SubCentre(SubCentre),
    /// A margin on the cosine.
    CosFace(CosFace),
    /// Three margins at once.
    Combined(Combined),
    /// A multiplied angle.
    SphereFace(SphereFace),
    /// No margin.
    NormFace(NormFace),
    /// A margin, and hard other classes weighted more and more.
    CurricularFace(CurricularFace),
    /// A margin that grows with the embedding's length.
    MagFace(MagFace),
    /// A margin that moves with the embedding's length.
    AdaFace(AdaFace),
    /// A margin drawn for each sample.
    ElasticFace(ElasticFace),
    /// No margin, and a scale from the number of classes or from the batch.
    AdaCos(AdaCos),
}

/// A sample, as a loss sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    /// That of the angle to the own class.
    pub(super) cosine: f64,
    /// Length of the embedding.
    pub(super) norm: f64,
    /// Steps done before this one.
    pub(super) step: u64,
    /// Counts samples through all steps: what random draws are functions of.
    pub(super) number: u64,
}

/// What a loss makes of a sample's own cosine, and by what all of its logits are multiplied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Target {
    pub(super) scale: f64,
    /// The logit of the own class, before scaling.
    pub(super) value: f64,
    /// d value / d cosine.
    pub(super) slope: f64,
    /// Whether the angle is so wide that the margin turns around.
    pub(super) past_turn: bool,
    /// Where the loss reaches the embedding's length.
    pub(super) by_norm: Option<ByNorm>,
}

/// What of a sample's loss follows the length of its embedding, with derivatives to it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct ByNorm {
    pub(super) d_scale: f64,
    pub(super) d_value: f64,
    /// What is added to the loss.
    pub(super) penalty: f64,
    pub(super) d_penalty: f64,
}

/// A batch before its loss is known: what running values move by.
#[derive(Clone, Copy)]
pub(super) struct Batch<'a> {
    pub(super) samples: &'a Normalised,
    pub(super) classes: &'a Normalised,
    pub(super) labels: &'a [u32],
}

impl Target {
    /// That of a slope of 1, and no angle too wide.
    pub(super) fn new(scale: f64, value: f64) -> Self {
        Self { scale, value, slope: 1.0, past_turn: false, by_norm: None }
    }
}

impl Batch<'_> {
    /// Cosines to the own classes, where each has one centre.
    pub(super) fn own_cosines(&self) -> Vec<f64> {
        self.each(|index, label| f64::from(self.samples.cosine(index, self.classes, label)))
    }

    /// `of` each sample and its label, in their order.
    pub(super) fn each<T: Send>(&self, of: impl Fn(usize, usize) -> T + Sync) -> Vec<T> {
        self.labels.par_iter().enumerate().map(|(index, &label)| of(index, label as usize)).collect()
    }
}

impl Loss {
    /// Centres of one class.
    pub(super) fn centres(&self) -> usize {
        if let Self::SubCentre(loss) = self { loss.centres } else { 1 }
    }

    /// Moves what the loss remembers, before the logits of the batch are made.
    pub(super) fn observe(&mut self, batch: &Batch<'_>) {
        match self {
            Self::CurricularFace(loss) => loss.observe(batch),
            Self::AdaFace(loss) => loss.observe(batch.samples.lengths()),
            Self::AdaCos(loss) => loss.observe(batch),
            Self::ArcFace(_)
            | Self::SubCentre(_)
            | Self::CosFace(_)
            | Self::Combined(_)
            | Self::SphereFace(_)
            | Self::NormFace(_)
            | Self::MagFace(_)
            | Self::ElasticFace(_) => {}
        }
    }

    /// What the loss remembers from batch to batch, by name: it belongs in checkpoints.
    pub(super) fn memory(&mut self) -> Vec<(&'static str, &mut f32)> {
        match self {
            Self::CurricularFace(loss) => vec![("head.curriculum", &mut loss.curriculum)],
            Self::AdaFace(loss) => {
                vec![("head.norm_mean", &mut loss.mean), ("head.norm_deviation", &mut loss.deviation)]
            }
            Self::AdaCos(loss) => vec![("head.scale", &mut loss.scale)],
            Self::ArcFace(_)
            | Self::SubCentre(_)
            | Self::CosFace(_)
            | Self::Combined(_)
            | Self::SphereFace(_)
            | Self::NormFace(_)
            | Self::MagFace(_)
            | Self::ElasticFace(_) => Vec::new(),
        }
    }

    pub(super) fn target(&self, sample: &Sample) -> Target {
        match self {
            Self::ArcFace(loss) => loss.target(sample.cosine),
            Self::SubCentre(loss) => loss.arcface.target(sample.cosine),
            Self::CosFace(loss) => loss.target(sample.cosine),
            Self::Combined(loss) => loss.target(sample.cosine),
            Self::SphereFace(loss) => loss.target(sample),
            Self::NormFace(loss) => Target::new(loss.scale, sample.cosine),
            Self::CurricularFace(loss) => loss.target(sample.cosine),
            Self::MagFace(loss) => loss.target(sample),
            Self::AdaFace(loss) => loss.target(sample),
            Self::ElasticFace(loss) => loss.target(sample),
            Self::AdaCos(loss) => Target::new(f64::from(loss.scale), sample.cosine),
        }
    }

    /// Changes cosines to other classes than `label`; gives d logit / d cosine of those that it changed.
    pub(super) fn bend_others(&self, cosines: &mut [f64], label: usize) -> Vec<(usize, f64)> {
        if let Self::CurricularFace(loss) = self { loss.bend(cosines, label) } else { Vec::new() }
    }
}
