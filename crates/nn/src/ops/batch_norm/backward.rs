//! The gradients of a batch norm in training and of its PReLU: one pass for the sums, one for the gradient.

use std::sync::Arc;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{EPSILON, chunk_positions};
use crate::{
    backend::{Maps, NormGradients, NormState},
    cpu::{Cpu, CpuBuffer, each_vector},
    ops::{frame::Vectors, source::AffineRef},
};

/// See [`crate::Backend::batch_norm_backward`].
pub(crate) fn backward(
    cpu: &Cpu,
    state: &NormState<'_, Cpu>,
    d_output: Arc<Maps<Cpu>>,
    also: Option<&Maps<Cpu>>,
    gradients: NormGradients<'_, Cpu>,
) -> Maps<Cpu> {
    let sums = sums(cpu, state, &d_output);
    let factors = Factors::new(cpu, state, &sums);
    write_gradients(state, &sums, gradients);
    let chunk_len = chunk_positions(state.input.shape) * state.input.shape.channels;
    let row = Row { affine: AffineRef::from(state.affine), mean: &state.moments.mean, factors: &factors };
    let also = also.map(|maps| &maps.data[..]);
    let kernel = |chunk: usize, d: D<'_>| {
        let range = chunk * chunk_len..((chunk + 1) * chunk_len).min(state.input.data.len());
        let also = also.map(|also| &also[range.clone()]);
        cpu.kernels().run(Gradient { row: &row, input: &state.input.data[range], d, also });
    };
    match Arc::try_unwrap(d_output) {
        Ok(mut maps) => {
            let chunks = maps.data.par_chunks_mut(chunk_len).enumerate();
            chunks.for_each(|(chunk, d)| kernel(chunk, D::InPlace(d)));
            maps
        }
        Err(shared) => {
            let mut maps = cpu.take_maps(shared.shape);
            let chunks =
                maps.data.par_chunks_mut(chunk_len).zip(shared.data.par_chunks(chunk_len)).enumerate();
            chunks.for_each(|(chunk, (out, d))| kernel(chunk, D::From(d, out)));
            maps
        }
    }
}

/// Σ da, Σ da·(y - μ) and Σ dz·a over a ≤ 0, of each channel.
struct Sums([Vec<f64>; 3]);

fn sums(cpu: &Cpu, state: &NormState<'_, Cpu>, d_output: &Maps<Cpu>) -> Sums {
    let channels = d_output.shape.channels;
    let chunk_len = chunk_positions(d_output.shape) * channels;
    let mut parts = cpu.take(d_output.data.len().div_ceil(chunk_len) * 3 * channels);
    let affine = AffineRef::from(state.affine);
    let inputs = state.input.data.par_chunks(chunk_len).zip(d_output.data.par_chunks(chunk_len));
    parts.par_chunks_exact_mut(3 * channels).zip(inputs).for_each(|(out, (input, d))| {
        cpu.kernels().run(ChunkSums { affine, mean: &state.moments.mean, input, d, out });
    });
    let mut sums = [vec![0.0; channels], vec![0.0; channels], vec![0.0; channels]];
    for part in parts.chunks_exact(3 * channels) {
        for (sums, part) in sums.iter_mut().zip(part.chunks_exact(channels)) {
            for (sum, part) in sums.iter_mut().zip(part) {
                *sum += f64::from(*part);
            }
        }
    }
    Sums(sums)
}

fn write_gradients(state: &NormState<'_, Cpu>, sums: &Sums, gradients: NormGradients<'_, Cpu>) {
    let Sums([d_bias, d_weight, d_slope]) = sums;
    for (out, sum) in gradients.bias.iter_mut().zip(d_bias) {
        *out = *sum as f32;
    }
    if let Some(weight) = gradients.weight {
        for (channel, out) in weight.iter_mut().enumerate() {
            let deviation = f64::from(state.moments.variance[channel] + EPSILON).sqrt();
            *out = (d_weight[channel] / deviation) as f32;
        }
    }
    if let Some(slope) = gradients.slope {
        for (out, sum) in slope.iter_mut().zip(d_slope) {
            *out = *sum as f32;
        }
    }
}

/// dy = scale·(da - shift) + centred·(y - μ), for each channel.
struct Factors {
    shift: CpuBuffer,
    centred: CpuBuffer,
}

