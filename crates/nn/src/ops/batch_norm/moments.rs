//! Mean and variance of each channel.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::chunk_positions;
use crate::{
    backend::{Maps, Moments},
    cpu::{Cpu, Lanes, each_vector},
};

/// See [`crate::Backend::moments`].
pub(crate) fn moments(cpu: &Cpu, maps: &Maps<Cpu>) -> Moments<Cpu> {
    let channels = maps.shape.channels;
    let chunk_len = chunk_positions(maps.shape) * channels;
    let chunks = maps.data.len().div_ceil(chunk_len);
    // For each chunk the means, then the sums of squared differences from them.
    let mut parts = cpu.take(chunks * 2 * channels);
    parts.par_chunks_exact_mut(2 * channels).zip(maps.data.par_chunks(chunk_len)).for_each(|(out, data)| {
        let (mean, squares) = out.split_at_mut(channels);
        cpu.kernels().run(ChunkMoments { data, mean, squares });
    });
    let counts = maps.data.chunks(chunk_len).map(|chunk| chunk.len() / channels);
    combine(cpu, channels, counts.zip(parts.chunks_exact(2 * channels)))
}

/// Chan, Golub and `LeVeque` 1979: with δ the difference of two means, M = M₁ + M₂ + δ²·n₁n₂/(n₁ + n₂).
fn combine<'a>(cpu: &Cpu, channels: usize, parts: impl Iterator<Item = (usize, &'a [f32])>) -> Moments<Cpu> {
    let (mut mean, mut squares) = (vec![0.0_f64; channels], vec![0.0_f64; channels]);
    let mut total = 0.0;
    for (count, part) in parts {
        let count = count as f64;
        let share = count / (total + count);
        for channel in 0..channels {
            let delta = f64::from(part[channel]) - mean[channel];
            mean[channel] += delta * share;
            squares[channel] += f64::from(part[channels + channel]) + delta * delta * total * share;
        }
        total += count;
    }
    let (mut means, mut variances) = (cpu.take(channels), cpu.take(channels));
    for channel in 0..channels {
        means[channel] = mean[channel] as f32;
        variances[channel] = (squares[channel] / total) as f32;
    }
    Moments { mean: means, variance: variances }
}

struct ChunkMoments<'a> {
    data: &'a [f32],
    mean: &'a mut [f32],
    squares: &'a mut [f32],
}

impl WithSimd for ChunkMoments<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.mean.len();
        let per_count = simd.splat_f32s(channels as f32 / self.data.len() as f32);
        each_vector!(S, channels, lanes => {
            let sum = fold(simd, self.data, channels, lanes, |sum, y| simd.add_f32s(sum, y));
            let mean = simd.mul_f32s(sum, per_count);
            let squares = fold(simd, self.data, channels, lanes, |sum, y| {
                let difference = simd.sub_f32s(y, mean);
                simd.mul_add_e_f32s(difference, difference, sum)
            });
            lanes.store(simd, self.mean, 0, mean);
            lanes.store(simd, self.squares, 0, squares);
        });
    }
}

/// Folds the positions of a vector of channels in four interleaved sums, which hide the latency of an addition.
#[inline(always)]
fn fold<S: Simd, const FULL: bool>(
    simd: S,
    data: &[f32],
    channels: usize,
    lanes: Lanes<FULL>,
    step: impl Fn(S::f32s, S::f32s) -> S::f32s,
) -> S::f32s {
    let mut sums = [simd.splat_f32s(0.0); 4];
    let quads = data.len() / (4 * channels) * 4 * channels;
    for start in (0..quads).step_by(4 * channels) {
        for (index, sum) in sums.iter_mut().enumerate() {
            *sum = step(*sum, lanes.load(simd, data, start + index * channels));
        }
    }
    for start in (quads..data.len()).step_by(channels) {
        sums[0] = step(sums[0], lanes.load(simd, data, start));
    }
    simd.add_f32s(simd.add_f32s(sums[0], sums[1]), simd.add_f32s(sums[2], sums[3]))
}
