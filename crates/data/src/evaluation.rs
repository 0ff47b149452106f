//! Images for embedding: in order, all of them, unchanged but for the colour treatment.

use arclab_spec::config::ColourMode;

use crate::{augment::flip, images::Images};

/// Batches of images, the last of which may be smaller.
#[derive(Debug, Clone)]
pub struct EvaluationBatches {
    images: Images,
    numbers: Vec<usize>,
    batch: usize,
    colour: ColourMode,
    mirrored: bool,
    next: usize,
}

impl EvaluationBatches {
    /// The images with these `numbers`, up to `batch` at a time (at least one), mirrored if asked.
    pub fn new(
        images: &Images,
        numbers: impl IntoIterator<Item = usize>,
        batch: usize,
        colour: ColourMode,
        mirrored: bool,
    ) -> Self {
        let numbers = numbers.into_iter().collect();
        Self { images: images.clone(), numbers, batch: batch.max(1), colour, mirrored, next: 0 }
    }

    fn pixels(&self, image: usize) -> Vec<u8> {
        let mut pixels = self.images.pixels_in(image, self.colour).into_owned();
        if self.mirrored {
            flip(&mut pixels, self.images.size());
        }
        pixels
    }
}

impl Iterator for EvaluationBatches {
    /// Numbers of the images, and their N × H × W × 3 bytes.
    type Item = (Vec<usize>, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        let end = self.numbers.len().min(self.next + self.batch);
        let numbers = self.numbers[self.next..end].to_vec();
        self.next = end;
        let pixels = numbers.iter().flat_map(|&image| self.pixels(image)).collect();
        (!numbers.is_empty()).then_some((numbers, pixels))
    }
}
