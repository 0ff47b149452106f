//! Counter-based randomness: a draw is a function of (seed, purpose, epoch, index), so any batch of any epoch can be
//! made without the ones before it.

use std::collections::BTreeSet;

/// What numbers are drawn for; purposes share no numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Order of the training images in an epoch.
    Order = 1,
    /// Whether an image is flipped.
    Flip = 2,
    /// Whether an image turns grey.
    Grey = 3,
    /// Whether an image gets another colour temperature.
    Temperature = 4,
    /// Which colour temperature it gets.
    Kelvin = 5,
    /// Identities of the open set.
    OpenIdentities = 6,
    /// Images of the closed set.
    ClosedImages = 7,
    /// Images that validate.
    ValidationImages = 8,
    /// Pairs from the validation images.
    ValidationPairs = 9,
    /// Pairs from the closed set.
    ClosedPairs = 10,
    /// Pairs from the open set.
    OpenPairs = 11,
    /// Class of a training image that carries a wrong label.
    WrongClass = 12,
    /// Order of the identities in a round.
    Identities = 13,
    /// Order of an identity's training images in a cycle.
    ImagesOfIdentity = 14,
    /// Folds of the training images in an audit.
    Folds = 15,
    /// Whether an image is cropped, to which side and where.
    Crop = 32,
    /// Whether an image gets another brightness, and which.
    Brightness = 33,
    /// Whether an image gets another contrast, and which.
    Contrast = 34,
    /// Whether an image is blurred, and how much.
    Blur = 35,
    /// Whether an image loses resolution, and how much.
    LowResolution = 36,
    /// Whether an image has been a JPEG, and of which quality.
    JpegQuality = 37,
    /// Whether a square is painted over, how large and where.
    Cutout = 38,
}

/// The numbers of one purpose in one epoch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draws {
    key: u64,
}

/// 2^64 divided by the golden ratio: the step of `SplitMix64`'s counter.
pub(crate) const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of `SplitMix64` (Steele, Lea and Flood 2014, with Stafford's constants).
pub(crate) fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

impl Draws {
    /// The numbers of `purpose` that do not change from epoch to epoch.
    pub(crate) fn new(seed: u64, purpose: Purpose) -> Self {
        Self { key: mix(mix(seed.wrapping_add(GOLDEN)) ^ mix(purpose as u64)) }
    }

    /// The numbers of `purpose` in `epoch`.
    pub(crate) fn in_epoch(seed: u64, purpose: Purpose, epoch: u32) -> Self {
        Self::new(seed, purpose).stream(u64::from(epoch))
    }

    /// A stream of its own under this one.
    pub(crate) fn stream(self, index: u64) -> Self {
        Self { key: mix(self.key ^ mix(index.wrapping_mul(GOLDEN).wrapping_add(!GOLDEN))) }
    }

    /// 64 random bits.
    pub(crate) fn bits(self, index: u64) -> u64 {
        mix(self.key.wrapping_add(index.wrapping_add(1).wrapping_mul(GOLDEN)))
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(self, index: u64) -> f64 {
        (self.bits(index) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in 0 … `count` - 1; 0 where `count` is 0.
    pub(crate) fn below(self, index: u64, count: u64) -> u64 {
        ((u128::from(self.bits(index)) * u128::from(count)) >> 64) as u64
    }

    /// The numbers 0 … `count` - 1 in random order.
    pub(crate) fn permutation(self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_cached_key(|&index| (self.bits(index as u64), index));
        order
    }

    /// `items` in random order.
    pub(crate) fn shuffled<T: Copy>(self, items: &[T]) -> Vec<T> {
        self.permutation(items.len()).into_iter().map(|index| items[index]).collect()
    }

    /// `count` different numbers below `total`, in ascending order: Floyd's algorithm, whose cost does not grow with
    /// `total`. All of them where `count` is at least `total`.
    pub(crate) fn distinct(self, count: u64, total: u64) -> BTreeSet<u64> {
        let mut chosen = BTreeSet::new();
        for last in total.saturating_sub(count)..total {
            let drawn = self.below(last, last + 1);
            chosen.insert(if chosen.contains(&drawn) { last } else { drawn });
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_seed_purpose_epoch_and_index_alone() {
        let draw = Draws::in_epoch(7, Purpose::Flip, 2).bits(3);
        assert_eq!(draw, Draws::in_epoch(7, Purpose::Flip, 2).bits(3));
        for other in [
            Draws::in_epoch(8, Purpose::Flip, 2).bits(3),
            Draws::in_epoch(7, Purpose::Grey, 2).bits(3),
            Draws::in_epoch(7, Purpose::Flip, 3).bits(3),
            Draws::in_epoch(7, Purpose::Flip, 2).bits(4),
        ] {
            assert_ne!(draw, other);
        }
    }

    #[test]
    fn a_permutation_holds_each_number_once() {
        let mut order = Draws::new(1, Purpose::Order).permutation(1000);
        assert_ne!(order, (0..1000).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn distinct_numbers_are_as_many_as_asked_and_below_the_total() {
        for (count, total) in [(0, 5), (3, 5), (5, 5), (10, 1 << 40)] {
            let chosen = Draws::new(3, Purpose::OpenPairs).distinct(count, total);
            assert_eq!(chosen.len() as u64, count);
            assert!(chosen.iter().all(|&number| number < total));
        }
    }

    #[test]
    fn every_number_is_chosen_equally_often() {
        let mut counts = [0_i32; 6];
        for seed in 0..6000 {
            for number in Draws::new(seed, Purpose::ClosedPairs).distinct(2, 6) {
                counts[number as usize] += 1;
            }
        }
        // Five standard deviations of a binomial of 6,000 at one third.
        assert!(counts.iter().all(|count| (count - 2000).abs() < 183), "{counts:?}");
    }
}
