//! A margin softmax whose classes are split over ranks (after An et al., Killing Two Birds with One Stone: `PartialFC`, CVPR
//! 2022): rank r of R holds the centres of the classes [r·C/R, (r+1)·C/R).
//!
//! Each rank has the embeddings of the whole batch. With cⱼ the cosine to class j, zⱼ = s·cⱼ, and z of the own class as the
//! loss has it, for each sample:
//! - the largest over ranks: of cosines to other classes, and of that to the own one, which one rank has and the others take
//!   for -∞. So all know the own class's logit, the largest logit m, and whether the own class is the nearest
//! - the sum over ranks: S = Σ over the rank's classes of exp(zⱼ - m)
//! - loss = m + ln S - z; dzⱼ = exp(zⱼ - m) / S, for the own class less 1
//! - gradients to centres stay on their rank; those to embeddings are linear in dc, and so are summed over ranks
//!
//! Sampled classes are drawn by each rank out of its own: those of the batch and random others, max(⌊r·C/R⌋, own classes).
//!
//! It is computed on the CPU, beside a GPU too.

mod part;
mod saved;
#[cfg(test)]
mod tests;

use std::ops::Range;

use rayon::prelude::*;

use super::{
    CrossEntropy, Head, HeadMemory, HeadOutput, Loss, cosine::Normalised, loss::Sample, output, row::Row,
};
use crate::{
    backend::{Backend, Maps},
    checkpoint::{Mismatch, Tensors},
    optim::Weight,
    ranks::{Exchange, Place, gather_values, largest_values, own_values, sum_values},
};
use part::{Known, Part};
pub use saved::{own_tensors, whole_tensors};

/// A rank's part of a head.
#[derive(Debug, Clone)]
pub struct SplitHead {
    /// Of the rank's classes, counted from the first of them.
    head: Head,
    place: Place,
    /// Which of all classes these are.
    classes: Range<usize>,
    all: usize,
}

impl Head {
    /// A rank's part of the head; the whole head again, where its loss or its cross-entropy asks for all logits in one place.
    pub fn split(self, place: Place) -> Result<SplitHead, Box<Self>> {
        if !self.loss.is_margin_alone() || self.cross_entropy != CrossEntropy::Plain {
            return Err(Box::new(self));
        }
        let width = self.class_width();
        let all = self.centres.len() / width;
        let classes = place.share(all);
        let centres = self.centres[classes.start * width..classes.end * width].to_vec();
        let gradient = if self.sampling.is_some() { Vec::new() } else { vec![0.0; centres.len()] };
        Ok(SplitHead { head: Self { centres, gradient, ..self }, place, classes, all })
    }
}

impl Loss {
    /// Whether it is a softmax with a margin on the own class's cosine, and nothing else.
    fn is_margin_alone(&self) -> bool {
        match self {
            Self::ArcFace(_) | Self::CosFace(_) | Self::Combined(_) | Self::NormFace(_) => true,
            Self::SubCentre(_)
            | Self::SphereFace(_)
            | Self::CurricularFace(_)
            | Self::MagFace(_)
            | Self::AdaFace(_)
            | Self::ElasticFace(_)
            | Self::AdaCos(_) => false,
        }
    }
}

impl SplitHead {
    /// What the head says of the whole batch, the same on all ranks, from the embeddings of the rank's own images and the
    /// labels of all; with the gradient to these embeddings. That to the rank's centres replaces the earlier one.
    pub fn judge<B: HeadMemory>(
        &mut self,
        exchange: &dyn Exchange<B>,
        device: &B,
        mirror: &mut B::Mirror,
        embeddings: &Maps<B>,
        labels: &[u32],
        step: u64,
    ) -> (HeadOutput, Maps<B>) {
        device.pull(mirror, self.head.weight());
        let values = gather_values(exchange, device, &device.values(embeddings));
        let output = device.run(|| self.forward_backward(exchange, device, &values, labels, step));
        device.push(mirror, self.head.weight());
        let shape = crate::MapShape { count: labels.len(), ..embeddings.shape };
        let d_embeddings = own_values(self.place, device, shape, &output.d_embeddings);
        (output, d_embeddings)
    }

