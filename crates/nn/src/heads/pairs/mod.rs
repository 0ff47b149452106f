//! Losses on the pairs of a batch, without class centres: images of one person are to be nearer to each other than to
//! images of others.
//!
//! A loss is a small file and one arm of [`PairLoss`]; cosines, distances, means and the way back to embeddings are
//! written once. Embeddings have length 1 here. Means are those of pytorch-metric-learning: over all terms, or over
//! those that are not 0. A batch without pairs costs 0.

mod circle;
mod contrastive;
mod lifted_structure;
mod matrix;
mod multi_similarity;
mod ntxent;
mod proxy_anchor;
mod soft;
mod supcon;
mod triplet;

pub use circle::Circle;
pub use contrastive::Contrastive;
pub use lifted_structure::LiftedStructure;
pub use multi_similarity::MultiSimilarity;
pub use ntxent::NtXent;
pub use proxy_anchor::ProxyAnchor;
pub use supcon::SupCon;
pub use triplet::{Miner, Triplet};

use candle_core::{Device, Tensor};

use super::cosine::Normalised;
use crate::{
    checkpoint::{Mismatch, Tensors},
    optim::Weight,
    random::Random,
};
use matrix::{Judged, Matrix, Measure, Pair};

/// Name of the proxies among the weights.
const PROXIES: &str = "head.proxies";

/// A loss on pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PairLoss {
    /// Two distances.
    Contrastive(Contrastive),
    /// A margin between distances.
    Triplet(Triplet),
    /// Soft maxima about a cosine.
    MultiSimilarity(MultiSimilarity),
    /// Pairs weighed by how far they are from their best.
    Circle(Circle),
    /// A softmax over pairs, with every same pair as its target.
    SupCon(SupCon),
    /// A softmax of one same pair and all different ones.
    NtXent(NtXent),
    /// Same pairs against all different ones about them.
    LiftedStructure(LiftedStructure),
    /// Learned proxies, one a class.
    ProxyAnchor(ProxyAnchor),
}

/// A loss on pairs, with its proxies where it has some.
#[derive(Debug, Clone)]
pub struct PairHead {
    loss: PairLoss,
    embedding_size: usize,
    proxies: Option<Proxies>,
}

/// C × E, class by class.
#[derive(Debug, Clone)]
struct Proxies {
    values: Vec<f32>,
    gradient: Vec<f32>,
}

/// What a loss on pairs says of one batch.
#[derive(Debug, Clone, PartialEq)]
pub struct PairOutput {
    /// Not finite if anything before it was not.
    pub loss: f64,
    /// d loss / d embedding, N × E.
    pub d_embeddings: Vec<f32>,
    /// Sum of the embeddings' lengths.
    pub norms: f64,
    /// Of pairs of one person, or of images with their proxies.
    pub same: CosineSum,
    /// Of pairs of two people, or of images with others' proxies.
    pub different: CosineSum,
    /// Of losses that have some.
    pub hinges: Hinges,
}

/// Cosines, summed; a pair of two images counts in both orders.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CosineSum {
    /// Their sum.
    pub sum: f64,
    /// How many.
    pub count: usize,
}

/// Terms of a loss that are cut off at 0: pairs, or triplets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hinges {
    /// All of them.
    pub total: usize,
    /// Those that are not 0.
    pub active: usize,
}

impl CosineSum {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { sum: self.sum + other.sum, count: self.count + other.count }
    }
}

impl Hinges {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { total: self.total + other.total, active: self.active + other.active }
    }
}

impl PairLoss {
    fn measure(&self) -> Measure {
        match self {
            Self::Contrastive(_) | Self::Triplet(_) | Self::LiftedStructure(_) => Measure::Distance,
            Self::MultiSimilarity(_)
            | Self::Circle(_)
            | Self::SupCon(_)
            | Self::NtXent(_)
            | Self::ProxyAnchor(_) => Measure::Cosine,
        }
    }

    fn judge(&self, matrix: &Matrix<'_>) -> Judged {
        match self {
            Self::Contrastive(loss) => loss.judge(matrix),
            Self::Triplet(loss) => loss.judge(matrix),
            Self::MultiSimilarity(loss) => loss.judge(matrix),
            Self::Circle(loss) => loss.judge(matrix),
            Self::SupCon(loss) => loss.judge(matrix),
            Self::NtXent(loss) => loss.judge(matrix),
            Self::LiftedStructure(loss) => loss.judge(matrix),
            Self::ProxyAnchor(loss) => loss.judge(matrix),
        }
    }
}

