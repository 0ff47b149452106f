//! How a batch is cut into pieces of work: several small images, or a band of rows of a large one.
//!
//! The cut depends on shapes alone, never on the number of threads, so that sums over pieces do not either.

use crate::backend::MapShape;

/// Images `image..image + images`, of each the rows `row..row + rows`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) image: usize,
    pub(super) images: usize,
    pub(super) row: usize,
    pub(super) rows: usize,
}

/// How large pieces are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    /// Images in a piece; more than 1 only if `rows` are all rows.
    pub(super) images: usize,
    /// Rows in a piece.
    pub(super) rows: usize,
}

/// Fewest pieces to aim at, so that threads have something to share.
const PIECES: usize = 8;

impl Cut {
    /// Pieces of maps of `shape` such that `row_len` numbers a row stay within `budget`. Bands of rows begin at
    /// multiples of `step`.
    pub(super) fn new(shape: MapShape, row_len: usize, budget: usize, step: usize) -> Self {
        let image_len = row_len * shape.height;
        if image_len > budget {
            let rows = (budget / row_len / step * step).clamp(step, shape.height.max(step));
            return Self { images: 1, rows: rows.min(shape.height) };
        }
        let images = (budget / image_len).min(shape.count.div_ceil(PIECES)).max(1);
        Self { images, rows: shape.height }
    }

    /// The pieces, in the order of memory.
    pub(super) fn pieces(self, shape: MapShape) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for image in (0..shape.count).step_by(self.images) {
            for row in (0..shape.height).step_by(self.rows) {
                let images = self.images.min(shape.count - image);
                pieces.push(Piece { image, images, row, rows: self.rows.min(shape.height - row) });
            }
        }
        pieces
    }
}

impl Piece {
    /// Where the piece begins and ends in maps of `shape`.
    pub(super) fn range(self, shape: MapShape) -> std::ops::Range<usize> {
        let row_len = shape.width * shape.channels;
        let start = self.image * shape.image_len() + self.row * row_len;
        start..start + self.images * self.rows * row_len
    }
}

/// The parts of `data` that belong to each of `pieces`, which cover it in order.
pub(super) fn split<'a>(
    mut data: &'a mut [f32],
    pieces: &[Piece],
    shape: MapShape,
) -> Vec<(Piece, &'a mut [f32])> {
    let mut parts = Vec::with_capacity(pieces.len());
    for &piece in pieces {
        let (part, rest) = data.split_at_mut(piece.range(shape).len());
        parts.push((piece, part));
        data = rest;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(count: usize, height: usize) -> MapShape {
        MapShape { count, height, width: 5, channels: 3 }
    }

    #[test]
    fn pieces_cover_the_maps_once_and_in_order() {
        for (count, height, budget, step) in [(1, 7, 40, 2), (9, 4, 1000, 1), (64, 2, 90, 2), (3, 1, 1, 1)] {
            let shape = shape(count, height);
            let pieces = Cut::new(shape, 15, budget, step).pieces(shape);
            let mut end = 0;
            for piece in pieces {
                let range = piece.range(shape);
                assert_eq!(range.start, end, "{piece:?}");
                assert_eq!(piece.row % step, 0, "{piece:?}");
                end = range.end;
            }
            assert_eq!(end, shape.len());
        }
    }

    #[test]
    fn small_images_are_taken_together_and_large_ones_are_cut() {
        assert_eq!(Cut::new(shape(64, 4), 15, 300, 1), Cut { images: 5, rows: 4 });
        assert_eq!(Cut::new(shape(64, 40), 15, 300, 1), Cut { images: 1, rows: 20 });
        // Fewer images than would fit, so that there are eight pieces.
        assert_eq!(Cut::new(shape(16, 4), 15, 3000, 1), Cut { images: 2, rows: 4 });
    }
}
