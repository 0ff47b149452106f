//! The kernel of the gradient to the weight: a register block of taps × 2 vectors of output channels, summed over
//! positions.

use pulp::{Simd, WithSimd};

use crate::cpu::load;

/// Adds the outer products of one piece to the packed gradient of some blocks of output channels.
pub(super) struct Outer<'a> {
    pub(super) frame: &'a [f32],
    /// The gradient to the piece's outputs.
    pub(super) d_output: &'a [f32],
    /// Where each position begins in the frames and in `d_output`.
    pub(super) positions: &'a [[u32; 2]],
    pub(super) segments: &'a [usize],
    pub(super) run: usize,
    /// Output channels in all.
    pub(super) channels: usize,
    /// The first block's first output channel.
    pub(super) first: usize,
    /// Packed as the weights are.
    pub(super) sums: &'a mut [f32],
}

/// Positions taken together: their gradients and inputs stay in the first-level cache for all taps.
const POSITIONS: usize = 96;

impl WithSimd for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let count = self.positions.partition_point(|position| (position[1] as usize) < self.d_output.len());
        let block_len = 2 * self.segments.len() * self.run;
        let sums = S::as_mut_simd_f32s(std::mem::take(&mut self.sums)).0;
        for positions in self.positions[..count].chunks(POSITIONS) {
            for (block, sums) in sums.chunks_exact_mut(block_len).enumerate() {
                let first = self.first + block * 2 * S::F32_LANES;
                for (&segment, sums) in self.segments.iter().zip(sums.chunks_exact_mut(2 * self.run)) {
                    self.segment(simd, positions, first, segment, sums);
                }
            }
        }
    }
}

impl Outer<'_> {
    #[inline(always)]
    fn segment<S: Simd>(
        &self,
        simd: S,
        positions: &[[u32; 2]],
        first: usize,
        at: usize,
        sums: &mut [S::f32s],
    ) {
        if self.channels - first >= 2 * S::F32_LANES {
            self.blocks::<S, true>(simd, positions, first, at, sums);
        } else {
            self.blocks::<S, false>(simd, positions, first, at, sums);
        }
    }

    #[inline(always)]
    fn blocks<S: Simd, const FULL: bool>(
        &self,
        simd: S,
        positions: &[[u32; 2]],
        first: usize,
        at: usize,
        sums: &mut [S::f32s],
    ) {
        let mut done = 0;
        if S::REGISTER_COUNT >= 32 {
            while self.run - done >= 12 {
                self.block::<S, 12, FULL>(simd, positions, first, at + done, &mut sums[2 * done..]);
                done += 12;
            }
        }
        while self.run - done >= 4 {
            self.block::<S, 4, FULL>(simd, positions, first, at + done, &mut sums[2 * done..]);
            done += 4;
        }
        while done < self.run {
            self.block::<S, 1, FULL>(simd, positions, first, at + done, &mut sums[2 * done..]);
            done += 1;
        }
    }

    #[inline(always)]
    fn block<S: Simd, const K: usize, const FULL: bool>(
        &self,
        simd: S,
        positions: &[[u32; 2]],
        first: usize,
        at: usize,
        out: &mut [S::f32s],
    ) {
        let mut sums: [[S::f32s; 2]; K] = std::array::from_fn(|k| [out[2 * k], out[2 * k + 1]]);
        for position in positions {
            let values: &[f32] = &self.frame[position[0] as usize + at..][..K];
            let [a, b] = self.gradient::<S, FULL>(simd, position[1] as usize + first, first);
            for (sums, value) in sums.iter_mut().zip(values) {
                let value = simd.splat_f32s(*value);
                sums[0] = simd.mul_add_e_f32s(value, a, sums[0]);
                sums[1] = simd.mul_add_e_f32s(value, b, sums[1]);
            }
        }
        for (out, sums) in out.chunks_exact_mut(2).zip(sums) {
            out.copy_from_slice(&sums);
        }
    }

    /// Two vectors of the gradient from `at` on; the last block of channels may have fewer.
    #[inline(always)]
    fn gradient<S: Simd, const FULL: bool>(&self, simd: S, at: usize, first: usize) -> [S::f32s; 2] {
        if FULL {
            let vectors = S::as_simd_f32s(&self.d_output[at..at + 2 * S::F32_LANES]).0;
            return [vectors[0], vectors[1]];
        }
        let width = self.channels - first;
        let (a, b) = self.d_output[at..at + width].split_at(width.min(S::F32_LANES));
        [load(simd, a), load(simd, b)]
    }
}
