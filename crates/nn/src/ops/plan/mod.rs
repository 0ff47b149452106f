//! What a correlation reads where: frames, positions, taps and weights.
//!
//! Forward convolutions and gradients to inputs are both correlations; dense and grouped ones differ in how taps are
//! laid out and in the kernel that carries the plan out.

mod geometry;

use std::sync::Arc;

use rayon::prelude::*;

use geometry::Backward;
pub(super) use geometry::Geometry;

use super::{
    Convolution, elementwise,
    frame::{self, Frame},
    pieces::{self, Cut, Piece},
    source::Source,
};
use crate::{
    backend::{MapShape, Maps},
    cpu::{Cpu, CpuBuffer},
};

/// Output positions with the same taps.
#[derive(Debug)]
pub(super) struct Class {
    /// Where each position's taps begin in the frames, and where its output lies in the piece; in the order of the
    /// latter, for a piece of full size.
    pub(super) positions: Vec<[u32; 2]>,
    /// Offsets of runs of taps that are contiguous in a frame.
    pub(super) segments: Vec<usize>,
    /// Length of each run.
    pub(super) run: usize,
    /// The weights, as the kernel wants them.
    pub(super) weights: CpuBuffer,
}

impl Class {
    /// The positions that lie in a piece, which may be smaller than the others if it is the last.
    pub(super) fn positions_within(&self, out_len: usize) -> &[[u32; 2]] {
        &self.positions[..self.positions.partition_point(|position| (position[1] as usize) < out_len)]
    }
}

/// One class of one piece: what a kernel is given.
pub(super) struct Task<'a> {
    /// The frames of the piece.
    pub(super) frame: &'a [f32],
    /// The outputs of the piece.
    pub(super) out: &'a mut [f32],
    pub(super) class: &'a Class,
    /// Output channels.
    pub(super) channels: usize,
    /// Whether to add to `out` rather than to write it.
    pub(super) add: bool,
}

/// How to compute one output from one source.
#[derive(Debug)]
pub(super) struct Plan {
    classes: Vec<Class>,
    /// The output; for linear layers the channels of all positions are one.
    output: MapShape,
    cut: Cut,
    /// The frame of a piece that begins at row 0.
    frame: Frame,
    /// Source rows for output rows.
    row_ratio: (usize, usize),
    /// Whether pieces of the source can be read in place of frames.
    direct: bool,
    /// Copies of each frame, in each of which the channels of a group are turned by one more.
    turns: usize,
}

/// The taps of a class: their places in the kernel, ky·KW + kx, row by row, and how many a row has.
#[derive(Debug)]
pub(super) struct Taps {
    pub(super) places: Vec<usize>,
    pub(super) columns: usize,
}

impl Taps {
    fn new(rows: &[usize], columns: &[usize], width: usize) -> Self {
        let places = rows.iter().flat_map(|ky| columns.iter().map(move |kx| ky * width + kx)).collect();
        Self { places, columns: columns.len() }
    }

    fn rows(&self) -> usize {
        self.places.len().checked_div(self.columns).unwrap_or(0)
    }

    /// Segments and their length in frames of `channels`; of dense convolutions, whole rows of taps.
    fn runs(&self, frame: Frame, channels: usize, turns: Option<(usize, usize)>) -> (Vec<usize>, usize) {
        let row = frame.columns * channels;
        let Some((turns, frames_len)) = turns else {
            if self.columns == frame.columns {
                return (vec![0], self.places.len() * channels);
            }
            return ((0..self.rows()).map(|ky| ky * row).collect(), self.columns * channels);
        };
        let taps = (0..self.rows()).flat_map(|ky| (0..self.columns).map(move |kx| ky * row + kx * channels));
        let taps: Vec<usize> = taps.collect();
        ((0..turns).flat_map(|turn| taps.iter().map(move |tap| turn * frames_len + tap)).collect(), channels)
    }
}

/// Copies of the frames and the distance between them, where there are groups.
fn turned(conv: &Convolution, frame: Frame, cut: Cut, channels: usize) -> Option<(usize, usize)> {
    (conv.groups > 1).then(|| (conv.group_inputs(), frame.len(channels) * cut.images))
}

impl Plan {
    /// A forward convolution; `pack` brings its weights into order.
    pub(super) fn forward(conv: &Convolution, input: MapShape, pack: impl Fn(&Taps) -> CpuBuffer) -> Self {
        let geometry = Geometry::new(conv, input);
        let (taps, segments, run) = forward_taps(conv, &geometry);
        let class = Class { positions: geometry.positions(conv), segments, run, weights: pack(&taps) };
        let Geometry { output, cut, frame, direct } = geometry;
        let turns = conv.group_inputs_if_grouped();
        Self { classes: vec![class], output, cut, frame, row_ratio: (conv.stride, 1), direct, turns }
    }

