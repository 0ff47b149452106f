//! Heads: class centres, and a loss on the cosines between embeddings and centres.
//!
//! Each loss is a small file and one arm of [`Loss`]; what all share (normalising, cosines, softmax, backward) is
//! written once.

mod arcface;
mod cosine;
mod softmax;

pub use arcface::{ArcFace, MarginGradient};

use candle_core::{Device, Tensor};
use rayon::prelude::*;

use crate::{
    checkpoint::{Mismatch, Tensors},
    optim::Weight,
    random::Random,
};
use cosine::Normalised;

/// Name of the class centres among the weights.
const CENTRES: &str = "head.centres";

/// Standard deviation of the initial class centres, as in InsightFace.
const INITIAL_DEVIATION: f64 = 0.01;

/// What a head minimises.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loss {
    /// An additive angular margin.
    ArcFace(ArcFace),
}

/// The logit of a sample's own class, before scaling.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Target {
    value: f64,
    /// d value / d cosine.
    slope: f64,
    /// Whether the angle is so wide that the margin turns around.
    past_turn: bool,
}

impl Loss {
    fn scale(&self) -> f64 {
        match self {
            Self::ArcFace(arcface) => arcface.scale,
        }
    }

    fn target(&self, cosine: f64) -> Target {
        match self {
            Self::ArcFace(arcface) => arcface.target(cosine),
        }
    }
}

/// Class centres and a loss on them.
#[derive(Debug, Clone)]
pub struct Head {
    loss: Loss,
    embedding_size: usize,
    /// C × E.
    centres: Vec<f32>,
    gradient: Vec<f32>,
}

/// What a head says of one batch.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadOutput {
    /// Mean over the batch; not finite if anything before it was not.
    pub loss: f64,
    /// d loss / d embedding, N × E.
    pub d_embeddings: Vec<f32>,
    /// Samples whose own class has the largest cosine, margin left out.
    pub correct: usize,
    /// Samples past the angle π - m, where the margin turns around.
    pub past_turn: usize,
}

impl Head {
    /// A head with `classes` random centres of `embedding_size` numbers, drawn from N(0, 0.01²).
    pub fn new(loss: Loss, classes: usize, embedding_size: usize, seed: u64) -> Self {
        let count = classes * embedding_size;
        let centres = Random::new(seed, CENTRES).normals(count, INITIAL_DEVIATION);
        Self { loss, embedding_size, centres, gradient: vec![0.0; count] }
    }

    /// Loss of a batch of embeddings (N × E, not normalised) with their classes, and all gradients: that to the
    /// centres replaces the earlier one. Panics if a label is no class or the sizes do not fit.
    pub fn forward_backward(&mut self, embeddings: &[f32], labels: &[u32]) -> HeadOutput {
        assert_eq!(embeddings.len(), labels.len() * self.embedding_size, "one embedding a label");
        let samples = Normalised::new(embeddings, self.embedding_size);
        let classes = Normalised::new(&self.centres, self.embedding_size);
        let rows: Vec<Row> = labels
            .par_iter()
            .enumerate()
            .map(|(index, &label)| {
                self.row(samples.cosines_with(index, &classes), label as usize, labels.len())
            })
            .collect();
        self.gradient = classes.backward(&samples, |class, sample| rows[sample].d_cosines[class]);
        HeadOutput {
            loss: rows.iter().map(|row| row.loss).sum::<f64>() / labels.len() as f64,
            d_embeddings: samples.backward(&classes, |sample, class| rows[sample].d_cosines[class]),
            correct: rows.iter().filter(|row| row.correct).count(),
            past_turn: rows.iter().filter(|row| row.past_turn).count(),
        }
    }

    /// The centres and their gradient, for the optimiser.
    pub fn weight(&mut self) -> Weight<'_> {
        Weight { name: CENTRES, value: &mut self.centres, gradient: &self.gradient }
    }

    /// The centres, C × E.
    pub fn state(&self) -> Tensors {
        let centres = Tensor::from_slice(&self.centres, self.shape(), &Device::Cpu);
        Tensors::from([(
            CENTRES.to_owned(),
            centres.expect("a matrix has as many elements as its shape says"),
        )])
    }

    /// Brings back the centres.
    pub fn load_state(&mut self, state: &Tensors) -> Result<(), Mismatch> {
        let centres = Mismatch::values_of(state, CENTRES, &<[usize; 2]>::from(self.shape()))?;
        Mismatch::refuse_others(state, |name| name == CENTRES)?;
        self.centres = centres;
        Ok(())
    }

    fn shape(&self) -> (usize, usize) {
        (self.centres.len() / self.embedding_size, self.embedding_size)
    }

    fn row(&self, cosines: impl Iterator<Item = f32>, label: usize, batch: usize) -> Row {
        let mut logits: Vec<f64> = cosines.map(f64::from).collect();
        let own = logits[label];
        let correct = logits.iter().enumerate().all(|(class, &cosine)| class == label || cosine < own);
        let (scale, target) = (self.loss.scale(), self.loss.target(own));
        logits[label] = target.value;
        for logit in &mut logits {
            *logit *= scale;
        }
        let loss = softmax::cross_entropy(&mut logits, label);
        logits[label] *= target.slope;
        let factor = scale / batch as f64;
        let d_cosines = logits.iter().map(|d_logit| (d_logit * factor) as f32).collect();
        Row { loss, d_cosines, correct, past_turn: target.past_turn }
    }
}

struct Row {
    loss: f64,
    /// d mean loss / d cosine, one a class.
    d_cosines: Vec<f32>,
    correct: bool,
    past_turn: bool,
}

#[cfg(test)]
mod tests;
