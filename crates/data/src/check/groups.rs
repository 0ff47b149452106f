//! What belongs together by any chain of pairs, without keeping the pairs (disjoint sets).

/// Numbers in groups, at first each in its own.
#[derive(Debug)]
pub(super) struct Groups {
    parents: Vec<usize>,
    /// Of a group's root: the fewest bits between two of it.
    bits: Vec<u32>,
}

impl Groups {
    pub(super) fn new(count: usize) -> Self {
        Self { parents: (0..count).collect(), bits: vec![u32::MAX; count] }
    }

    /// The number by which its group is known: the lowest in it.
    pub(super) fn root(&mut self, mut number: usize) -> usize {
        while self.parents[number] != number {
            self.parents[number] = self.parents[self.parents[number]];
            number = self.parents[number];
        }
        number
    }

    /// A number that stands for several is joined with itself.
    pub(super) fn join(&mut self, a: usize, b: usize, bits: u32) {
        let (a, b) = (self.root(a), self.root(b));
        let (low, high) = (a.min(b), a.max(b));
        self.parents[high] = low;
        self.bits[low] = bits.min(self.bits[low]).min(self.bits[high]);
    }

    /// The fewest bits between two of the group of `root`.
    pub(super) fn bits(&self, root: usize) -> u32 {
        self.bits[root]
    }
}

#[cfg(test)]
mod tests {
    use super::Groups;

    #[test]
    fn a_chain_is_one_group_with_the_fewest_bits_of_its_links() {
        let mut groups = Groups::new(6);
        groups.join(4, 5, 9);
        groups.join(1, 2, 7);
        groups.join(2, 4, 12);
        groups.join(0, 0, 3);
        let roots: Vec<usize> = (0..6).map(|number| groups.root(number)).collect();
        assert_eq!(roots, [0, 1, 1, 3, 1, 1]);
        assert_eq!((groups.bits(0), groups.bits(1)), (3, 7));
    }
}
