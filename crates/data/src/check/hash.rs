//! A perceptual hash: whether it becomes brighter from left to right, at 16 × 16 places (the difference hash that Krawetz
//! described in Kind of like that, 2013, of 8 × 8).
//!
//! Another size, another quality of a JPEG or another brightness changes few of its bits; another photo about half of them, and
//! another photo of an aligned face fewer, since faces have their shadows in common.

use crate::measure::luma;

/// Places in a row and in a column.
const PLACES: usize = 16;

/// 256 bits.
pub(super) type Hash = [u64; 4];

/// Of an image of `size` × `size` pixels: H × W × 3 bytes.
pub(super) fn difference_hash(pixels: &[u8], size: u32) -> Hash {
    let size = size as usize;
    let (pixels, _) = pixels.as_chunks::<3>();
    let means = means(pixels, size);
    let mut hash = [0; 4];
    for row in 0..PLACES {
        for column in 0..PLACES {
            let (left, right) = (means[row * (PLACES + 1) + column], means[row * (PLACES + 1) + column + 1]);
            let bit = row * PLACES + column;
            hash[bit / 64] |= u64::from(right > left) << (bit % 64);
        }
    }
    hash
}

/// The mean luma of 16 rows of 17 blocks.
fn means(pixels: &[[u8; 3]], size: usize) -> Vec<f64> {
    let bounds = |block: usize, of: usize| {
        let from = block * size / of;
        from..((block + 1) * size / of).max(from + 1)
    };
    let mean = |row: usize, column: usize| {
        let (rows, columns) = (bounds(row, PLACES), bounds(column, PLACES + 1));
        let count = (rows.len() * columns.len()) as f64;
        let all = rows.flat_map(|y| columns.clone().map(move |x| y * size + x));
        all.map(|place| luma(pixels[place])).sum::<f64>() / count
    };
    (0..PLACES).flat_map(|row| (0..=PLACES).map(move |column| mean(row, column))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(value: impl Fn(usize, usize) -> u8) -> Vec<u8> {
        (0..64 * 64).flat_map(|place| [value(place % 64, place / 64); 3]).collect()
    }

    #[test]
    fn what_brightens_to_the_right_has_all_bits_and_its_mirror_image_none() {
        let right = difference_hash(&image(|x, _| 3 * x as u8), 64);
        let left = difference_hash(&image(|x, _| 3 * (63 - x) as u8), 64);
        assert_eq!((right, left), ([u64::MAX; 4], [0; 4]));
    }

    #[test]
    fn a_darker_copy_has_the_same_bits() {
        let pattern = |x: usize, y: usize| (x * x + 7 * y * x + 3 * y) % 200;
        let bright = difference_hash(&image(|x, y| (pattern(x, y) + 40) as u8), 64);
        let dark = difference_hash(&image(|x, y| pattern(x, y) as u8), 64);
        assert_eq!(bright, dark);
    }
}
