//! The gradient to the weight of a dense convolution.

use rayon::prelude::*;

use super::{outer::Outer, pack::Layout};
use crate::{
    backend::{Activation, Maps},
    cpu::{Cpu, CpuBuffer},
    ops::{
        Convolution,
        pieces::Piece,
        plan::{Geometry, forward_taps},
        source::Source,
    },
};

/// Tasks to aim at, and numbers in all partial sums together.
const TASKS: usize = 16;
const PARTIAL_BUDGET: usize = 1 << 19;

/// See [`crate::Backend::conv2d_backward_weight`].
///
/// Pieces are summed in at most 8 groups, and the groups one after the other: the order depends on shapes alone.
pub(crate) fn backward_weight(
    cpu: &Cpu,
    input: &Activation<Cpu>,
    d_output: &Maps<Cpu>,
    conv: &Convolution,
    d_weight: &mut CpuBuffer,
) {
    let lanes = cpu.kernels().lanes();
    let (job, layout) = Job::new(cpu, input, d_output, conv);
    let packed_len = layout.packed_len(lanes);
    let blocks = packed_len / layout.block_len(lanes);
    // Where there are many blocks of channels, tasks share these rather than the images: fewer sums to add up.
    let groups = (PARTIAL_BUDGET / packed_len).min(TASKS.div_ceil(blocks)).clamp(1, 8).min(job.pieces.len());
    let blocks_per_task = (blocks * groups).div_ceil(TASKS).clamp(1, blocks);

    let mut partial = cpu.take(groups * packed_len);
    let per_group = job.pieces.len().div_ceil(groups);
    let tasks = partial.chunks_exact_mut(packed_len).enumerate().flat_map(|(group, sums)| {
        let parts = sums.chunks_mut(blocks_per_task * layout.block_len(lanes)).enumerate();
        parts.map(move |(part, sums)| (group, part * blocks_per_task * 2 * lanes, sums))
    });
    let tasks: Vec<_> = tasks.collect();
    tasks.into_par_iter().for_each(|(group, first, sums)| {
        sums.fill(0.0);
        let pieces = job.pieces.iter().skip(group * per_group).take(per_group);
        pieces.for_each(|piece| job.add_piece(*piece, first, sums));
    });
    let (total, others) = partial.split_at_mut(packed_len);
    add_in_order(total, others, packed_len);
    layout.unpack(cpu, total, d_weight);
}

fn add_in_order(total: &mut [f32], others: &[f32], len: usize) {
    const CHUNK: usize = 4096;
    total.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, total)| {
        for other in others.chunks_exact(len) {
            for (total, other) in total.iter_mut().zip(&other[chunk * CHUNK..]) {
                *total += other;
            }
        }
    });
}

struct Job<'a> {
    cpu: &'a Cpu,
    source: Source<'a>,
    d_output: &'a Maps<Cpu>,
    conv: &'a Convolution,
    geometry: Geometry,
    positions: Vec<[u32; 2]>,
    segments: Vec<usize>,
    run: usize,
    pieces: Vec<Piece>,
}

impl<'a> Job<'a> {
    fn new(
        cpu: &'a Cpu,
        input: &'a Activation<Cpu>,
        d_output: &'a Maps<Cpu>,
        conv: &'a Convolution,
    ) -> (Self, Layout) {
        let geometry = Geometry::new(conv, input.shape());
        let (taps, segments, run) = forward_taps(conv, &geometry);
        let positions = geometry.positions(conv);
        let pieces = geometry.cut.pieces(geometry.output);
        let (source, layout) = (Source::from(input), Layout::forward(conv, &taps));
        (Self { cpu, source, d_output, conv, geometry, positions, segments, run, pieces }, layout)
    }

    fn add_piece(&self, piece: Piece, first: usize, sums: &mut [f32]) {
        let output = self.geometry.output;
        self.geometry.frames(self.conv, piece).with(self.cpu, &self.source, piece, output, |frame| {
            self.cpu.kernels().run(Outer {
                frame,
                d_output: &self.d_output.data[piece.range(output)],
                positions: &self.positions,
                segments: &self.segments,
                run: self.run,
                channels: output.channels,
                first,
                sums,
            });
        });
    }
}
