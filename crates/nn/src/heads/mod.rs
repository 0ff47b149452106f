//! Heads: class centres, and a loss on the cosines between embeddings and centres; or, in `pairs`, a loss on the pairs
//! of a batch.
//!
//! Each loss is a small file and one arm of [`Loss`]; what all share (normalising, cosines, softmax, backward) is
//! written once. c is the cosine of the angle θ to the own class; the logit of another class j is s·cos θⱼ unless a
//! loss says otherwise.

mod adacos;
mod adaface;
mod arcface;
mod combined;
mod cosface;
mod cosine;
mod curricularface;
mod elasticface;
mod loss;
mod magface;
mod mirror;
mod normface;
mod pairs;
mod products;
mod row;
mod sampling;
mod softmax;
mod sphereface;
mod split;
mod subcentre;

pub use adacos::{AdaCos, Scaling};
pub use adaface::AdaFace;
pub use arcface::{ArcFace, MarginGradient, PastTurn};
pub use combined::Combined;
pub use cosface::CosFace;
pub use curricularface::CurricularFace;
pub use elasticface::ElasticFace;
pub use loss::Loss;
pub use magface::MagFace;
pub use mirror::{HeadMemory, Judged, Mirrored};
pub use normface::NormFace;
pub use pairs::{
    Circle, Contrastive, CosineSum, Hinges, LiftedStructure, Miner, MultiSimilarity, NtXent, PairHead,
    PairLoss, PairOutput, ProxyAnchor, SupCon, Triplet,
};
pub use sampling::sampled_classes;
pub use softmax::CrossEntropy;
pub use sphereface::SphereFace;
pub use split::{SplitHead, own_tensors, whole_tensors};
pub use subcentre::SubCentre;

use std::borrow::Cow;

use candle_core::{Device, Tensor};

use crate::{
    checkpoint::{Mismatch, Tensors},
    optim::{Rows, Weight},
    random::Random,
};
use cosine::Normalised;
use loss::{Batch, Sample};
use row::Row;
use sampling::{Sampling, gather, places};

/// Name of the class centres among the weights.
pub const CENTRES: &str = "head.centres";

/// Standard deviation of the initial class centres, as in InsightFace.
const INITIAL_DEVIATION: f64 = 0.01;

/// Class centres and a loss on them.
#[derive(Debug, Clone)]
pub struct Head {
    loss: Loss,
    cross_entropy: CrossEntropy,
    embedding_size: usize,
    /// C·K × E, class by class, with the loss's K centres a class.
    centres: Vec<f32>,
    /// Of all centres, or of those of the sampled classes.
    gradient: Vec<f32>,
    sampling: Option<Sampling>,
    /// The classes of the last step, where they are sampled.
    sampled: Vec<u32>,
}

/// What a head says of one batch.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadOutput {
    /// Mean over the batch; not finite if anything before it was not.
    pub loss: f64,
    /// d loss / d embedding, N × E.
    pub d_embeddings: Vec<f32>,
    /// Samples whose own class has the largest cosine, margin left out; of the sampled classes, where they are sampled.
    pub correct: usize,
    /// Samples past the angle π - m, where the margin turns around.
    pub past_turn: usize,
    /// Sum of the angles to the own class, in radians.
    pub angles: f64,
    /// Sum of their squares.
    pub squared_angles: f64,
    /// Sum of the embeddings' lengths.
    pub norms: f64,
}

impl Head {
    /// A head of `classes` classes, with random centres of `embedding_size` numbers drawn from N(0, 0.01²).
    pub fn new(loss: Loss, classes: usize, embedding_size: usize, seed: u64) -> Self {
        let count = classes * loss.centres() * embedding_size;
        let centres = Random::new(seed, CENTRES).normals(count, INITIAL_DEVIATION);
        let cross_entropy = CrossEntropy::Plain;
        let (gradient, sampling, sampled) = (vec![0.0; count], None, Vec::new());
        Self { loss, cross_entropy, embedding_size, centres, gradient, sampling, sampled }
    }

    /// The head with a softmax over a share of its classes, drawn anew for each step.
    #[must_use]
    pub fn with_sampled_classes(self, rate: f64, seed: u64) -> Self {
        Self { sampling: Some(Sampling::new(rate, seed)), gradient: Vec::new(), ..self }
    }

    /// The head with its logits judged in another way.
    #[must_use]
    pub fn with_cross_entropy(self, cross_entropy: CrossEntropy) -> Self {
        Self { cross_entropy, ..self }
    }

    /// Loss of a batch of embeddings (N × E, not normalised) with their classes after `step` steps, and all
    /// gradients: that to the centres replaces the earlier one. Panics if a label is no class or the sizes do not
    /// fit.
    pub fn forward_backward(&mut self, embeddings: &[f32], labels: &[u32], step: u64) -> HeadOutput {
        self.forward_backward_part(embeddings, labels, step, step * labels.len() as u64)
    }

