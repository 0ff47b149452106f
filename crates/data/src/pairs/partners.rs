//! All pairs of one kind, numbered without being listed.

/// Pairs (i, j), i < j, in which each i has its partners at consecutive places.
#[derive(Debug)]
pub(super) struct Partners {
    /// Per i: pairs of all smaller i, and its first partner.
    rows: Vec<(u64, usize)>,
    total: u64,
}

impl Partners {
    /// `ranges` gives, per i, where its partners begin and end.
    pub(super) fn new(ranges: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut total = 0;
        let rows = ranges
            .map(|(start, end)| {
                let before = total;
                total += (end - start) as u64;
                (before, start)
            })
            .collect();
        Self { rows, total }
    }

    /// Number of pairs.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The pair with this number.
    pub(super) fn pair(&self, number: u64) -> (usize, usize) {
        // Rows without partners begin where the next row does, so the last row that begins here or before has it.
        let row = self.rows.partition_point(|(before, _)| *before <= number) - 1;
        let (before, first) = self.rows[row];
        (row, first + (number - before) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_give_each_pair_once() {
        // Two groups of 2 and 3: different pairs, then all pairs of three.
        let different = Partners::new([(2, 5), (2, 5), (5, 5), (5, 5), (5, 5)].into_iter());
        let pairs: Vec<_> = (0..different.total()).map(|number| different.pair(number)).collect();
        assert_eq!(pairs, [(0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4)]);
        let all = Partners::new((0..3).map(|i| (i + 1, 3)));
        assert_eq!(
            (0..all.total()).map(|number| all.pair(number)).collect::<Vec<_>>(),
            [(0, 1), (0, 2), (1, 2)]
        );
    }
}
