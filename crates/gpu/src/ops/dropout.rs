//! Dropout.

use crate::{Buffer, Gpu};

/// The maps with numbers at 0 where uᵢ < `rate` and the rest divided by 1 - `rate`. uᵢ is uniform in [0, 1), drawn from
/// `key` by counter i = `first` + the number's place: 53 upper bits of `SplitMix64`'s finaliser of
/// key + (i + 1)·0x9E3779B97F4A7C15, as `arclab-nn`'s random numbers are.
pub fn apply(_gpu: &Gpu, _maps: &Buffer, _key: u64, _first: u64, _rate: f64) -> Buffer {
    unimplemented!()
}
