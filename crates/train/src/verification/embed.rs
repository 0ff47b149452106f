//! Embeddings for verification: image and mirror image, added and normalised.

use std::collections::BTreeMap;

use crate::run::Stop;

/// What turns pixels into embeddings.
pub(crate) trait Embedder {
    /// Embeddings of `count` images (N×H×W×3 bytes), N × E, not normalised.
    fn embed(&self, pixels: &[u8], count: usize) -> Vec<f32>;
}

/// Normalised embeddings of distinct images, by image index.
#[derive(Debug)]
pub(crate) struct Embeddings {
    place: BTreeMap<usize, usize>,
    rows: Vec<f32>,
    width: usize,
}

/// Asked to stop before all images were embedded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stopped;

/// Numbers of some images, and their N × H × W × 3 bytes.
type Batch = (Vec<usize>, Vec<u8>);

impl Embeddings {
    /// Embeds images from batches of them and the batches of their mirror images, in the same order.
    pub(crate) fn compute(
        embedder: &impl Embedder,
        images: impl Iterator<Item = Batch>,
        mirrored: impl Iterator<Item = Batch>,
        stop: &Stop,
    ) -> Result<Self, Stopped> {
        let (mut place, mut rows) = (BTreeMap::new(), Vec::new());
        for ((numbers, pixels), (_, mirror)) in images.zip(mirrored) {
            if stop.is_asked() {
                return Err(Stopped);
            }
            rows.extend(with_mirror(embedder, &pixels, &mirror, numbers.len()));
            for number in numbers {
                let next = place.len();
                place.insert(number, next);
            }
        }
        let width = rows.len() / place.len().max(1);
        rows.chunks_exact_mut(width.max(1)).for_each(normalise);
        Ok(Self { place, rows, width })
    }

    /// Cosine similarity of two images that were embedded.
    pub(crate) fn similarity(&self, a: usize, b: usize) -> f32 {
        let products = self.row(a).iter().zip(self.row(b)).map(|(a, b)| f64::from(*a) * f64::from(*b));
        products.sum::<f64>() as f32
    }

    /// Numbers in an embedding.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The embedding of an image that was embedded, of length 1.
    pub(crate) fn row(&self, image: usize) -> &[f32] {
        &self.rows[self.place[&image] * self.width..][..self.width]
    }
}

/// The unnormalised sum, as InsightFace takes it.
fn with_mirror(embedder: &impl Embedder, pixels: &[u8], mirror: &[u8], count: usize) -> Vec<f32> {
    let mut sums = embedder.embed(pixels, count);
    for (sum, other) in sums.iter_mut().zip(embedder.embed(mirror, count)) {
        *sum += other;
    }
    sums
}

fn normalise(row: &mut [f32]) {
    let length = row.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt().max(1e-12);
    for value in row {
        *value = (f64::from(*value) / length) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first three bytes of each image of six.
    struct FirstPixel;

    impl Embedder for FirstPixel {
        fn embed(&self, pixels: &[u8], count: usize) -> Vec<f32> {
            assert_eq!(pixels.len(), 6 * count);
            pixels.chunks_exact(6).flat_map(|image| &image[..3]).map(|&x| f32::from(x)).collect()
        }
    }

    fn batch(numbers: &[usize], images: &[[u8; 6]]) -> Batch {
        (numbers.to_vec(), images.concat())
    }

    fn embed(images: Vec<Batch>, mirrored: Vec<Batch>) -> Embeddings {
        Embeddings::compute(&FirstPixel, images.into_iter(), mirrored.into_iter(), &Stop::default()).unwrap()
    }

    #[test]
    fn image_and_mirror_image_are_added_before_normalising() {
        // The first image's first pixel is (3, 0, 0), and that of its mirror image (0, 4, 0).
        let images = [[3, 0, 0, 0, 4, 0], [1, 0, 0, 1, 0, 0]];
        let mirrored = [[0, 4, 0, 3, 0, 0], [1, 0, 0, 1, 0, 0]];
        let found = embed(vec![batch(&[0, 1], &images)], vec![batch(&[0, 1], &mirrored)]);
        assert!((found.similarity(0, 1) - 0.6).abs() < 1e-6);
        assert!((found.similarity(0, 0) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn an_image_is_found_by_its_number_whichever_batch_it_was_in() {
        let (x, y) = ([1, 0, 0, 1, 0, 0], [0, 1, 0, 0, 1, 0]);
        let batches = || vec![batch(&[40, 7], &[x, y]), batch(&[9], &[x])];
        let found = embed(batches(), batches());
        assert_eq!((found.similarity(40, 9), found.similarity(7, 9)), (1.0, 0.0));
    }

    #[test]
    fn an_embedding_of_zeros_is_like_nothing() {
        let batches = || vec![batch(&[0, 1], &[[0; 6], [1; 6]])];
        assert_eq!(embed(batches(), batches()).similarity(0, 1), 0.0);
    }
}