impl PairHead {
    /// A head for embeddings of `embedding_size` numbers. Proxies, where the loss has some, are one for each of
    /// `classes` and drawn from N(0, 2 / classes).
    pub fn new(loss: PairLoss, classes: usize, embedding_size: usize, seed: u64) -> Self {
        let proxies = matches!(loss, PairLoss::ProxyAnchor(_)).then(|| {
            let (count, deviation) = (classes * embedding_size, (2.0 / classes as f64).sqrt());
            let values = Random::new(seed, PROXIES).normals(count, deviation);
            Proxies { values, gradient: vec![0.0; count] }
        });
        Self { loss, embedding_size, proxies }
    }

    /// Loss of a batch of embeddings (N × E, not normalised) with their classes, and all gradients: that to the
    /// proxies replaces the earlier one. Panics if the sizes do not fit, or there is nothing.
    pub fn forward_backward(&mut self, embeddings: &[f32], labels: &[u32]) -> PairOutput {
        assert_eq!(embeddings.len(), labels.len() * self.embedding_size, "one embedding a label");
        let images = Normalised::new(embeddings, self.embedding_size);
        let (matrix, judged, d_embeddings) = if let Some(proxies) = &mut self.proxies {
            let units = Normalised::new(&proxies.values, self.embedding_size);
            let matrix = Matrix::of_proxies(&units, &images, labels);
            let judged = self.loss.judge(&matrix);
            let slope = |proxy, image| matrix.d_cosine(&judged, proxy, image);
            proxies.gradient = units.backward(&images, slope);
            let d_embeddings = images.backward(&units, |image, proxy| slope(proxy, image));
            (matrix, judged, d_embeddings)
        } else {
            let matrix = Matrix::of_images(self.loss.measure(), &images, labels);
            let judged = self.loss.judge(&matrix);
            let d_embeddings = images.backward(&images, |one, other| matrix.d_cosine(&judged, one, other));
            (matrix, judged, d_embeddings)
        };
        output(&matrix, &judged, d_embeddings, images.lengths())
    }

    /// The proxies and their gradient, for the optimiser.
    pub fn weight(&mut self) -> Option<Weight<'_>> {
        let proxies = self.proxies.as_mut()?;
        Some(Weight { name: PROXIES, value: &mut proxies.values, gradient: &proxies.gradient, rows: None })
    }

    /// The proxies, C × E.
    pub fn state(&self) -> Tensors {
        let tensor = |proxies: &Proxies| {
            let shape = self.shape(proxies);
            let tensor = Tensor::from_slice(&proxies.values, &shape, &Device::Cpu)
                .expect("a tensor has as many elements as its shape says");
            (PROXIES.to_owned(), tensor)
        };
        self.proxies.iter().map(tensor).collect()
    }

    /// Brings back the proxies.
    pub fn load_state(&mut self, state: &Tensors) -> Result<(), Mismatch> {
        let shape = self.proxies.as_ref().map(|proxies| self.shape(proxies));
        let values = shape.map(|shape| Mismatch::values_of(state, PROXIES, &shape)).transpose()?;
        Mismatch::refuse_others(state, |name| values.is_some() && name == PROXIES)?;
        if let (Some(proxies), Some(values)) = (&mut self.proxies, values) {
            proxies.values = values;
        }
        Ok(())
    }

    fn shape(&self, proxies: &Proxies) -> [usize; 2] {
        [proxies.values.len() / self.embedding_size, self.embedding_size]
    }
}

fn output(matrix: &Matrix<'_>, judged: &Judged, d_embeddings: Vec<f32>, norms: &[f32]) -> PairOutput {
    let [same, different] = [Pair::Same, Pair::Different].map(|pair| matrix.cosines(pair));
    // A term that is cut off at 0 would hide what is not a number.
    let is_hidden = same.sum.is_nan() || different.sum.is_nan();
    PairOutput {
        loss: if is_hidden { f64::NAN } else { judged.loss },
        d_embeddings,
        norms: norms.iter().map(|&norm| f64::from(norm)).sum(),
        same,
        different,
        hinges: judged.hinges,
    }
}

#[cfg(test)]
pub(super) mod tests;
