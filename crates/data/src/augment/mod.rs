//! Changes to the bytes of one image. All work in place on H × W × 3 bytes.

mod blur;
mod brightness;
mod chance;
mod change;
mod colour;
mod contrast;
mod crop;
mod cutout;
mod jpeg;
mod low_resolution;
mod temperature;

pub use self::blur::blur;
pub use self::brightness::brightness;
pub(crate) use self::chance::Chance;
pub use self::change::Change;
pub use self::colour::to_grey;
pub use self::contrast::contrast;
pub use self::crop::{Window, crop};
pub use self::cutout::{Hole, cut_out};
pub use self::jpeg::through_jpeg;
pub use self::low_resolution::lower_resolution;
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
