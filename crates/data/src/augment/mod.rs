//! Changes to the bytes of one image. All work in place on H × W × 3 bytes.

mod change;
mod colour;
mod temperature;

pub use self::change::Change;
pub use self::colour::to_grey;
pub use self::temperature::{Tables, gains, relight, tables, warm_or_cool};
pub(crate) use self::temperature::{chromaticity, draw_kelvin};

/// Turns each row of an image of `size` × `size` pixels around.
pub fn flip(pixels: &mut [u8], size: u32) {
    for row in pixels.chunks_exact_mut(3 * size as usize) {
        let (pixels, _) = row.as_chunks_mut::<3>();
        pixels.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flip_swaps_left_and_right_and_keeps_colours() {
        let mut pixels = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        flip(&mut pixels, 2);
        assert_eq!(pixels, [4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9]);
    }
}
