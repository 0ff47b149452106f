//! Frames, positions and taps of a convolution: forward (and for the gradient to the weight), and backward.

use super::Frames;
use crate::{
    backend::MapShape,
    ops::{
        Convolution,
        frame::Frame,
        pieces::{Cut, Piece},
    },
};

/// Numbers in the frames of a piece: half of a usual second-level cache, beside the weights.
const BUDGET: usize = 64 * 1024;

/// How the input of a convolution is cut and framed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Geometry {
    pub(crate) output: MapShape,
    pub(crate) cut: Cut,
    pub(crate) frame: Frame,
    pub(crate) direct: bool,
}

impl Geometry {
    pub(crate) fn new(conv: &Convolution, input: MapShape) -> Self {
        let output = conv.output(input);
        let (height, width) = conv.kernel;
        let columns = (output.width - 1) * conv.stride + width;
        let mut cut = Cut::new(output, columns * conv.stride * conv.inputs, BUDGET, 1);
        if conv.covers(input) {
            // One position an image: enough of them for the weights, which are many, to be read seldom.
            cut = Cut { images: cut.images.max(8).min(output.count), rows: 1 };
        }
        let rows = (cut.rows - 1) * conv.stride + height;
        let padding = -(conv.padding as isize);
        let frame = Frame { top: padding, left: padding, rows, columns };
        let pointwise = conv.kernel == (1, 1) && conv.stride == 1 && conv.padding == 0;
        let direct = conv.group_inputs() == 1 || conv.groups == 1;
        Self { output, cut, frame, direct: direct && (pointwise || conv.covers(input)) }
    }

    /// The frames of `piece`.
    pub(crate) fn frames(&self, conv: &Convolution, piece: Piece) -> Frames {
        let Self { cut, frame, direct, .. } = *self;
        let at = Frame { top: frame.top + (piece.row * conv.stride) as isize, ..frame };
        Frames { cut, at, direct, turns: conv.group_inputs_if_grouped() }
    }

    /// Where each position of a full piece begins in the frames and in the output.
    pub(crate) fn positions(&self, conv: &Convolution) -> Vec<[u32; 2]> {
        let Self { output, cut, frame, .. } = self;
        let mut positions = Vec::with_capacity(cut.images * cut.rows * output.width);
        for image in 0..cut.images {
            for row in 0..cut.rows {
                for column in 0..output.width {
                    let place =
                        (image * frame.rows + row * conv.stride) * frame.columns + column * conv.stride;
                    let out = positions.len() * output.channels;
                    positions.push([(place * conv.inputs) as u32, out as u32]);
                }
            }
        }
        positions
    }
}

/// How the gradient to a convolution's output is cut and framed for the gradient to its input.
#[derive(Debug)]
pub(super) struct Backward {
    pub(super) cut: Cut,
    pub(super) frame: Frame,
    pub(super) rows: Axis,
    pub(super) columns: Axis,
    width: usize,
}

impl Backward {
    pub(super) fn new(conv: &Convolution, input: MapShape) -> Self {
        let (rows, columns) = (Axis::new(conv, conv.kernel.0), Axis::new(conv, conv.kernel.1));
        let frame_columns = columns.frame_len(input.width);
        let cut = Cut::new(input, frame_columns * conv.outputs, BUDGET, conv.stride);
        let (top, left) = (rows.first, columns.first);
        let frame = Frame { top, left, rows: rows.frame_len(cut.rows), columns: frame_columns };
        Self { cut, frame, rows, columns, width: input.width }
    }

    /// Positions ≡ (`first_row`, `first_column`) of a full piece, with so many taps.
    pub(super) fn positions(
        &self,
        conv: &Convolution,
        (first_row, taps_y): (usize, usize),
        (first_column, taps_x): (usize, usize),
    ) -> Vec<[u32; 2]> {
        let mut positions = Vec::new();
        for image in 0..self.cut.images {
            for y in (first_row..self.cut.rows).step_by(conv.stride) {
                for x in (first_column..self.width).step_by(conv.stride) {
                    let row = image * self.frame.rows + self.rows.start(y, taps_y);
                    let place = row * self.frame.columns + self.columns.start(x, taps_x);
                    let out = ((image * self.cut.rows + y) * self.width + x) * conv.inputs;
                    positions.push([(place * conv.outputs) as u32, out as u32]);
                }
            }
        }
        positions
    }
}

/// Which outputs and taps reach an input position, along one axis.
#[derive(Debug)]
pub(super) struct Axis {
    kernel: usize,
    stride: usize,
    padding: usize,
    /// The first output position that the frame shows.
    first: isize,
}

impl Axis {
    fn new(conv: &Convolution, kernel: usize) -> Self {
        let most_taps = kernel.div_ceil(conv.stride);
        let first = (conv.padding / conv.stride) as isize - (most_taps as isize - 1);
        Self { kernel, stride: conv.stride, padding: conv.padding, first }
    }

    /// Output positions that `len` input positions from a multiple of the stride on need.
    fn frame_len(&self, len: usize) -> usize {
        let shown = (len - 1 + self.padding) / self.stride + 1 - self.padding / self.stride;
        shown + self.kernel.div_ceil(self.stride) - 1
    }

    /// The taps that reach input positions ≡ `at`, in the order of the output positions they come from.
    pub(super) fn taps(&self, at: usize) -> Vec<usize> {
        let mut taps: Vec<usize> =
            ((at + self.padding) % self.stride..self.kernel).step_by(self.stride).collect();
        taps.reverse();
        taps
    }

    /// Where the first of the `taps` of input position `at` comes from, in the frame. Without taps the place is
    /// never read.
    fn start(&self, at: usize, taps: usize) -> usize {
        let last = ((at + self.padding) / self.stride) as isize;
        (last + 1 - taps as isize - self.first) as usize
    }
}
