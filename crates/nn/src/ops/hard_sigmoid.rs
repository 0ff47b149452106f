//! A sigmoid of three straight lines, as Keras has it and GhostFaceNets with it.
//!
//! - y = min(max(x/5 + 1/2, 0), 1)
//! - dx = dy/5 where -2.5 < x < 2.5, else 0
//!
//! It stands behind layers of one position an image, which are small: no threads.

use pulp::{Simd, WithSimd};

use crate::{
    backend::Maps,
    cpu::{Cpu, each_vector},
};

/// The slope in the middle.
const SLOPE: f32 = 0.2;
/// Where it ends, on both sides.
const END: f32 = 2.5;

/// See [`crate::Backend::hard_sigmoid`].
pub(crate) fn forward(cpu: &Cpu, input: &Maps<Cpu>) -> Maps<Cpu> {
    let mut maps = cpu.take_maps(input.shape);
    cpu.kernels().run(Forward { x: &input.data, out: &mut maps.data });
    maps
}

/// See [`crate::Backend::hard_sigmoid_backward`].
pub(crate) fn backward(cpu: &Cpu, input: &Maps<Cpu>, mut d_output: Maps<Cpu>) -> Maps<Cpu> {
    cpu.kernels().run(Backward { x: &input.data, d: &mut d_output.data });
    d_output
}

struct Forward<'a> {
    x: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let [slope, half, one] = [SLOPE, 0.5, 1.0].map(|number| simd.splat_f32s(number));
        let zero = simd.splat_f32s(0.0);
        each_vector!(S, self.x.len(), lanes => {
            let line = simd.mul_add_e_f32s(lanes.load(simd, self.x, 0), slope, half);
            // No minimum and maximum, which may make a number of NaN.
            let above = simd.select_f32s(simd.less_than_f32s(line, zero), zero, line);
            let between = simd.select_f32s(simd.greater_than_f32s(above, one), one, above);
            lanes.store(simd, self.out, 0, between);
        });
    }
}

struct Backward<'a> {
    x: &'a [f32],
    d: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let [slope, end, zero] = [SLOPE, END, 0.0].map(|number| simd.splat_f32s(number));
        each_vector!(S, self.x.len(), lanes => {
            let inside = simd.less_than_f32s(simd.abs_f32s(lanes.load(simd, self.x, 0)), end);
            let along = simd.mul_f32s(lanes.load(simd, self.d, 0), slope);
            lanes.store(simd, self.d, 0, simd.select_f32s(inside, along, zero));
        });
    }
}
