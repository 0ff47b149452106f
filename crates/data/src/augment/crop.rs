//! A square of the image, brought to the image's size.
//!
//! As torchvision's `RandomResizedCrop` with a ratio of 1, and where the square may lie beyond an edge as its `RandomCrop`
//! with `padding_mode="edge"`: whole pixels are cut, and brought to size as the decoder brings photos to theirs.

use crate::resize::resize;

/// Which square is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Side in pixels, at least 1.
    pub side: usize,
    /// Column and row of its first pixel; beyond the image the pixels at its edge go on.
    pub left_top: [isize; 2],
}

/// The pixels of `window` in an image of `size` × `size` pixels, at that size.
pub fn crop(pixels: &[u8], size: u32, window: Window) -> Vec<u8> {
    let size = size as usize;
    let Window { side, left_top: [left, top] } = window;
    let within = |first: isize, place: usize| (first + place as isize).clamp(0, size as isize - 1) as usize;
    let (all, _) = pixels.as_chunks::<3>();
    let mut square = Vec::with_capacity(3 * side * side);
    for row in 0..side {
        let row = &all[within(top, row) * size..][..size];
        square.extend((0..side).flat_map(|column| row[within(left, column)]));
    }
    resize(square, side, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red is the column, green the row.
    fn image(size: u8) -> Vec<u8> {
        (0..size).flat_map(|row| (0..size).flat_map(move |column| [column, row, 7])).collect()
    }

    #[test]
    fn a_window_of_the_whole_image_changes_nothing() {
        let all = Window { side: 8, left_top: [0, 0] };
        assert_eq!(crop(&image(8), 8, all), image(8));
    }

    #[test]
    fn a_shifted_window_repeats_the_edge() {
        let shifted = crop(&image(3), 3, Window { side: 3, left_top: [-1, 1] });
        let pixels: Vec<&[u8]> = shifted.chunks(3).map(|pixel| &pixel[..2]).collect();
        assert_eq!(pixels, [[0, 1], [0, 1], [1, 1], [0, 2], [0, 2], [1, 2], [0, 2], [0, 2], [1, 2]]);
    }

    #[test]
    fn a_window_of_one_pixel_fills_the_image() {
        assert_eq!(crop(&image(4), 4, Window { side: 1, left_top: [2, 3] }), [2, 3, 7].repeat(16));
    }
}
