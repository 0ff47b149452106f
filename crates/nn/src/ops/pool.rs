//! The mean of each channel of each image: what squeeze-and-excitation squeezes to.
//!
//! - m\[n, c\] = 1/P · Σ over the P positions p of z\[n, p, c\]
//! - dz\[n, p, c\] = dm\[n, c\] / P, which `gate` adds to the gradient that it writes
//!
//! Each sum runs over the positions in order, in four interleaved parts.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{
    elementwise::{value, vectors},
    source::Source,
};
use crate::{
    backend::{Activation, Maps},
    cpu::{Cpu, each_vector},
};

/// See [`crate::Backend::pool`].
pub(crate) fn forward(cpu: &Cpu, input: &Activation<Cpu>) -> Maps<Cpu> {
    let shape = input.shape();
    let mut means = cpu.take_maps(shape.per_image());
    let source = Source::from(input);
    let images = source.data.par_chunks_exact(shape.image_len());
    means.data.par_chunks_exact_mut(shape.channels).zip(images).for_each(|(out, data)| {
        cpu.kernels().run(Mean { source: Source { data, ..source }, out });
    });
    means
}

/// Of one image.
struct Mean<'a> {
    source: Source<'a>,
    out: &'a mut [f32],
}

impl WithSimd for Mean<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { source: Source { data, affine, .. }, out } = self;
        let channels = out.len();
        let share = simd.splat_f32s(channels as f32 / data.len() as f32);
        each_vector!(S, channels, lanes => {
            let affine = vectors(simd, affine, lanes);
            let mut sums = [simd.splat_f32s(0.0); 4];
            for (index, start) in (0..data.len()).step_by(channels).enumerate() {
                let z = value(simd, affine, lanes.load(simd, data, start));
                sums[index % 4] = simd.add_f32s(sums[index % 4], z);
            }
            let sum = simd.add_f32s(simd.add_f32s(sums[0], sums[1]), simd.add_f32s(sums[2], sums[3]));
            lanes.store(simd, out, 0, simd.mul_f32s(sum, share));
        });
    }
}
