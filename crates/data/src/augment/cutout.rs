//! A grey square over a random place (`DeVries` and Taylor 2017, arXiv:1708.04552).
//!
//! Its centre may be any pixel, so that at the edges a part of it is seen. The grey is the network's 0, rounded.

/// Half of 255, which networks take for 0.
const GREY: u8 = 128;

/// Which square is painted over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// Side in pixels.
    pub side: usize,
    /// Column and row of the pixel in its middle; of an even side, right and below it.
    pub centre: [usize; 2],
}

/// Paints a square of an image of `size` × `size` pixels over.
pub fn cut_out(pixels: &mut [u8], size: u32, hole: Hole) {
    let size = size as usize;
    let [columns, rows] = hole.centre.map(|centre| {
        let first = centre as isize - (hole.side / 2) as isize;
        let within = |place: isize| place.clamp(0, size as isize) as usize;
        within(first)..within(first + hole.side as isize)
    });
    for row in rows {
        pixels[3 * size * row..][3 * columns.start..3 * columns.end].fill(GREY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(hole: Hole) -> Vec<usize> {
        let mut pixels = [0; 3 * 16];
        cut_out(&mut pixels, 4, hole);
        pixels
            .chunks(3)
            .enumerate()
            .filter(|(_, pixel)| **pixel == [GREY; 3])
            .map(|(place, _)| place)
            .collect()
    }

    #[test]
    fn a_square_is_painted_and_all_else_is_left() {
        assert_eq!(painted(Hole { side: 2, centre: [2, 1] }), [1, 2, 5, 6]);
        assert_eq!(painted(Hole { side: 3, centre: [1, 2] }), [4, 5, 6, 8, 9, 10, 12, 13, 14]);
    }

    #[test]
    fn at_an_edge_a_part_of_it_is_seen() {
        assert_eq!(painted(Hole { side: 3, centre: [0, 0] }), [0, 1, 4, 5]);
        assert_eq!(painted(Hole { side: 2, centre: [3, 3] }), [10, 11, 14, 15]);
        assert!(painted(Hole { side: 0, centre: [1, 1] }).is_empty());
    }
}