    /// A gradient to the input: one class for each remainder of row and column modulo the stride.
    pub(super) fn backward(conv: &Convolution, input: MapShape, pack: impl Fn(&Taps) -> CpuBuffer) -> Self {
        let backward = Backward::new(conv, input);
        let Backward { cut, frame, .. } = backward;
        let mut classes = Vec::with_capacity(conv.stride * conv.stride);
        for y in 0..conv.stride {
            for x in 0..conv.stride {
                let (taps_y, taps_x) = (backward.rows.taps(y), backward.columns.taps(x));
                let taps = Taps::new(&taps_y, &taps_x, conv.kernel.1);
                let positions = backward.positions(conv, (y, taps_y.len()), (x, taps_x.len()));
                let (segments, run) = match taps.places.len() {
                    0 => (Vec::new(), 0),
                    _ => taps.runs(frame, conv.outputs, turned(conv, frame, cut, conv.outputs)),
                };
                classes.push(Class { positions, segments, run, weights: pack(&taps) });
            }
        }
        let pointwise = conv.kernel == (1, 1) && conv.stride == 1 && conv.padding == 0;
        let direct = pointwise && conv.groups == 1;
        let turns = conv.group_inputs_if_grouped();
        Self { classes, output: input, cut, frame, row_ratio: (1, conv.stride), direct, turns }
    }

    /// The gradient to the input of a linear layer: each image is one position, and all its places and channels are
    /// output channels.
    pub(super) fn linear_backward(conv: &Convolution, input: MapShape, weights: CpuBuffer) -> Self {
        let output = MapShape { count: input.count, height: 1, width: 1, channels: input.image_len() };
        let cut = Cut { images: 8.min(input.count), rows: 1 };
        let positions = (0..cut.images).map(|image| [image * conv.outputs, image * output.channels]);
        let positions = positions.map(|position| position.map(|at| at as u32)).collect();
        let class = Class { positions, segments: vec![0], run: conv.outputs, weights };
        let frame = Frame { top: 0, left: 0, rows: 1, columns: 1 };
        Self { classes: vec![class], output, cut, frame, row_ratio: (1, 1), direct: true, turns: 1 }
    }

    /// Runs `kernel` for every class of every piece. It writes maps of `shape`, or adds to `also`.
    pub(super) fn execute(
        &self,
        cpu: &Cpu,
        source: &Source<'_>,
        shape: MapShape,
        also: Option<Arc<Maps<Cpu>>>,
        kernel: impl Fn(Task<'_>) + Sync,
    ) -> Maps<Cpu> {
        let (add, channels) = (also.is_some(), self.output.channels);
        let mut maps = elementwise::owned_or_new(cpu, also, shape);
        let pieces = self.cut.pieces(self.output);
        let work = pieces::split(&mut maps.data, &pieces, self.output);
        work.into_par_iter().for_each(|(piece, out)| {
            let row = piece.row * self.row_ratio.0 / self.row_ratio.1;
            let at = Frame { top: self.frame.top + row as isize, ..self.frame };
            let frames = Frames { cut: self.cut, at, direct: self.direct, turns: self.turns };
            frames.with(cpu, source, piece, self.output, |frame| {
                for class in &self.classes {
                    kernel(Task { frame, out: &mut *out, class, channels, add });
                }
            });
        });
        maps
    }
}

/// Taps, segments and runs of a forward convolution.
pub(super) fn forward_taps(conv: &Convolution, geometry: &Geometry) -> (Taps, Vec<usize>, usize) {
    let all = |count: usize| (0..count).collect::<Vec<_>>();
    let taps = Taps::new(&all(conv.kernel.0), &all(conv.kernel.1), conv.kernel.1);
    let turned = turned(conv, geometry.frame, geometry.cut, conv.inputs);
    let (segments, run) = taps.runs(geometry.frame, conv.inputs, turned);
    (taps, segments, run)
}

/// The frames of one piece.
pub(super) struct Frames {
    pub(super) cut: Cut,
    pub(super) at: Frame,
    pub(super) direct: bool,
    pub(super) turns: usize,
}

impl Frames {
    /// Calls `use_frames` with the frames of `piece`, copied only where they must be.
    pub(super) fn with(
        &self,
        cpu: &Cpu,
        source: &Source<'_>,
        piece: Piece,
        output: MapShape,
        use_frames: impl FnOnce(&[f32]),
    ) {
        let shape = source.shape;
        if self.direct && source.affine.is_none() {
            let whole = shape.image_len();
            // A piece of a linear layer's input is whole images, whatever their rows.
            let range = if shape.height == output.height {
                piece.range(shape)
            } else {
                piece.image * whole..(piece.image + piece.images) * whole
            };
            return use_frames(&source.data[range]);
        }
        let len = self.at.len(shape.channels) * self.cut.images;
        let mut frames = cpu.take(len * self.turns);
        frame::fill(cpu.kernels(), source, piece.image, piece.images, self.at, &mut frames[..len]);
        if self.turns > 1 {
            frame::turn(&mut frames, len, self.turns);
        }
        use_frames(&frames);
    }
}
