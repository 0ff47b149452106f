//! Channels of images times gates: what squeeze-and-excitation excites by.
//!
//! - y\[n, p, c\] = z\[n, p, c\] · g\[n, c\]
//! - dg\[n, c\] = Σ over p of dy\[n, p, c\] · z\[n, p, c\]
//! - dz\[n, p, c\] = dy\[n, p, c\] · g\[n, c\] + dm\[n, c\] / P
//!
//! The gates are computed from the mean m of z over its P positions; dm is the gradient that comes back through them,
//! added on the way to spare a pass over the maps.

use std::sync::Arc;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{
    elementwise::{owned_or_new, value, vectors},
    source::Source,
};
use crate::{
    backend::{Activation, Maps},
    cpu::{Cpu, each_vector},
};

/// See [`crate::Backend::gate`].
pub(crate) fn forward(cpu: &Cpu, input: &Activation<Cpu>, gates: &Maps<Cpu>) -> Maps<Cpu> {
    let shape = input.shape();
    assert_eq!(gates.shape, shape.per_image(), "there is one gate a channel of an image");
    let mut maps = cpu.take_maps(shape);
    let source = Source::from(input);
    let images = source.data.par_chunks_exact(shape.image_len());
    let inputs = images.zip(gates.data.par_chunks_exact(shape.channels));
    maps.data.par_chunks_exact_mut(shape.image_len()).zip(inputs).for_each(|(out, (data, gates))| {
        cpu.kernels().run(Gate { source: Source { data, ..source }, gates, out });
    });
    maps
}

/// See [`crate::Backend::gate_backward_gates`].
pub(crate) fn backward_gates(cpu: &Cpu, input: &Activation<Cpu>, d_output: &Maps<Cpu>) -> Maps<Cpu> {
    let shape = input.shape();
    let mut d_gates = cpu.take_maps(shape.per_image());
    let source = Source::from(input);
    let images = source.data.par_chunks_exact(shape.image_len());
    let inputs = images.zip(d_output.data.par_chunks_exact(shape.image_len()));
    d_gates.data.par_chunks_exact_mut(shape.channels).zip(inputs).for_each(|(out, (data, d))| {
        cpu.kernels().run(Products { source: Source { data, ..source }, d, out });
    });
    d_gates
}

/// See [`crate::Backend::gate_backward_input`].
pub(crate) fn backward_input(
    cpu: &Cpu,
    d_output: Arc<Maps<Cpu>>,
    gates: &Maps<Cpu>,
    d_means: &Maps<Cpu>,
) -> Maps<Cpu> {
    let shape = d_output.shape;
    let mut maps = owned_or_new(cpu, Some(d_output), shape);
    let factors =
        gates.data.par_chunks_exact(shape.channels).zip(d_means.data.par_chunks_exact(shape.channels));
    maps.data.par_chunks_exact_mut(shape.image_len()).zip(factors).for_each(|(d, (gates, d_means))| {
        cpu.kernels().run(Gradient { d, gates, d_means });
    });
    maps
}

/// One image times its gates.
struct Gate<'a> {
    source: Source<'a>,
    gates: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { source: Source { data, affine, .. }, gates, out } = self;
        each_vector!(S, gates.len(), lanes => {
            let affine = vectors(simd, affine, lanes);
            let gate = lanes.load(simd, gates, 0);
            for start in (0..data.len()).step_by(gates.len()) {
                let z = value(simd, affine, lanes.load(simd, data, start));
                lanes.store(simd, out, start, simd.mul_f32s(z, gate));
            }
        });
    }
}

/// The gradient to the gates of one image.
struct Products<'a> {
    source: Source<'a>,
    d: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { source: Source { data, affine, .. }, d, out } = self;
        let channels = out.len();
        each_vector!(S, channels, lanes => {
            let affine = vectors(simd, affine, lanes);
            let mut sums = [simd.splat_f32s(0.0); 4];
            for (index, start) in (0..data.len()).step_by(channels).enumerate() {
                let z = value(simd, affine, lanes.load(simd, data, start));
                sums[index % 4] = simd.mul_add_e_f32s(z, lanes.load(simd, d, start), sums[index % 4]);
            }
            let sum = simd.add_f32s(simd.add_f32s(sums[0], sums[1]), simd.add_f32s(sums[2], sums[3]));
            lanes.store(simd, out, 0, sum);
        });
    }
}

/// The gradient to one image, in place of that to its output.
struct Gradient<'a> {
    d: &'a mut [f32],
    gates: &'a [f32],
    d_means: &'a [f32],
}

impl WithSimd for Gradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { d, gates, d_means } = self;
        let share = simd.splat_f32s(gates.len() as f32 / d.len() as f32);
        each_vector!(S, gates.len(), lanes => {
            let gate = lanes.load(simd, gates, 0);
            let of_mean = simd.mul_f32s(lanes.load(simd, d_means, 0), share);
            for start in (0..d.len()).step_by(gates.len()) {
                let dz = simd.mul_add_e_f32s(lanes.load(simd, d, start), gate, of_mean);
                lanes.store(simd, d, start, dz);
            }
        });
    }
}
