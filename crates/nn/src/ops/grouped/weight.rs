//! The gradient to the weight of a grouped convolution.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::forward_places;
use crate::{
    backend::{Activation, Maps},
    cpu::{Cpu, CpuBuffer, Lanes, each_vector},
    ops::{
        Convolution,
        plan::{Geometry, forward_taps},
        source::Source,
    },
};

/// Most partial sums; they are added up in order.
const GROUPS: usize = 16;

/// See [`crate::Backend::conv2d_backward_weight`].
pub(crate) fn backward_weight(
    cpu: &Cpu,
    input: &Activation<Cpu>,
    d_output: &Maps<Cpu>,
    conv: &Convolution,
    d_weight: &mut CpuBuffer,
) {
    let geometry = Geometry::new(conv, input.shape());
    let Geometry { output, cut, .. } = geometry;
    let (taps, segments, _) = forward_taps(conv, &geometry);
    let (positions, pieces) = (geometry.positions(conv), cut.pieces(output));
    let len = segments.len() * conv.inputs;
    let per_group = pieces.len().div_ceil(GROUPS);
    let mut partial = cpu.zeros(pieces.len().div_ceil(per_group) * len);
    let source = Source::from(input);
    partial.par_chunks_exact_mut(len).zip(pieces.par_chunks(per_group)).for_each(|(sums, pieces)| {
        for &piece in pieces {
            geometry.frames(conv, piece).with(cpu, &source, piece, output, |frame| {
                let d_output = &d_output.data[piece.range(output)];
                let (positions, segments) = (&positions[..d_output.len() / conv.outputs], &segments[..]);
                cpu.kernels().run(Products { frame, d_output, positions, segments, sums: &mut *sums });
            });
        }
    });
    for (index, place) in forward_places(conv, &taps).into_iter().enumerate() {
        d_weight[place] = partial.chunks_exact(len).map(|sums| sums[index]).sum();
    }
}

/// Adds one piece's products to the sums, tap after tap, channels side by side.
struct Products<'a> {
    frame: &'a [f32],
    d_output: &'a [f32],
    positions: &'a [[u32; 2]],
    segments: &'a [usize],
    sums: &'a mut [f32],
}

/// Positions taken together, which stay in the first-level cache for all taps.
const POSITIONS: usize = 64;

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let channels = self.sums.len() / self.segments.len();
        let (positions, segments) = (self.positions, self.segments);
        for positions in positions.chunks(POSITIONS) {
            each_vector!(S, channels, lanes => {
                let nines = segments.chunks_exact(9);
                let done = segments.len() - nines.remainder().len();
                let rest = nines.remainder().iter().enumerate();
                for (index, taps) in nines.enumerate() {
                    self.taps::<S, 9, _>(simd, positions, taps, index * 9 * channels, lanes);
                }
                for (index, tap) in rest {
                    self.taps::<S, 1, _>(simd, positions, &[*tap], (done + index) * channels, lanes);
                }
            });
        }
    }
}

impl Products<'_> {
    /// Sums of some taps, which are packed from `first` on.
    #[inline(always)]
    fn taps<S: Simd, const T: usize, const FULL: bool>(
        &mut self,
        simd: S,
        positions: &[[u32; 2]],
        taps: &[usize],
        first: usize,
        lanes: Lanes<FULL>,
    ) {
        let channels = self.sums.len() / self.segments.len();
        let taps: [usize; T] = std::array::from_fn(|t| taps[t]);
        let mut sums: [S::f32s; T] =
            std::array::from_fn(|t| lanes.load(simd, self.sums, first + t * channels));
        for position in positions {
            let d = lanes.load(simd, self.d_output, position[1] as usize);
            for (sum, tap) in sums.iter_mut().zip(taps) {
                let value = lanes.load(simd, self.frame, position[0] as usize + tap);
                *sum = simd.mul_add_e_f32s(d, value, *sum);
            }
        }
        for (t, sum) in sums.into_iter().enumerate() {
            lanes.store(simd, self.sums, first + t * channels, sum);
        }
    }
}
