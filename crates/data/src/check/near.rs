//! Pairs of hashes that differ in few bits.
//!
//! Of 16 parts of 16 bits at least one is equal where at most 15 bits differ (Norouzi, Punjani and Fleet, Fast search in Hamming
//! space with multi-index hashing, CVPR 2012), so that only hashes with an equal part are compared.

use std::collections::{BTreeSet, HashMap};

use super::hash::Hash;

/// Bits of 256 in which images that look the same differ at most.
const MOST_BITS: u32 = 15;
const PARTS: usize = 16;
/// Images with one equal part, beyond which that part says nothing: of a white border, say.
const COMMON: usize = 2000;

/// Two images that look the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NearPair {
    /// Bits of 256 in which their hashes differ.
    pub(super) bits: u32,
    /// One of them.
    pub(super) a: usize,
    /// The other, with a higher number.
    pub(super) b: usize,
}

/// All such pairs, the most alike first.
pub(super) fn pairs(hashes: &[Hash]) -> Vec<NearPair> {
    let mut found = BTreeSet::new();
    for part in 0..PARTS {
        let mut by_part: HashMap<u16, Vec<usize>> = HashMap::new();
        for (image, hash) in hashes.iter().enumerate() {
            by_part.entry((hash[part / 4] >> (16 * (part % 4))) as u16).or_default().push(image);
        }
        for images in by_part.values().filter(|images| images.len() <= COMMON) {
            for (place, &a) in images.iter().enumerate() {
                for &b in &images[place + 1..] {
                    let bits = differing(&hashes[a], &hashes[b]);
                    if bits <= MOST_BITS {
                        found.insert(NearPair { bits, a, b });
                    }
                }
            }
        }
    }
    found.into_iter().collect()
}

fn differing(a: &Hash, b: &Hash) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_pairs_within_fifteen_bits_are_found_and_no_others() {
        let mut state = 3_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ (state >> 29)
        };
        let mut hashes: Vec<Hash> = (0..60).map(|_| std::array::from_fn(|_| random())).collect();
        // Copies of the first twenty with 0, 1, … 19 bits turned.
        for turned in 0..20_usize {
            let mut copy = hashes[turned];
            (0..turned).for_each(|bit| copy[bit % 4] ^= 1 << (3 * bit));
            hashes.push(copy);
        }
        let expected: Vec<NearPair> =
            (0..=15).map(|bits| NearPair { bits: bits as u32, a: bits, b: 60 + bits }).collect();
        assert_eq!(pairs(&hashes), expected);
    }
}