impl Factors {
    fn new(cpu: &Cpu, state: &NormState<'_, Cpu>, sums: &Sums) -> Self {
        let shape = state.input.shape;
        let count = shape.positions() as f64;
        let (mut shift, mut centred) = (cpu.take(shape.channels), cpu.take(shape.channels));
        for channel in 0..shape.channels {
            let variance = f64::from(state.moments.variance[channel] + EPSILON);
            shift[channel] = (sums.0[0][channel] / count) as f32;
            let per_value = sums.0[1][channel] / (variance * count);
            centred[channel] = (-f64::from(state.affine.scale[channel]) * per_value) as f32;
        }
        Self { shift, centred }
    }
}

struct ChunkSums<'a> {
    affine: AffineRef<'a>,
    mean: &'a [f32],
    input: &'a [f32],
    d: &'a [f32],
    /// Three sums for each channel, sum after sum.
    out: &'a mut [f32],
}

impl WithSimd for ChunkSums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.mean.len();
        let zero = simd.splat_f32s(0.0);
        each_vector!(S, channels, lanes => {
            let affine = self.affine.vectors(simd, lanes);
            let mean = lanes.load(simd, self.mean, 0);
            let mut sums = [zero; 3];
            for start in (0..self.d.len()).step_by(channels) {
                let (y, d) = (lanes.load(simd, self.input, start), lanes.load(simd, self.d, start));
                let (da, lost) = affine.backward(simd, y, d);
                sums[0] = simd.add_f32s(sums[0], da);
                sums[1] = simd.mul_add_e_f32s(da, simd.sub_f32s(y, mean), sums[1]);
                sums[2] = simd.add_f32s(sums[2], lost);
            }
            for (index, sum) in sums.into_iter().enumerate() {
                lanes.store(simd, self.out, index * channels, sum);
            }
        });
    }
}

/// What does not change from position to position.
struct Row<'a> {
    affine: AffineRef<'a>,
    mean: &'a [f32],
    factors: &'a Factors,
}

/// The gradient that arrives, and where the gradient to the input goes.
enum D<'a> {
    InPlace(&'a mut [f32]),
    From(&'a [f32], &'a mut [f32]),
}

struct Gradient<'a> {
    row: &'a Row<'a>,
    input: &'a [f32],
    d: D<'a>,
    also: Option<&'a [f32]>,
}

impl WithSimd for Gradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { row, input, d, also } = self;
        let channels = row.mean.len();
        let (from, out) = match d {
            D::InPlace(out) => (None, out),
            D::From(from, out) => (Some(from), out),
        };
        each_vector!(S, channels, lanes => {
            let affine = row.affine.vectors(simd, lanes);
            let mean = lanes.load(simd, row.mean, 0);
            let shift = lanes.load(simd, &row.factors.shift, 0);
            let centred = lanes.load(simd, &row.factors.centred, 0);
            for start in (0..input.len()).step_by(channels) {
                let y = lanes.load(simd, input, start);
                let d = match from {
                    Some(from) => lanes.load(simd, from, start),
                    None => lanes.load(simd, out, start),
                };
                let (da, _) = affine.backward(simd, y, d);
                let along = simd.mul_f32s(simd.sub_f32s(y, mean), centred);
                let mut dy = simd.mul_add_e_f32s(affine.scale, simd.sub_f32s(da, shift), along);
                if let Some(also) = also {
                    dy = simd.add_f32s(dy, lanes.load(simd, also, start));
                }
                lanes.store(simd, out, start, dy);
            }
        });
    }
}

impl<S: Simd> Vectors<S> {
    /// The gradient to a = scale·y + shift, and what the slope's gradient gains, from that to z.
    #[inline(always)]
    fn backward(&self, simd: S, y: S::f32s, d: S::f32s) -> (S::f32s, S::f32s) {
        let zero = simd.splat_f32s(0.0);
        let Some(slope) = self.slope else { return (d, zero) };
        let a = simd.mul_add_e_f32s(y, self.scale, self.shift);
        let positive = simd.greater_than_f32s(a, zero);
        let da = simd.select_f32s(positive, d, simd.mul_f32s(d, slope));
        (da, simd.select_f32s(positive, zero, simd.mul_f32s(d, a)))
    }
}
