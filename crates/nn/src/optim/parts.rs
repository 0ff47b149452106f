//! The gradient of a batch that goes through the network in parts: g = (g₁ + … + gₙ) / n.
//!
//! Parts are equally large, so this is the gradient of the mean loss over the whole batch, each part under batch
//! statistics of its own. Not quite so of losses that remember (`AdaFace`, `CurricularFace`, dynamic `AdaCos`): what they
//! remember moves before each part, so that parts are judged by different values, and a running share r of a part comes
//! to 1 - (1 - r)ⁿ of a batch.

use rayon::prelude::*;

use super::{BLOCK, Kind, Weight};

/// The mean of the gradients of a batch's parts.
#[derive(Debug, Clone)]
pub struct PartsMean {
    parts: usize,
    added: usize,
    /// In the order of the weights.
    means: Vec<Vec<f32>>,
}

impl PartsMean {
    /// Of batches in `parts` parts.
    pub fn new(parts: usize) -> Self {
        Self { parts, added: 0, means: Vec::new() }
    }

    /// Adds the gradients of a part. After the last part of a batch, the next one begins anew.
    ///
    /// # Panics
    /// Where a weight has only some rows, which are others in each part.
    pub fn add(&mut self, weights: &[(Kind, Weight<'_>)]) {
        if self.added == self.parts {
            self.added = 0;
        }
        self.means.resize_with(weights.len(), Vec::new);
        let share = 1.0 / self.parts as f32;
        for ((_, weight), mean) in weights.iter().zip(&mut self.means) {
            assert!(weight.rows.is_none(), "parts of a batch have the same weights");
            if self.added == 0 {
                mean.clear();
                mean.resize(weight.gradient.len(), 0.0);
            }
            let blocks = mean.par_chunks_mut(BLOCK).zip(weight.gradient.par_chunks(BLOCK));
            blocks.for_each(|(mean, gradient)| {
                for (mean, gradient) in mean.iter_mut().zip(gradient) {
                    *mean += gradient * share;
                }
            });
        }
        self.added += 1;
    }

    /// `weights`, the same ones in the same order, with the mean for their gradient.
    pub fn instead<'a>(
        &'a self,
        weights: impl IntoIterator<Item = (Kind, Weight<'a>)>,
    ) -> Vec<(Kind, Weight<'a>)> {
        let replaced = |((kind, weight), mean)| (kind, Weight { gradient: mean, ..weight });
        weights.into_iter().zip(self.means.iter().map(Vec::as_slice)).map(replaced).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_batch_has_the_mean_of_its_own_parts() {
        let mut parts = PartsMean::new(2);
        for (gradients, mean) in [([1.0, 2.0], 1.5), ([-4.0, 0.0], -2.0)] {
            let mut value = [0.0];
            for gradient in gradients {
                parts.add(&[(
                    Kind::Kernel,
                    Weight { name: "w", value: &mut value, gradient: &[gradient], rows: None },
                )]);
            }
            let weight = Weight { name: "w", value: &mut value, gradient: &[], rows: None };
            assert_eq!(parts.instead([(Kind::Kernel, weight)])[0].1.gradient, [mean]);
        }
    }
}
