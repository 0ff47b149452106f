//! Embeddings for verification: image and mirror image, added and normalised.

use std::collections::BTreeMap;

use crate::run::Stop;

/// Images that go through the network at once; fixed, so that the numbers do not depend on who asks.
const BATCH: usize = 32;

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

impl Embeddings {
    /// Embeds each of `images` once. `pixels` gives an image's H×W×3 bytes, `size` on a side.
    pub(crate) fn compute<'p>(
        embedder: &impl Embedder,
        size: usize,
        images: impl IntoIterator<Item = usize>,
        pixels: impl Fn(usize) -> std::borrow::Cow<'p, [u8]>,
        stop: &Stop,
    ) -> Result<Self, Stopped> {
        let mut place: BTreeMap<usize, usize> = images.into_iter().map(|image| (image, 0)).collect();
        let distinct: Vec<usize> = place.keys().copied().collect();
        for (row, slot) in place.values_mut().enumerate() {
            *slot = row;
        }
        let mut rows = Vec::new();
        for batch in distinct.chunks(BATCH) {
            if stop.is_asked() {
                return Err(Stopped);
            }
            let bytes: Vec<u8> = batch.iter().flat_map(|&image| pixels(image).into_owned()).collect();
            rows.extend(with_mirror(embedder, &bytes, batch.len(), size));
        }
        let width = rows.len() / distinct.len().max(1);
        rows.chunks_exact_mut(width.max(1)).for_each(normalise);
        Ok(Self { place, rows, width })
    }

    /// Cosine similarity of two images that were embedded.
    pub(crate) fn similarity(&self, a: usize, b: usize) -> f32 {
        let products = self.row(a).iter().zip(self.row(b)).map(|(a, b)| f64::from(*a) * f64::from(*b));
        products.sum::<f64>() as f32
    }

    fn row(&self, image: usize) -> &[f32] {
        &self.rows[self.place[&image] * self.width..][..self.width]
    }
}

/// The unnormalised sum, as InsightFace takes it.
fn with_mirror(embedder: &impl Embedder, pixels: &[u8], count: usize, size: usize) -> Vec<f32> {
    let mut sums = embedder.embed(pixels, count);
    let mirrored = embedder.embed(&mirror(pixels, size), count);
    for (sum, other) in sums.iter_mut().zip(mirrored) {
        *sum += other;
    }
    sums
}

/// Images with each row's pixels in reverse.
fn mirror(pixels: &[u8], size: usize) -> Vec<u8> {
    pixels.chunks_exact(3 * size).flat_map(|row| row.chunks_exact(3).rev().flatten().copied()).collect()
}

fn normalise(row: &mut [f32]) {
    let length = row.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt().max(1e-12);
    for value in row {
        *value = (f64::from(*value) / length) as f32;
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    /// The first pixel's three channels, and how many images were asked for.
    struct FirstPixel {
        size: usize,
        embedded: std::cell::Cell<usize>,
    }

    impl Embedder for FirstPixel {
        fn embed(&self, pixels: &[u8], count: usize) -> Vec<f32> {
            self.embedded.set(self.embedded.get() + count);
            pixels
                .chunks_exact(3 * self.size * self.size)
                .flat_map(|image| &image[..3])
                .map(|&x| f32::from(x))
                .collect()
        }
    }

    fn embedder(size: usize) -> FirstPixel {
        FirstPixel { size, embedded: 0.into() }
    }

    #[test]
    fn a_mirror_image_swaps_left_and_right_and_keeps_colours() {
        let pixels = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        assert_eq!(mirror(&pixels, 2), [4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9]);
    }

    #[test]
    fn image_and_mirror_image_are_added_before_normalising() {
        // One row of two pixels, twice: the first pixel of the image is (3, 0, 0), that of its mirror (0, 4, 0).
        let image = [3, 0, 0, 0, 4, 0, 3, 0, 0, 0, 4, 0];
        let axis = [1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0];
        let pixels = |index| Cow::Owned(if index == 0 { image } else { axis }.to_vec());
        let found = Embeddings::compute(&embedder(2), 2, [0, 1], pixels, &Stop::default()).unwrap();
        assert!((found.similarity(0, 1) - 0.6).abs() < 1e-6);
        assert!((found.similarity(0, 0) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn each_distinct_image_is_embedded_once() {
        let embedder = embedder(1);
        let pixels = |index: usize| Cow::Owned(vec![index as u8 + 1, 1, 1]);
        let images = (0..50).chain(10..60).chain([3, 3]);
        let found = Embeddings::compute(&embedder, 1, images, pixels, &Stop::default()).unwrap();
        // Image and mirror image of sixty.
        assert_eq!(embedder.embedded.get(), 120);
        let cosine = (2.0 * 3.0 + 2.0) / (6.0_f32.sqrt() * 11.0_f32.sqrt());
        assert!((found.similarity(1, 2) - cosine).abs() < 1e-6);
    }

    #[test]
    fn an_embedding_of_zeros_is_like_nothing() {
        let pixels = |index: usize| Cow::Owned(vec![index as u8; 3]);
        let found = Embeddings::compute(&embedder(1), 1, [0, 1], pixels, &Stop::default()).unwrap();
        assert_eq!(found.similarity(0, 1), 0.0);
    }
}
