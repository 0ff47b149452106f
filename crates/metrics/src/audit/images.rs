//! Images that are more like another class than like their own: the nearest class mean.
//!
//! The classes are those of the labels as given, wrong ones included, and an image is held against means that it is no part of
//! and by a network that was not trained on it: the held-out prediction of confident learning (Northcutt, Jiang and Chuang,
//! Confident learning: estimating uncertainty in dataset labels, Journal of Artificial Intelligence Research 70, 2021), where an
//! embedding takes the place of class probabilities.

/// The mean embedding of each class, of length 1.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassMeans {
    pub(super) width: usize,
    /// Row by row; zeros of a class without embeddings.
    pub(super) means: Vec<f64>,
}

/// What an embedding is most like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    /// The class other than its own whose mean is nearest.
    pub other: u32,
    /// Cosine to that mean.
    pub cosine_other: f64,
    /// Cosine to the mean of its own class.
    pub cosine_own: f64,
}

impl Nearest {
    /// How much more the embedding is like the other class than like its own: above 0 where it contradicts the label.
    pub fn margin(&self) -> f64 {
        self.cosine_other - self.cosine_own
    }
}

impl ClassMeans {
    /// Of embeddings of `width` numbers each, with the class of each.
    ///
    /// # Panics
    /// Where a class is none of `classes`.
    pub fn new<'a>(embeddings: impl Iterator<Item = (&'a [f32], u32)>, width: usize, classes: usize) -> Self {
        let mut means = vec![0.0; width * classes];
        for (embedding, class) in embeddings {
            let mean = &mut means[class as usize * width..][..width];
            mean.iter_mut().zip(embedding).for_each(|(sum, &value)| *sum += f64::from(value));
        }
        // Of length 1, so that a sum does for a mean.
        for mean in means.chunks_exact_mut(width.max(1)) {
            let length = dot(mean, mean.iter().copied()).sqrt().max(f64::MIN_POSITIVE);
            for value in mean {
                *value /= length;
            }
        }
        Self { width, means }
    }

    /// What `embedding`, which is in no mean, is most like, where its label says `own`. None where there is no other class.
    pub fn nearest(&self, embedding: &[f32], own: u32) -> Option<Nearest> {
        let values = || embedding.iter().copied().map(f64::from);
        let length = values().map(|value| value * value).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        let cosines = self.means.chunks_exact(self.width.max(1)).map(|mean| dot(mean, values()) / length);
        let (mut nearest, mut cosine_own) = (None, 0.0);
        for (class, cosine) in (0..).zip(cosines) {
            if class == own {
                cosine_own = cosine;
            } else if nearest.is_none_or(|(_, best)| cosine > best) {
                nearest = Some((class, cosine));
            }
        }
        nearest.map(|(other, cosine_other)| Nearest { other, cosine_other, cosine_own })
    }
}

fn dot(mean: &[f64], values: impl Iterator<Item = f64>) -> f64 {
    mean.iter().zip(values).map(|(a, b)| a * b).sum()
}
