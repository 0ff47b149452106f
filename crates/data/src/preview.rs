//! What training sees of a few images, as one picture.

use arclab_spec::config::DataConfig;
use image::{ExtendedColorType, ImageEncoder as _, codecs::png::PngEncoder};

use crate::{augment::Chance, prepare::Prepared};

/// Pixels between images.
const GAP: usize = 2;

/// Training images, evenly spread, and how they are changed.
#[derive(Debug, Clone, Copy)]
pub struct Preview {
    /// Images, a row each.
    pub images: usize,
    /// Epochs, a column each, behind the image as it is.
    pub epochs: usize,
    /// Seed of the training.
    pub seed: u64,
}

impl Preview {
    /// A PNG file: a row an image, first as it is and then as the first epochs show it.
    pub fn png(&self, data: &DataConfig, prepared: &Prepared) -> Vec<u8> {
        let size = prepared.images.size() as usize;
        let rows = self.images.min(prepared.train.len());
        let side = |count: usize| count * (size + GAP) + GAP;
        let (width, height) = (side(self.epochs + 1), side(rows));
        let mut sheet = vec![255; 3 * width * height];
        let chance = Chance { augment: data.augment, colour: data.colour, seed: self.seed };
        for row in 0..rows {
            let place = row * prepared.train.len() / rows;
            let plain = prepared.images.pixels(prepared.train[place].image);
            for column in 0..=self.epochs {
                let mut pixels = plain.to_vec();
                if let Some(epoch) = column.checked_sub(1) {
                    let drawn = chance.draw(epoch as u32, place as u64, size as u32);
                    drawn.begin(&mut pixels, size as u32).apply(&mut pixels, size as u32);
                }
                let corner = 3 * (width * (side(row)) + side(column));
                for (line, pixels) in pixels.chunks_exact(3 * size).enumerate() {
                    sheet[corner + 3 * width * line..][..3 * size].copy_from_slice(pixels);
                }
            }
        }
        let mut file = Vec::new();
        PngEncoder::new(&mut file)
            .write_image(&sheet, width as u32, height as u32, ExtendedColorType::Rgb8)
            .expect("memory takes every image that has as many bytes as pixels");
        file
    }
}
