//! An image from farther away: brought down to fewer pixels, and up again.
//!
//! As Pillow's `resize` with `BILINEAR` and back: a triangle filter as wide as the reduction, then between neighbours.

use crate::resize::resize;

/// Leaves of an image of `size` × `size` pixels what `small` × `small` have of it.
pub fn lower_resolution(pixels: &mut [u8], size: u32, small: usize) {
    let fewer = resize(pixels.to_vec(), size as usize, small);
    pixels.copy_from_slice(&resize(fewer, small, size as usize));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_narrower_than_a_pixel_turn_grey() {
        let mut pixels: Vec<u8> = (0..32 * 32).flat_map(|place| [255 * (place % 2) as u8; 3]).collect();
        lower_resolution(&mut pixels, 32, 8);
        assert!(pixels.iter().all(|value| (110..=145).contains(value)), "{pixels:?}");
    }

    #[test]
    fn the_full_number_of_pixels_keeps_them() {
        let mut pixels: Vec<u8> = (0..3 * 64).collect();
        let before = pixels.clone();
        lower_resolution(&mut pixels, 8, 8);
        assert_eq!(pixels, before);
    }
}