    /// As [`Head::forward_backward`], of a part of a step's batch: `first` counts the samples before it, of all steps
    /// and of this one.
    pub fn forward_backward_part(
        &mut self,
        embeddings: &[f32],
        labels: &[u32],
        step: u64,
        first: u64,
    ) -> HeadOutput {
        assert_eq!(embeddings.len(), labels.len() * self.embedding_size, "one embedding a label");
        let samples = Normalised::new(embeddings, self.embedding_size);
        self.draw(labels, step);
        let (classes, labels) = (self.classes_of_step(), self.labels_of_step(labels));
        let batch = Batch { samples: &samples, classes: &classes, labels: &labels };
        self.loss.observe(&batch);
        let rows = batch.each(|index, label| {
            let number = first + index as u64;
            let norm = f64::from(samples.lengths()[index]);
            let sample = |cosine| Sample { cosine, norm, step, number };
            self.row(&samples.cosines_with(index, &classes), label, sample, labels.len())
        });
        self.gradient = classes.backward(&samples, |class, sample| rows[sample].d_cosines[class]);
        let mut d_embeddings = samples.backward(&classes, |sample, class| rows[sample].d_cosines[class]);
        samples.add_along(&mut d_embeddings, |sample| rows[sample].d_norm);
        output(&rows, d_embeddings, samples.lengths())
    }

    /// Draws the classes of a step, where they are sampled.
    fn draw(&mut self, labels: &[u32], step: u64) {
        if let Some(sampling) = self.sampling {
            self.sampled = sampling.draw(labels, self.centres.len() / self.class_width(), step);
        }
    }

    /// The centres that take part in a step.
    fn classes_of_step(&self) -> Normalised {
        let normalised = |centres: &[f32]| Normalised::new(centres, self.embedding_size);
        match self.sampling {
            None => normalised(&self.centres),
            Some(_) => normalised(&gather(&self.centres, &self.sampled, self.class_width())),
        }
    }

    /// A step's labels among the classes that take part.
    fn labels_of_step<'a>(&self, labels: &'a [u32]) -> Cow<'a, [u32]> {
        if self.sampling.is_none() { Cow::from(labels) } else { places(labels, &self.sampled) }
    }

    /// Numbers of the centres of one class.
    fn class_width(&self) -> usize {
        self.loss.centres() * self.embedding_size
    }

    /// The centres and their gradient, for the optimiser.
    pub fn weight(&mut self) -> Weight<'_> {
        let width = self.class_width();
        let rows = self.sampling.map(|_| Rows { indices: &self.sampled, width });
        Weight { name: CENTRES, value: &mut self.centres, gradient: &self.gradient, rows }
    }

    /// The centres, C·K × E, and what the loss remembers from batch to batch.
    pub fn state(&self) -> Tensors {
        let tensor = |values: &[f32], shape: &[usize]| {
            Tensor::from_slice(values, shape, &Device::Cpu)
                .expect("a tensor has as many elements as its shape says")
        };
        let mut loss = self.loss;
        let memory = loss.memory().into_iter();
        let memory = memory.map(|(name, value)| (name.to_owned(), tensor(&[*value], &[1])));
        [(CENTRES.to_owned(), tensor(&self.centres, &self.shape()))].into_iter().chain(memory).collect()
    }

    /// Brings back the centres and what the loss remembers.
    pub fn load_state(&mut self, state: &Tensors) -> Result<(), Mismatch> {
        let centres = Mismatch::values_of(state, CENTRES, &self.shape())?;
        let mut loss = self.loss;
        let mut names = vec![CENTRES];
        for (name, value) in loss.memory() {
            *value = Mismatch::values_of(state, name, &[1])?[0];
            names.push(name);
        }
        Mismatch::refuse_others(state, |name| names.contains(&name))?;
        (self.centres, self.loss) = (centres, loss);
        Ok(())
    }

    fn shape(&self) -> [usize; 2] {
        [self.centres.len() / self.embedding_size, self.embedding_size]
    }
}

fn output(rows: &[Row], d_embeddings: Vec<f32>, norms: &[f32]) -> HeadOutput {
    HeadOutput {
        loss: rows.iter().map(|row| row.loss).sum::<f64>() / rows.len() as f64,
        d_embeddings,
        correct: rows.iter().filter(|row| row.correct).count(),
        past_turn: rows.iter().filter(|row| row.past_turn).count(),
        angles: rows.iter().map(|row| row.angle).sum(),
        squared_angles: rows.iter().map(|row| row.angle.powi(2)).sum(),
        norms: norms.iter().map(|&norm| f64::from(norm)).sum(),
    }
}

#[cfg(test)]
mod tests;
