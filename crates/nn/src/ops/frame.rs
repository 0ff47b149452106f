//! Frames: copies of parts of images with zeros where they reach over the edge.
//!
//! The normalisation that is still to be applied is applied on the way; zeros lie outside of it, as padding does.

use pulp::{Simd, WithSimd};

use super::source::{AffineRef, Source};
use crate::cpu::{Kernels, Lanes, each_vector, prelu};

/// Which part of an image a frame shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    /// Its first row in the image; negative above it.
    pub(super) top: isize,
    /// Its first column in the image.
    pub(super) left: isize,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl Frame {
    /// Elements of a frame with so many channels.
    pub(super) fn len(&self, channels: usize) -> usize {
        self.rows * self.columns * channels
    }
}

/// Fills `out` with one frame of each of `images` images from `image` on.
pub(super) fn fill(
    kernels: Kernels,
    source: &Source<'_>,
    image: usize,
    images: usize,
    frame: Frame,
    out: &mut [f32],
) {
    let frame_len = frame.len(source.shape.channels);
    for (index, out) in out.chunks_exact_mut(frame_len).take(images).enumerate() {
        kernels.run(Fill { source, image: image + index, frame, out });
    }
}

/// After the frames, which are `len` long, copies in which the channels of a group of `width` are turned by 1, 2, …:
/// channel c of copy r is channel (c + r) of the same group.
pub(super) fn turn(frames: &mut [f32], len: usize, width: usize) {
    let (first, copies) = frames.split_at_mut(len);
    for (copy, turn) in copies.chunks_exact_mut(len).zip(1..) {
        if width == 2 {
            // A swap of neighbours, which the compiler knows how to do for several pairs at once.
            for (out, pair) in copy.as_chunks_mut::<2>().0.iter_mut().zip(first.as_chunks::<2>().0) {
                *out = [pair[1], pair[0]];
            }
            continue;
        }
        for (out, group) in copy.chunks_exact_mut(width).zip(first.chunks_exact(width)) {
            out[..width - turn].copy_from_slice(&group[turn..]);
            out[width - turn..].copy_from_slice(&group[..turn]);
        }
    }
}

struct Fill<'a> {
    source: &'a Source<'a>,
    image: usize,
    frame: Frame,
    out: &'a mut [f32],
}

impl Fill<'_> {
    /// The image's row that row `row` of the frame shows.
    fn row(&self, row: usize) -> Option<&[f32]> {
        let shape = self.source.shape;
        let y = self.frame.top + row as isize;
        let row_len = shape.width * shape.channels;
        let inside = (0..shape.height as isize).contains(&y);
        inside.then(|| &self.source.data[(self.image * shape.height + y as usize) * row_len..][..row_len])
    }
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (shape, frame) = (self.source.shape, self.frame);
        let channels = shape.channels;
        // The columns of the frame that lie inside the image.
        let from = (-frame.left).clamp(0, frame.columns as isize) as usize;
        let to = (shape.width as isize - frame.left).clamp(from as isize, frame.columns as isize) as usize;
        let first = ((from as isize + frame.left) as usize).min(shape.width);
        let out = std::mem::take(&mut self.out);
        for (index, out) in out.chunks_exact_mut(frame.columns * channels).enumerate() {
            let Some(row) = self.row(index) else {
                out.fill(0.0);
                continue;
            };
            out[..from * channels].fill(0.0);
            out[to * channels..].fill(0.0);
            let inside = &mut out[from * channels..to * channels];
            let row = &row[first * channels..][..inside.len()];
            match self.source.affine {
                None => inside.copy_from_slice(row),
                Some(affine) => transform(simd, row, affine, inside),
            }
        }
    }
}

/// `affine` of rows of channels.
#[inline(always)]
pub(super) fn transform<S: Simd>(simd: S, input: &[f32], affine: AffineRef<'_>, out: &mut [f32]) {
    let channels = affine.scale.len();
    each_vector!(S, channels, lanes => {
        let vectors = affine.vectors(simd, lanes);
        for start in (0..out.len()).step_by(channels) {
            let z = vectors.apply(simd, lanes.load(simd, input, start));
            lanes.store(simd, out, start, z);
        }
    });
}

/// One vector of each factor of an affine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vectors<S: Simd> {
    pub(super) scale: S::f32s,
    pub(super) shift: S::f32s,
    pub(super) slope: Option<S::f32s>,
}

impl AffineRef<'_> {
    #[inline(always)]
    pub(super) fn vectors<S: Simd, const FULL: bool>(&self, simd: S, lanes: Lanes<FULL>) -> Vectors<S> {
        Vectors {
            scale: lanes.load(simd, self.scale, 0),
            shift: lanes.load(simd, self.shift, 0),
            slope: lanes.load_if_any(simd, self.slope),
        }
    }
}

impl<S: Simd> Vectors<S> {
    #[inline(always)]
    pub(super) fn apply(&self, simd: S, y: S::f32s) -> S::f32s {
        let z = simd.mul_add_e_f32s(y, self.scale, self.shift);
        match self.slope {
            None => z,
            Some(slope) => prelu(simd, z, slope),
        }
    }
}
