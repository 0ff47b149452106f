//! The gradients of a PReLU without a batch norm before it. Forward, whoever reads the maps applies it on the way.
//!
//! - z = x if x > 0, else slope·x
//! - dx = dz if x > 0, else slope·dz
//! - dslope\[c\] = Σ of dz·x over x ≤ 0
//!
//! It stands between layers of one position an image, which are small: no threads.

use pulp::{Simd, WithSimd};

use crate::{
    backend::Maps,
    cpu::{Cpu, CpuBuffer, each_vector},
};

/// See [`crate::Backend::prelu_backward`].
pub(crate) fn backward(
    cpu: &Cpu,
    input: &Maps<Cpu>,
    slope: &CpuBuffer,
    mut d_output: Maps<Cpu>,
    d_slope: &mut CpuBuffer,
) -> Maps<Cpu> {
    cpu.kernels().run(Backward { x: &input.data, slope, d: &mut d_output.data, d_slope });
    d_output
}

struct Backward<'a> {
    x: &'a [f32],
    slope: &'a [f32],
    d: &'a mut [f32],
    d_slope: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let zero = simd.splat_f32s(0.0);
        each_vector!(S, self.slope.len(), lanes => {
            let slope = lanes.load(simd, self.slope, 0);
            let mut sum = zero;
            for start in (0..self.x.len()).step_by(self.slope.len()) {
                let (x, d) = (lanes.load(simd, self.x, start), lanes.load(simd, self.d, start));
                let positive = simd.greater_than_f32s(x, zero);
                let lost = simd.select_f32s(positive, zero, simd.mul_f32s(d, x));
                sum = simd.add_f32s(sum, lost);
                lanes.store(simd, self.d, start, simd.select_f32s(positive, d, simd.mul_f32s(d, slope)));
            }
            lanes.store(simd, self.d_slope, 0, sum);
        });
    }
}
