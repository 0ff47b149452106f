//! The kernel: a register block of output positions × 2 vectors of output channels, taps in the inner loop.

use pulp::{Simd, WithSimd};

use crate::{
    cpu::{Lanes, load, store},
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

/// Most positions of a register block: with 32 registers 28 accumulators, 2 weights and a value of the input.
const fn most_positions<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 14 } else { 6 }
}

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Task { frame, out, class, channels, add } = self.task;
        let positions = class.positions_within(out.len());
        if class.segments.is_empty() {
            if !add {
                clear(out, positions, channels);
            }
            return;
        }
        let weights = S::as_simd_f32s(&class.weights).0;
        let block_len = 2 * class.segments.len() * class.run;
        for (block, weights) in weights.chunks_exact(block_len).enumerate() {
            let first = block * 2 * S::F32_LANES;
            let width = (channels - first).min(2 * S::F32_LANES);
            let affine = self.affine.map(|affine| affine.part(first, width));
            let panel = Panel { frame, class, weights, first, width, add, affine };
            panel.run(simd, positions, out);
        }
    }
}

/// Positions that no tap reaches have no gradient.
fn clear(out: &mut [f32], positions: &[[u32; 2]], channels: usize) {
    for position in positions {
        out[position[1] as usize..][..channels].fill(0.0);
    }
}

/// The weights of one block of output channels, and what they are applied to.
struct Panel<'a, S: Simd> {
    frame: &'a [f32],
    class: &'a Class,
    weights: &'a [S::f32s],
    /// The block's first output channel.
    first: usize,
    /// Its number of channels, at most two vectors.
    width: usize,
    add: bool,
    /// Of the block's channels.
    affine: Option<AffineRef<'a>>,
}

impl<S: Simd> Panel<'_, S> {
    /// Splits the positions into register blocks of nearly equal size.
    #[inline(always)]
    fn run(&self, simd: S, positions: &[[u32; 2]], out: &mut [f32]) {
        let mut rest = positions;
        let mut tiles = positions.len().div_ceil(most_positions::<S>());
        while tiles > 0 {
            let (tile, after) = rest.split_at(rest.len().div_ceil(tiles));
            self.dispatch(simd, tile, out);
            rest = after;
            tiles -= 1;
        }
    }

    #[inline(always)]
    fn dispatch(&self, simd: S, positions: &[[u32; 2]], out: &mut [f32]) {
        macro_rules! tiles {
            ($($size:literal)*) => {
                match (positions.len(), self.width == 2 * S::F32_LANES) {
                    $(
                        ($size, true) => self.tile::<$size, true>(simd, positions, out),
                        ($size, false) => self.tile::<$size, false>(simd, positions, out),
                    )*
                    _ => {}
                }
            };
        }
        if positions.len() <= 6 {
            tiles!(1 2 3 4 5 6);
        } else if S::REGISTER_COUNT >= 32 {
            tiles!(7 8 9 10 11 12 13 14);
        }
    }

    #[inline(always)]
    fn tile<const P: usize, const FULL: bool>(&self, simd: S, positions: &[[u32; 2]], out: &mut [f32]) {
        let mut sums = [[simd.splat_f32s(0.0); 2]; P];
        if self.add {
            for (sums, position) in sums.iter_mut().zip(positions) {
                *sums = self.load::<FULL>(simd, out, position[1] as usize);
            }
        }
        let run = self.class.run;
        for (&segment, weights) in self.class.segments.iter().zip(self.weights.chunks_exact(2 * run)) {
            let rows: [&[f32]; P] =
                std::array::from_fn(|p| &self.frame[positions[p][0] as usize + segment..][..run]);
            sums = correlate::<S, P>(simd, rows, weights, run, sums);
        }
        if let Some(affine) = self.affine {
            sums = normalise::<S, P, FULL>(simd, affine, sums);
        }
        for (sums, position) in sums.into_iter().zip(positions) {
            self.store::<FULL>(simd, out, position[1] as usize, sums);
        }
    }

    /// The outputs of a position; the last block of channels may have fewer than two vectors.
    #[inline(always)]
    fn load<const FULL: bool>(&self, simd: S, out: &[f32], position: usize) -> [S::f32s; 2] {
        let out = &out[position + self.first..];
        if FULL {
            let vectors = S::as_simd_f32s(&out[..2 * S::F32_LANES]).0;
            return [vectors[0], vectors[1]];
        }
        let (a, b) = out[..self.width].split_at(self.width.min(S::F32_LANES));
        [load(simd, a), load(simd, b)]
    }

    #[inline(always)]
    fn store<const FULL: bool>(&self, simd: S, out: &mut [f32], position: usize, sums: [S::f32s; 2]) {
        let out = &mut out[position + self.first..];
        if FULL {
            S::as_mut_simd_f32s(&mut out[..2 * S::F32_LANES]).0.copy_from_slice(&sums);
            return;
        }
        let (a, b) = out[..self.width].split_at_mut(self.width.min(S::F32_LANES));
        store(simd, a, sums[0]);
        store(simd, b, sums[1]);
    }
}

#[inline(always)]
fn correlate<S: Simd, const P: usize>(
    simd: S,
    rows: [&[f32]; P],
    weights: &[S::f32s],
    run: usize,
    mut sums: [[S::f32s; 2]; P],
) -> [[S::f32s; 2]; P] {
    let weights = &weights[..2 * run];
    for k in 0..run {
        let (low, high) = (weights[2 * k], weights[2 * k + 1]);
        for p in 0..P {
            let value = simd.splat_f32s(rows[p][k]);
            sums[p][0] = simd.mul_add_e_f32s(value, low, sums[p][0]);
            sums[p][1] = simd.mul_add_e_f32s(value, high, sums[p][1]);
        }
    }
    sums
}

/// The block's normalisation, applied to its sums. A last vector of no channels has none.
#[inline(always)]
fn normalise<S: Simd, const P: usize, const FULL: bool>(
    simd: S,
    affine: AffineRef<'_>,
    mut sums: [[S::f32s; 2]; P],
) -> [[S::f32s; 2]; P] {
    let width = affine.scale.len();
    for half in 0..2 {
        let from = half * S::F32_LANES;
        let vectors = if FULL {
            affine.vectors(simd, Lanes::<true>::new(from, S::F32_LANES))
        } else {
            let from = from.min(width);
            affine.vectors(simd, Lanes::<false>::new(from, (width - from).min(S::F32_LANES)))
        };
        for sums in &mut sums {
            sums[half] = vectors.apply(simd, sums[half]);
        }
    }
    sums
}
