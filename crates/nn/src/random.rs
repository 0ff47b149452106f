//! Counter-based random numbers: every draw is a function of (seed, purpose, index).
//!
//! Nothing is advanced and nothing needs saving, so a resumed run draws what an undisturbed one would have drawn,
//! in any order and on any number of threads.

use std::f64::consts::TAU;

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The numbers of one purpose under one seed, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Random {
    key: u64,
}

impl Random {
    /// The numbers of `purpose` (a parameter's name, say) under `seed`.
    pub fn new(seed: u64, purpose: &str) -> Self {
        // Mixed twice, so that seeds that differ by one bit share nothing with a neighbouring purpose.
        Self { key: mix(mix(seed.wrapping_add(GOLDEN)) ^ fnv1a(purpose)) }
    }

    /// What all of them are made from, for devices that draw by themselves.
    pub(crate) fn key(self) -> u64 {
        self.key
    }

    /// 64 random bits.
    pub fn bits(self, index: u64) -> u64 {
        mix(self.key.wrapping_add(index.wrapping_add(1).wrapping_mul(GOLDEN)))
    }

    /// Uniform in [0, 1).
    pub fn uniform(self, index: u64) -> f64 {
        (self.bits(index) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal, by Box and Muller from the draws `2 index` and `2 index + 1`.
    pub fn normal(self, index: u64) -> f64 {
        let (first, second) = (self.uniform(2 * index), self.uniform(2 * index + 1));
        // 1 - u is in (0, 1], where the logarithm is finite.
        (-2.0 * (1.0 - first).ln()).sqrt() * (TAU * second).cos()
    }

    /// `count` draws of N(0, deviation²).
    pub fn normals(self, count: usize, deviation: f64) -> Vec<f32> {
        (0..count as u64).map(|index| (self.normal(index) * deviation) as f32).collect()
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood 2014, with Stafford's constants).
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// FNV-1a, 64 bits.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_seed_purpose_and_index_alone() {
        let draw = Random::new(7, "centres").bits(3);
        assert_eq!(draw, Random::new(7, "centres").bits(3));
        assert_ne!(draw, Random::new(8, "centres").bits(3));
        assert_ne!(draw, Random::new(7, "weights").bits(3));
        assert_ne!(draw, Random::new(7, "centres").bits(4));
    }

    #[test]
    fn normals_have_the_mean_and_deviation_asked_for() {
        let count = 100_000;
        let draws = Random::new(1, "test").normals(count, 0.01);
        let mean = draws.iter().map(|&x| f64::from(x)).sum::<f64>() / count as f64;
        let variance = draws.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count as f64;
        // Four standard errors: 0.01/√n for the mean, 0.01/√(2n) for the deviation.
        assert!(mean.abs() < 4.0 * 0.01 / (count as f64).sqrt(), "mean {mean}");
        assert!(
            (variance.sqrt() - 0.01).abs() < 4.0 * 0.01 / (2.0 * count as f64).sqrt(),
            "variance {variance}"
        );
    }

    #[test]
    fn a_fifth_of_uniform_draws_falls_into_each_fifth() {
        let random = Random::new(2, "test");
        let mut counts = [0_i32; 5];
        for index in 0..50_000 {
            counts[(random.uniform(index) * 5.0) as usize] += 1;
        }
        // Five standard deviations of a binomial of 50,000 at one fifth.
        assert!(counts.iter().all(|count| (count - 10_000).abs() < 450), "{counts:?}");
    }
}
