//! Weights in the order in which the kernels read them.
//!
//! Blocks of two vectors of rows (the channels that are computed side by side); in a block, column after column, the
//! block's rows beside each other. A weight's place in PyTorch's order is row offset + column offset.

use rayon::prelude::*;

use crate::{
    cpu::{Cpu, CpuBuffer},
    ops::{Convolution, plan::Taps},
};

/// Where the rows and columns of a packed matrix lie in PyTorch's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) rows: Vec<usize>,
    pub(super) columns: Vec<usize>,
}

impl Layout {
    /// Rows: output channels. Columns: taps, and in each the input channels.
    pub(super) fn forward(conv: &Convolution, taps: &Taps) -> Self {
        let per_input = conv.kernel.0 * conv.kernel.1;
        let columns = taps.places.iter().flat_map(|tap| (0..conv.inputs).map(move |i| i * per_input + tap));
        let rows = (0..conv.outputs).map(|o| o * conv.inputs * per_input);
        Self { rows: rows.collect(), columns: columns.collect() }
    }

    /// Rows: input channels. Columns: taps, and in each the output channels.
    pub(super) fn backward(conv: &Convolution, taps: &Taps) -> Self {
        let per_input = conv.kernel.0 * conv.kernel.1;
        let per_output = conv.inputs * per_input;
        let columns = taps.places.iter().flat_map(|tap| (0..conv.outputs).map(move |o| o * per_output + tap));
        let rows = (0..conv.inputs).map(|i| i * per_input);
        Self { rows: rows.collect(), columns: columns.collect() }
    }

    /// Rows: places and in each the input channels. Columns: output channels.
    pub(super) fn linear_backward(conv: &Convolution) -> Self {
        let places = conv.kernel.0 * conv.kernel.1;
        let rows = (0..places).flat_map(|place| (0..conv.inputs).map(move |i| i * places + place));
        let columns = (0..conv.outputs).map(|o| o * conv.inputs * places);
        Self { rows: rows.collect(), columns: columns.collect() }
    }

    /// Numbers in a packed block.
    pub(super) fn block_len(&self, lanes: usize) -> usize {
        2 * lanes * self.columns.len()
    }

    /// Numbers in all blocks; rows that are missing in the last are zeros.
    pub(super) fn packed_len(&self, lanes: usize) -> usize {
        self.rows.len().div_ceil(2 * lanes) * self.block_len(lanes)
    }

    pub(super) fn pack(&self, cpu: &Cpu, values: &[f32]) -> CpuBuffer {
        let lanes = cpu.kernels().lanes();
        let mut packed = cpu.take(self.packed_len(lanes));
        if self.columns.is_empty() {
            return packed;
        }
        let blocks = packed.par_chunks_exact_mut(self.block_len(lanes)).zip(self.rows.par_chunks(2 * lanes));
        blocks.for_each(|(block, rows)| {
            for (out, column) in block.chunks_exact_mut(2 * lanes).zip(&self.columns) {
                let (filled, missing) = out.split_at_mut(rows.len());
                for (out, row) in filled.iter_mut().zip(rows) {
                    *out = values[row + column];
                }
                missing.fill(0.0);
            }
        });
        packed
    }

    /// The opposite of `pack`.
    pub(super) fn unpack(&self, cpu: &Cpu, packed: &[f32], values: &mut [f32]) {
        let lanes = cpu.kernels().lanes();
        for (block, rows) in packed.chunks_exact(self.block_len(lanes)).zip(self.rows.chunks(2 * lanes)) {
            for (lane, row) in rows.iter().enumerate() {
                for (packed, column) in block[lane..].iter().step_by(2 * lanes).zip(&self.columns) {
                    values[row + column] = *packed;
                }
            }
        }
    }
}
