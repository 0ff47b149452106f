//! The kernel: a vector of channels × a few output positions, taps in the inner loop.

use pulp::{Simd, WithSimd};

use crate::{
    cpu::each_vector,
    ops::{
        plan::{Class, Task},
        source::AffineRef,
    },
};

pub(super) struct Correlate<'a> {
    pub(super) task: Task<'a>,
    /// Applied to the sums.
    pub(super) affine: Option<AffineRef<'a>>,
}

/// Positions that share a load of the weights.
const POSITIONS: usize = 4;

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Task { frame, out, class, channels, add } = self.task;
        let tiles = class.positions_within(out.len()).chunks_exact(POSITIONS);
        let tile = Tile { frame, class, channels, add, affine: self.affine };
        let rest = tiles.remainder();
        for positions in tiles {
            tile.run::<S, POSITIONS>(simd, positions, out);
        }
        for position in rest.chunks_exact(1) {
            tile.run::<S, 1>(simd, position, out);
        }
    }
}

struct Tile<'a> {
    frame: &'a [f32],
    class: &'a Class,
    channels: usize,
    add: bool,
    affine: Option<AffineRef<'a>>,
}

impl Tile<'_> {
    #[inline(always)]
    fn run<S: Simd, const P: usize>(&self, simd: S, positions: &[[u32; 2]], out: &mut [f32]) {
        let positions: [[usize; 2]; P] = std::array::from_fn(|p| positions[p].map(|at| at as usize));
        each_vector!(S, self.channels, lanes => {
            let mut sums = [simd.splat_f32s(0.0); P];
            if self.add {
                for (sum, position) in sums.iter_mut().zip(positions) {
                    *sum = lanes.load(simd, out, position[1]);
                }
            }
            let weights = self.class.weights.chunks_exact(self.channels);
            for (segment, weights) in self.class.segments.iter().zip(weights) {
                let weight = lanes.load(simd, weights, 0);
                for (sum, position) in sums.iter_mut().zip(positions) {
                    let value = lanes.load(simd, self.frame, position[0] + segment);
                    *sum = simd.mul_add_e_f32s(value, weight, *sum);
                }
            }
            if let Some(affine) = self.affine {
                let vectors = affine.vectors(simd, lanes);
                for sum in &mut sums {
                    *sum = vectors.apply(simd, *sum);
                }
            }
            for (sum, position) in sums.into_iter().zip(positions) {
                lanes.store(simd, out, position[1], sum);
            }
        });
    }
}
