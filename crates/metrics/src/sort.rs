//! Sorting many scores.
//!
//! A radix sort (Seward 1954; Knuth, The Art of Computer Programming 3, 5.2.5): float32 have 32 bits, so that three passes of 11
//! put any number of them in order, where comparisons take log₂ n. Bits are ordered as [`f32::total_cmp`] orders floats.

/// Below so many, comparing is faster than counting.
const WORTH_COUNTING: usize = 1 << 12;
const DIGIT_BITS: u32 = 11;
const DIGITS: usize = 1 << DIGIT_BITS;

/// Sorts by [`f32::total_cmp`], the highest first.
pub(crate) fn sort_highest_first(scores: &mut [f32]) {
    if scores.len() < WORTH_COUNTING {
        scores.sort_unstable_by(|a, b| b.total_cmp(a));
        return;
    }
    let mut keys: Vec<u32> = scores.iter().map(|score| key(*score)).collect();
    let mut counts = vec![[0_u32; DIGITS]; 3];
    for &key in &keys {
        for (pass, counts) in counts.iter_mut().enumerate() {
            counts[digit(key, pass)] += 1;
        }
    }
    let mut sorted = vec![0; keys.len()];
    for (pass, counts) in counts.iter().enumerate() {
        // Where all have one digit, as in the highest bits of scores close together, there is nothing to move.
        if counts.iter().any(|&count| count as usize == keys.len()) {
            continue;
        }
        scatter(&keys, &mut sorted, counts, pass);
        std::mem::swap(&mut keys, &mut sorted);
    }
    for (score, key) in scores.iter_mut().zip(keys) {
        *score = value(key);
    }
}

/// Moves each key to its place by one digit, keeping the order of equals.
fn scatter(keys: &[u32], sorted: &mut [u32], counts: &[u32; DIGITS], pass: usize) {
    let mut next = [0_u32; DIGITS];
    let mut before = 0;
    for (next, count) in next.iter_mut().zip(counts) {
        *next = before;
        before += count;
    }
    for &key in keys {
        let next = &mut next[digit(key, pass)];
        sorted[*next as usize] = key;
        *next += 1;
    }
}

fn digit(key: u32, pass: usize) -> usize {
    (key >> (DIGIT_BITS * pass as u32)) as usize % DIGITS
}

/// Smaller for a higher score: floats have the order of their bits, negative ones the reverse.
fn key(score: f32) -> u32 {
    let bits = score.to_bits();
    if bits >> 31 == 0 { !(bits | 1 << 31) } else { bits }
}

fn value(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 0 { !key & !(1 << 31) } else { key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_floats_come_into_the_order_that_comparing_gives() {
        let mut state = 1_u64;
        let mut bits = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 32) as u32
        };
        for count in [0, 1, 7, WORTH_COUNTING, 3 * WORTH_COUNTING + 5] {
            // All bit patterns, and scores close together with ties and zeros of both signs.
            let wild: Vec<f32> = (0..count).map(|_| f32::from_bits(bits())).collect();
            let close: Vec<f32> = (0..count).map(|_| (bits() % 50) as f32 / 100.0 - 0.25).collect();
            let zeros: Vec<f32> = (0..count).map(|place| if place % 3 == 0 { -0.0 } else { 0.0 }).collect();
            for scores in [wild, close, zeros] {
                let (mut sorted, mut expected) = (scores.clone(), scores);
                sort_highest_first(&mut sorted);
                expected.sort_unstable_by(|a, b| b.total_cmp(a));
                let bits = |scores: &[f32]| scores.iter().map(|score| score.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&sorted), bits(&expected));
            }
        }
    }
}
