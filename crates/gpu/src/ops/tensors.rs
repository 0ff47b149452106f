//! Many tensors of float32 in one launch.
//!
//! A kernel is given a table of addresses and lengths, and a list of chunks that its blocks take. Both stay on the GPU:
//! weights do not move, so what was uploaded for one step serves the next. Rates do, so they come with each launch.

use std::sync::Arc;

use bytemuck::{Pod, Zeroable};

use crate::{Buffer, Element, Gpu, gpu::Arg, runtime::Address, times::Work};

/// Numbers of a chunk: `CHUNK` in `tensors.cu`.
const CHUNK: usize = 16_384;

/// Rates and decays that weights of one step have at most: `Rates` in `tensors.cu`.
const RATES: usize = 8;

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
    rates: i64,
}

impl Tensor {
    /// With all rows of something.
    fn all() -> Self {
        Self { width: 1, ..Self::zeroed() }
    }
}

/// Tensors of one launch.
#[derive(Debug, Default)]
pub(super) struct Tensors {
    all: Vec<Tensor>,
    /// The number of each one's tensor, and its own there.
    chunks: Vec<[u32; 2]>,
    /// Indices of rows on the GPU, until the launch.
    rows: Vec<Buffer>,
    /// Different rates and decays; each weight's tensor has the number of its own.
    rates: Vec<[f64; 2]>,
}

impl Tensors {
    /// Adds tensors that are alike, with all of their numbers.
    pub(super) fn add(&mut self, alike: &[&Buffer]) {
        let count = alike.first().map_or(0, |first| first.len());
        self.push(alike, Tensor { count: count as i64, ..Tensor::all() });
    }

    /// Adds a weight, its gradient and what is remembered of it, with its rate and decay; of `rows` alone where there are any.
    ///
    /// # Panics
    /// Where sizes do not fit, or a row is not in the weight, or there are too many different rates.
    pub(super) fn add_weight(
        &mut self,
        gpu: &Gpu,
        weight: &[&Buffer],
        gradient: &Buffer,
        rows: Option<Rows<'_>>,
        rate: [f64; 2],
    ) {
        let len = weight.first().map_or(0, |value| value.len());
        let all: Vec<&Buffer> = weight.iter().copied().chain([gradient]).collect();
        let tensor =
            Tensor { count: gradient.len() as i64, rates: self.number_of(rate) as i64, ..Tensor::all() };
        let Some(Rows { indices, width }) = rows else {
            assert_eq!(gradient.len(), len, "a gradient is as long as its weight");
            return self.push(&all, tensor);
        };
        let is_within = indices.last().is_none_or(|&last| (last as usize + 1) * width <= len);
        assert!(is_within && indices.is_sorted_by(|a, b| a < b), "rows of a weight are in it, and ascend");
        assert_eq!(gradient.len(), indices.len() * width, "a gradient has the rows that take part");
        let uploaded = gpu.upload_bytes(bytemuck::cast_slice(indices));
        self.push(&all, Tensor { rows: uploaded.address, width: width as i64, ..tensor });
        self.rows.push(uploaded);
    }

    fn number_of(&mut self, rate: [f64; 2]) -> usize {
        let known = self.rates.iter().position(|known| *known == rate);
        known.unwrap_or_else(|| {
            assert!(self.rates.len() < RATES, "weights of one step have at most {RATES} rates and decays");
            self.rates.push(rate);
            self.rates.len() - 1
        })
    }

    /// All rates and decays, as kernels take them.
    pub(super) fn rates(&self) -> [[f64; 2]; RATES] {
        std::array::from_fn(|number| self.rates.get(number).copied().unwrap_or_default())
    }

    fn push(&mut self, buffers: &[&Buffer], tensor: Tensor) {
        let mut at = [0; 4];
        for (at, buffer) in at.iter_mut().zip(buffers) {
            assert_eq!(buffer.element(), Element::Float32, "parameters and their gradients are float32");
            *at = buffer.address;
        }
        let (number, chunks) = (self.all.len() as u32, (tensor.count as usize).div_ceil(CHUNK));
        self.chunks.extend((0..chunks).map(|chunk| [number, chunk as u32]));
        self.all.push(Tensor { at, ..tensor });
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
