//! Rows of a matrix that a step changes, where it leaves the others alone.

use super::BLOCK;

/// Which rows of a weight a step changes. Of the others neither the value nor what an optimiser remembers of it moves:
/// no momentum, no decay.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// Ascending, none twice.
    pub indices: &'a [u32],
    /// Numbers of a row.
    pub width: usize,
}

/// `values` in the pieces that tasks update: those rows, or blocks of all.
pub(super) fn pieces<'v>(values: &'v mut [f32], rows: Option<Rows<'_>>) -> Vec<&'v mut [f32]> {
    let Some(Rows { indices, width }) = rows else { return values.chunks_mut(BLOCK).collect() };
    let (mut rest, mut next) = (values, 0);
    let row = |&index: &u32| {
        let skipped = (index as usize - next) * width;
        let (row, after) = std::mem::take(&mut rest)[skipped..].split_at_mut(width);
        (rest, next) = (after, index as usize + 1);
        row
    };
    indices.iter().map(row).collect()
}

/// Numbers of a piece, the last one perhaps excepted.
pub(super) fn piece_len(rows: Option<Rows<'_>>) -> usize {
    rows.map_or(BLOCK, |rows| rows.width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_rows_asked_for() {
        let mut values = [0.0, 0.1, 1.0, 1.1, 2.0, 2.1, 3.0, 3.1];
        let found = pieces(&mut values, Some(Rows { indices: &[0, 2, 3], width: 2 }));
        assert_eq!(found, [[0.0, 0.1], [2.0, 2.1], [3.0, 3.1]]);
    }
}
