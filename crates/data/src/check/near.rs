//! Hashes that differ in few bits.
//!
//! Of 16 parts of 16 bits at least one is equal where at most 15 bits differ (Norouzi, Punjani and Fleet, Fast search in Hamming
//! space with multi-index hashing, CVPR 2012), so that only hashes with an equal part are compared. What is found is passed on and
//! not kept: of n photos of one wall there are n² / 2 pairs.

use std::collections::HashMap;

use super::hash::Hash;

/// Bits of 256 in which images that look the same differ at most.
const MOST_BITS: u32 = 15;
const PARTS: usize = 16;
/// Unequal hashes with one equal part, beyond which that part says nothing: of a white border, say.
const COMMON: usize = 2000;

/// Passes each two of `hashes`, which are unequal, to `found` if they are near: their places, the lower first, and the bits in which
/// they differ; perhaps several times. The places of hashes with a part that is too common to be looked at.
pub(super) fn each_near(hashes: &[Hash], mut found: impl FnMut(usize, usize, u32)) -> Vec<usize> {
    let mut passed_over = vec![false; hashes.len()];
    for part in 0..PARTS {
        let mut by_part: HashMap<u16, Vec<usize>> = HashMap::new();
        for (place, hash) in hashes.iter().enumerate() {
            by_part.entry((hash[part / 4] >> (16 * (part % 4))) as u16).or_default().push(place);
        }
        for places in by_part.values() {
            if places.len() > COMMON {
                for &place in places {
                    passed_over[place] = true;
                }
                continue;
            }
            for (nth, &a) in places.iter().enumerate() {
                for &b in &places[nth + 1..] {
                    let bits = differing(&hashes[a], &hashes[b]);
                    if bits <= MOST_BITS {
                        found(a, b, bits);
                    }
                }
            }
        }
    }
    (0..hashes.len()).filter(|&place| passed_over[place]).collect()
}

fn differing(a: &Hash, b: &Hash) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn random() -> impl FnMut() -> u64 {
        let mut state = 3_u64;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ (state >> 29)
        }
    }

    #[test]
    fn all_pairs_within_fifteen_bits_are_found_and_no_others() {
        let mut random = random();
        let mut hashes: Vec<Hash> = (0..60).map(|_| std::array::from_fn(|_| random())).collect();
        // Copies of the first twenty with 1, 2, … 20 bits turned.
        for turned in 0..20_usize {
            let mut copy = hashes[turned];
            (0..=turned).for_each(|bit| copy[bit % 4] ^= 1 << (3 * bit));
            hashes.push(copy);
        }
        let mut found = BTreeSet::new();
        let passed_over = each_near(&hashes, |a, b, bits| {
            found.insert((a, b, bits as usize));
        });
        let expected: BTreeSet<_> = (0..15).map(|place| (place, 60 + place, place + 1)).collect();
        assert_eq!((found, passed_over), (expected, Vec::new()));
    }

    #[test]
    fn hashes_with_a_part_that_very_many_share_are_named() {
        let mut random = random();
        // The lowest 16 bits are 0, as of images with a white edge.
        let hash = |random: &mut dyn FnMut() -> u64| [random() << 16, random(), random(), random()];
        let mut hashes: Vec<Hash> = (0..=COMMON).map(|_| hash(&mut random)).collect();
        hashes.push([u64::MAX; 4]);
        assert_eq!(each_near(&hashes, |_, _, _| ()), (0..=COMMON).collect::<Vec<_>>());
    }
}
