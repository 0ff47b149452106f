//! Dropout, drawn anew from counters wherever it is applied.

use crate::{Buffer, Gpu, gpu::Arg, times::Work};

/// Writes the maps to `out`, which may be `maps`, with numbers at 0 where uᵢ < `rate` and the rest divided by 1 - `rate`.
/// uᵢ is uniform in [0, 1), drawn from `key` by counter i = `first` + the number's place: 53 upper bits of `SplitMix64`'s
/// finaliser of key + (i + 1)·0x9E3779B97F4A7C15, as `arclab-nn`'s random numbers are.
pub fn apply(gpu: &Gpu, maps: &Buffer, key: u64, first: u64, rate: f64, out: &Buffer) {
    let _time = gpu.operator("dropout", || Work::on(&[maps, out]));
    gpu.unrecorded("dropout, which draws anew in each step,", || Ok(()));
    // uᵢ·2⁵³ is a whole number, and so below the rate's if and only if it is below that one rounded up.
    let dropped = (rate * (1_u64 << 53) as f64).ceil() as i64;
    let kept = (1.0 / (1.0 - rate)) as f32;
    let draws = [key, first].map(|bits| Arg::Long(bits.cast_signed()));
    let rest = [Arg::Long(dropped), Arg::Float(kept), Arg::Long(maps.len() as i64)];
    let arguments = [&[maps, out].map(Arg::Buffer)[..], &draws, &rest].concat();
    gpu.launch("dropout", gpu.over(maps.len()), &arguments);
}
