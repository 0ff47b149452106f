//! Many tensors of float32 in one launch.
//!
//! A kernel is given a table of addresses and lengths, and a list of chunks that its blocks take. Both stay on the GPU:
//! weights do not move, so what was uploaded for one step serves the next.

use std::sync::Arc;

use bytemuck::{Pod, Zeroable};

use crate::{Buffer, Element, Gpu, gpu::Arg, runtime::Address, times::Work};

/// Numbers of a chunk: `CHUNK` in `tensors.cu`.
const CHUNK: usize = 16_384;

/// Which rows of a matrix take part in a step. Of the others nothing moves.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// Ascending, none twice.
    pub indices: &'a [u32],
    /// Numbers of a row.
    pub width: usize,
}

/// `Tensor` in `tensors.cu`.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Tensor {
    at: [Address; 4],
    rows: Address,
    width: i64,
    count: i64,
}

/// Tensors of one launch.
#[derive(Debug, Default)]
pub(super) struct Tensors {
    all: Vec<Tensor>,
    /// The number of each one's tensor, and its own there.
    chunks: Vec<[u32; 2]>,
    /// Indices of rows on the GPU, until the launch.
    rows: Vec<Buffer>,
}

impl Tensors {
    /// Adds tensors that are alike, with all of their numbers.
    pub(super) fn add(&mut self, alike: &[&Buffer]) {
        let count = alike.first().map_or(0, |first| first.len());
        self.push(alike, count, 0, 1);
    }

    /// Adds a weight, its gradient and what is remembered of it; of `rows` alone where there are any.
    ///
    /// # Panics
    /// Where sizes do not fit, or a row is not in the weight.
    pub(super) fn add_weight(
        &mut self,
        gpu: &Gpu,
        weight: &[&Buffer],
        gradient: &Buffer,
        rows: Option<Rows<'_>>,
    ) {
        let len = weight.first().map_or(0, |value| value.len());
        let all: Vec<&Buffer> = weight.iter().copied().chain([gradient]).collect();
        let Some(Rows { indices, width }) = rows else {
            assert_eq!(gradient.len(), len, "a gradient is as long as its weight");
            return self.push(&all, len, 0, 1);
        };
        let is_within = indices.last().is_none_or(|&last| (last as usize + 1) * width <= len);
        assert!(is_within && indices.is_sorted_by(|a, b| a < b), "rows of a weight are in it, and ascend");
        assert_eq!(gradient.len(), indices.len() * width, "a gradient has the rows that take part");
        let uploaded = gpu.upload_bytes(bytemuck::cast_slice(indices));
        self.push(&all, gradient.len(), uploaded.address, width);
        self.rows.push(uploaded);
    }

    fn push(&mut self, buffers: &[&Buffer], count: usize, rows: Address, width: usize) {
        let mut at = [0; 4];
        for (at, buffer) in at.iter_mut().zip(buffers) {
            assert_eq!(buffer.element(), Element::Float32, "parameters and their gradients are float32");
            *at = buffer.address;
        }
        let number = self.all.len() as u32;
        self.chunks.extend((0..count.div_ceil(CHUNK)).map(|chunk| [number, chunk as u32]));
        self.all.push(Tensor { at, rows, width: width as i64, count: count as i64 });
    }

    /// Of a kernel that moves so many numbers for each of the gradients' or what else takes part.
    pub(super) fn work(&self, each: usize) -> Work {
        let count: i64 = self.all.iter().map(|tensor| tensor.count).sum();
        Work::moving(&[(each * count as usize, Element::Float32)])
    }

    /// Chunks of all tensors.
    pub(super) fn chunks(&self) -> usize {
        self.chunks.len()
    }

    /// Runs a kernel that takes tensors, chunks and their count, then `arguments`.
    pub(super) fn launch(&self, gpu: &Gpu, kernel: &'static str, arguments: &[Arg<'_>]) {
        if self.chunks.is_empty() {
            return;
        }
        let [tensors, chunks]: [Arc<Buffer>; 2] = [
            gpu.kept((kernel, "tensors"), bytemuck::cast_slice(&self.all)),
            gpu.kept((kernel, "chunks"), bytemuck::cast_slice(&self.chunks)),
        ];
        let tables = [Arg::Buffer(&tensors), Arg::Buffer(&chunks), Arg::Int(self.chunks.len() as i32)];
        let arguments: Vec<Arg<'_>> = tables.into_iter().chain(arguments.iter().copied()).collect();
        gpu.launch(kernel, gpu.blocks(self.chunks.len()), &arguments);
    }
}
