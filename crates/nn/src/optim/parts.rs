//! The gradient of a batch that goes through the network in parts: g = (g₁ + … + gₙ) / n.
//!
//! Parts are equally large, so this is the gradient of the mean loss over the whole batch, each part under batch
//! statistics of its own. Not quite so of losses that remember (`AdaFace`, `CurricularFace`, dynamic `AdaCos`): what they
//! remember moves before each part, so that parts are judged by different values, and a running share r of a part comes
//! to 1 - (1 - r)ⁿ of a batch.

use rayon::prelude::*;

use super::{BLOCK, Kind, Weight};
use crate::{backend::Backend, cpu::CpuBuffer};

/// The mean of the gradients of a batch's parts.
#[derive(Debug, Clone)]
pub struct PartsMean<V = CpuBuffer> {
    parts: usize,
    added: usize,
    /// In the order of the weights.
    means: Vec<V>,
}

impl<V> PartsMean<V> {
    /// Of batches in `parts` parts.
    pub fn new(parts: usize) -> Self {
        Self { parts, added: 0, means: Vec::new() }
    }

    /// Adds the gradients of a part. After the last part of a batch, the next one begins anew.
    ///
    /// # Panics
    /// Where a weight has only some rows, which are others in each part.
    pub fn add<B: Backend<Buffer = V>>(&mut self, device: &B, weights: &[(Kind, Weight<'_, B::Numbers>)]) {
        if self.means.is_empty() {
            let place = |(_, weight): &(Kind, Weight<'_, B::Numbers>)| {
                assert!(weight.rows.is_none(), "parts of a batch have the same weights");
                device.upload(&vec![0.0; device.count(weight.gradient)])
            };
            self.means = weights.iter().map(place).collect();
        }
        self.added %= self.parts;
        let means = self.means.iter_mut().map(B::numbers_mut);
        let pairs = means.zip(weights.iter().map(|(_, weight)| weight.gradient));
        device.add_share(pairs.collect(), 1.0 / self.parts as f32, self.added == 0);
        self.added += 1;
    }

    /// The means, in the order of the weights, to be changed.
    pub fn means_mut(&mut self) -> &mut [V] {
        &mut self.means
    }

    /// `weights`, the same ones in the same order, with the mean for their gradient.
    pub fn instead<'a, B: Backend<Buffer = V>>(
        &'a self,
        weights: impl IntoIterator<Item = (Kind, Weight<'a, B::Numbers>)>,
    ) -> Vec<(Kind, Weight<'a, B::Numbers>)> {
        let replaced = |((kind, weight), mean)| (kind, Weight { gradient: B::numbers(mean), ..weight });
        weights.into_iter().zip(&self.means).map(replaced).collect()
    }
}

/// See [`crate::Backend::add_share`].
pub(crate) fn add(sums: &mut [f32], gradient: &[f32], share: f32, is_first: bool) {
    if is_first {
        sums.fill(0.0);
    }
    let blocks = sums.par_chunks_mut(BLOCK).zip(gradient.par_chunks(BLOCK));
    blocks.for_each(|(sums, gradient)| {
        for (sum, gradient) in sums.iter_mut().zip(gradient) {
            *sum += gradient * share;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;

    #[test]
    fn each_batch_has_the_mean_of_its_own_parts() {
        let (cpu, mut parts) = (Cpu::new(1), PartsMean::new(2));
        for (gradients, mean) in [([1.0, 2.0], 1.5), ([-4.0, 0.0], -2.0)] {
            let mut value = [0.0];
            for gradient in gradients {
                let gradient = [gradient];
                let weight = Weight { name: "w", value: &mut value[..], gradient: &gradient[..], rows: None };
                parts.add(&cpu, &[(Kind::Kernel, weight)]);
            }
            let weight = Weight { name: "w", value: &mut value[..], gradient: &[][..], rows: None };
            assert_eq!(parts.instead::<Cpu>([(Kind::Kernel, weight)])[0].1.gradient, [mean]);
        }
    }
}