    fn forward_backward<B: Backend>(
        &mut self,
        exchange: &dyn Exchange<B>,
        device: &B,
        embeddings: &[f32],
        labels: &[u32],
        step: u64,
    ) -> HeadOutput {
        assert_eq!(embeddings.len(), labels.len() * self.head.embedding_size, "one embedding a label");
        let samples = Normalised::new(embeddings, self.head.embedding_size);
        let places = self.draw(labels, step);
        let classes = self.head.classes_of_step();
        let cosines = |(index, &own): (usize, &Option<usize>)| Part {
            numbers: samples.cosines_with(index, &classes),
            own,
        };
        let mut parts: Vec<Part> = places.par_iter().enumerate().map(cosines).collect();
        let tops: Vec<f32> = parts.iter().flat_map(Part::tops).collect();
        let known = self.known(&largest_values(exchange, device, &tops), &samples, step);
        let sums = parts.par_iter_mut().zip(&known).map(|(part, known)| part.exponentials(known));
        let sums = sum_values(exchange, device, &sums.collect::<Vec<f32>>());
        let rows: Vec<Row> = parts
            .into_par_iter()
            .zip(known.par_iter().zip(&sums))
            .map(|(part, (known, sum))| part.row(known, f64::from(*sum), labels.len()))
            .collect();
        self.head.gradient = classes.backward(&samples, |class, sample| rows[sample].d_cosines[class]);
        let own = samples.backward(&classes, |sample, class| rows[sample].d_cosines[class]);
        output(&rows, sum_values(exchange, device, &own), samples.lengths())
    }

    /// Draws the classes of a step, where they are sampled; gives the place of each label among those of this rank that
    /// take part.
    fn draw(&mut self, labels: &[u32], step: u64) -> Vec<Option<usize>> {
        let Self { head, classes, all, .. } = self;
        let here = |label: &u32| {
            let label = *label as usize;
            assert!(label < *all, "a label is one of the classes");
            classes.contains(&label).then(|| (label - classes.start) as u32)
        };
        let own: Vec<Option<u32>> = labels.iter().map(here).collect();
        if let Some(sampling) = head.sampling {
            let first = step * *all as u64 + classes.start as u64;
            let labels: Vec<u32> = own.iter().flatten().copied().collect();
            head.sampled = sampling.draw_after(&labels, classes.len(), first);
        }
        let place = |label: u32| match head.sampling {
            None => label as usize,
            Some(_) => head.sampled.partition_point(|class| *class < label),
        };
        own.into_iter().map(|label| label.map(place)).collect()
    }

    /// What follows for each sample from the largest cosine to another class, and that to the own one.
    fn known(&self, tops: &[f32], samples: &Normalised, step: u64) -> Vec<Known> {
        let pairs = tops.as_chunks::<2>().0.iter().zip(samples.lengths());
        let known = |(&[other, own], &length): (&[f32; 2], &f32)| {
            let sample = Sample { cosine: own.into(), norm: length.into(), step, number: 0 };
            Known::new(own.into(), other.into(), self.head.loss.target(&sample))
        };
        pairs.map(known).collect()
    }

    /// The rank's centres and their gradient, for the optimiser.
    pub fn weight(&mut self) -> Weight<'_> {
        self.head.weight()
    }

    /// The rank's centres: rows of the whole head's.
    pub fn state(&self) -> Tensors {
        self.head.state()
    }

    /// Brings back the rank's centres.
    pub fn load_state(&mut self, state: &Tensors) -> Result<(), Mismatch> {
        self.head.load_state(state)
    }

    /// Which of all classes are the rank's, and how many there are.
    pub fn classes(&self) -> (Range<usize>, usize) {
        (self.classes.clone(), self.all)
    }
}
