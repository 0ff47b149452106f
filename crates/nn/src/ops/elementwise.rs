//! Operators that look at one element at a time: bytes to numbers, normalisation applied, sums.
//!
//! - images: x/127.5 - 1, which is (x/255 - 0.5) / 0.5; x a byte, or the luma of red, green and blue
//! - apply: z = f(y), f the normalisation and PReLU of [`crate::Affine`]
//! - sum: f(a) + g(b); its gradient goes unchanged to both

use std::sync::Arc;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{
    frame::{Vectors, transform},
    source::{AffineRef, Source},
};
use crate::{
    backend::{Activation, MapShape, Maps},
    cpu::{Cpu, CpuBuffer, Lanes, each_vector},
};

/// Positions of one task.
pub(super) const POSITIONS: usize = 128;

/// Weights of red, green and blue in the luma of ITU-R BT.601, in parts of 65,536. They add up to all of them, so that
/// a grey pixel's luma is its value.
pub(crate) const LUMA: [u32; 3] = [19_595, 38_470, 7_471];

/// Pixels of three bytes to numbers in [-1, 1]: three of each, or one of the luma.
pub(crate) fn images(cpu: &Cpu, shape: MapShape, pixels: &[u8]) -> Maps<Cpu> {
    let mut maps = cpu.take_maps(shape);
    if shape.channels == 1 {
        for (out, pixel) in maps.data.iter_mut().zip(pixels.as_chunks::<3>().0) {
            *out = f32::from(luma(*pixel)) / 127.5 - 1.0;
        }
        return maps;
    }
    let tasks = maps.data.par_chunks_mut(4096).zip(pixels.par_chunks(4096));
    tasks.for_each(|(out, pixels)| {
        for (out, pixel) in out.iter_mut().zip(pixels) {
            *out = f32::from(*pixel) / 127.5 - 1.0;
        }
    });
    maps
}

fn luma(pixel: [u8; 3]) -> u8 {
    let sum: u32 = pixel.iter().zip(LUMA).map(|(&value, weight)| u32::from(value) * weight).sum();
    ((sum + 32_768) >> 16) as u8
}

/// The maps with their normalisation applied.
pub(crate) fn apply(cpu: &Cpu, input: &Activation<Cpu>) -> Maps<Cpu> {
    let mut maps = cpu.take_maps(input.shape());
    let chunk = POSITIONS * maps.shape.channels;
    let source = Source::from(input);
    let tasks = maps.data.par_chunks_mut(chunk).zip(source.data.par_chunks(chunk));
    tasks.for_each(|(out, data)| match source.affine {
        None => out.copy_from_slice(data),
        Some(_) => cpu.kernels().run(Apply { source: Source { data, ..source }, out }),
    });
    maps
}

/// The sum of two activations.
pub(crate) fn sum(cpu: &Cpu, a: &Activation<Cpu>, b: &Activation<Cpu>) -> Maps<Cpu> {
    assert_eq!(a.shape(), b.shape(), "a shortcut has another shape than the path beside it");
    let mut maps = cpu.take_maps(a.shape());
    let chunk = POSITIONS * maps.shape.channels;
    let (a, b) = (Source::from(a), Source::from(b));
    let inputs = a.data.par_chunks(chunk).zip(b.data.par_chunks(chunk));
    maps.data.par_chunks_mut(chunk).zip(inputs).for_each(|(out, (first, second))| {
        let (a, b) = (Source { data: first, ..a }, Source { data: second, ..b });
        cpu.kernels().run(Sum { a, b, out });
    });
    maps
}

/// `maps` itself where nobody else holds it, else a copy; without maps, a buffer to be written.
pub(super) fn owned_or_new(cpu: &Cpu, maps: Option<Arc<Maps<Cpu>>>, shape: MapShape) -> Maps<Cpu> {
    match maps.map(Arc::try_unwrap) {
        None => cpu.take_maps(shape),
        Some(Ok(maps)) => maps,
        Some(Err(shared)) => {
            let mut copy = cpu.take_maps(shape);
            copy.data.copy_from_slice(&shared.data);
            copy
        }
    }
}

/// Adds a value to each channel. Linear layers' outputs are small: no threads.
pub(crate) fn add_bias(maps: &mut Maps<Cpu>, bias: &CpuBuffer) {
    for position in maps.data.chunks_exact_mut(bias.len()) {
        for (value, bias) in position.iter_mut().zip(bias.iter()) {
            *value += bias;
        }
    }
}

/// The sum of each channel.
pub(crate) fn channel_sums(maps: &Maps<Cpu>, sums: &mut CpuBuffer) {
    sums.fill(0.0);
    for position in maps.data.chunks_exact(sums.len()) {
        for (sum, value) in sums.iter_mut().zip(position) {
            *sum += value;
        }
    }
}

struct Apply<'a> {
    source: Source<'a>,
    out: &'a mut [f32],
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if let Some(affine) = self.source.affine {
            transform(simd, self.source.data, affine, self.out);
        }
    }
}

struct Sum<'a> {
    a: Source<'a>,
    b: Source<'a>,
    out: &'a mut [f32],
}

impl WithSimd for Sum<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { a, b, out } = self;
        let channels = a.shape.channels;
        each_vector!(S, channels, lanes => {
            let first = vectors(simd, a.affine, lanes);
            let second = vectors(simd, b.affine, lanes);
            for start in (0..out.len()).step_by(channels) {
                let first = value(simd, first, lanes.load(simd, a.data, start));
                let second = value(simd, second, lanes.load(simd, b.data, start));
                lanes.store(simd, out, start, simd.add_f32s(first, second));
            }
        });
    }
}

// No closure: it would be compiled for the baseline instruction set unless it happens to be inlined.
#[inline(always)]
pub(super) fn vectors<S: Simd, const FULL: bool>(
    simd: S,
    affine: Option<AffineRef<'_>>,
    lanes: Lanes<FULL>,
) -> Option<Vectors<S>> {
    Some(affine?.vectors(simd, lanes))
}

#[inline(always)]
pub(super) fn value<S: Simd>(simd: S, affine: Option<Vectors<S>>, y: S::f32s) -> S::f32s {
    match affine {
        None => y,
        Some(affine) => affine.apply(simd, y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;

    #[test]
    fn black_is_minus_one_and_white_is_one() {
        let shape = MapShape { count: 1, height: 1, width: 1, channels: 3 };
        let maps = Cpu::new(1).images(shape, &[0, 255, 51]);
        // 51/255 = 0.2; (0.2 - 0.5) / 0.5 = -0.6.
        assert_eq!(maps.data[..2], [-1.0, 1.0]);
        assert!((maps.data[2] + 0.6).abs() < 1e-6);
    }
}
