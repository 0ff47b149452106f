//! Dense convolution: forward, gradient to the input and gradient to the weight.
//!
//! With z the input with its normalisation applied and taps t = (ky, kx), see [`Convolution`]:
//!
//! - y\[p, o\] = Σ over t, i of w\[o, i, t\] · z\[p·stride + t - padding, i\]
//! - dz\[u, i\] = Σ over t, o of w\[o, i, t\] · dy\[(u + padding - t) / stride, o\], over the t for which that divides.
//!   The u of one remainder modulo the stride have the same t: stride² classes, each an ordinary correlation.
//! - dw\[o, i, t\] = Σ over p of dy\[p, o\] · z\[p·stride + t - padding, i\]
//!
//! The first two are correlations of frames (`plan`, `correlate`) with packed weights (`pack`); the third sums outer
//! products (`outer`). Each output's sum runs in one order, whatever the cut into pieces.
//!
//! In evaluation a batch norm and its PReLU are folded into the convolution before them: they are applied to the sums
//! in registers.

mod correlate;
mod outer;
mod pack;
mod weight;

use std::sync::Arc;

use self::{correlate::Correlate, pack::Layout};
use super::{
    Convolution,
    plan::Plan,
    source::{AffineRef, Source},
};
use crate::{
    backend::{Activation, Affine, MapShape, Maps},
    cpu::{Cpu, CpuBuffer},
};

pub(crate) use weight::backward_weight;

/// See [`crate::Backend::conv2d`].
pub(crate) fn forward(
    cpu: &Cpu,
    input: &Activation<Cpu>,
    weight: &CpuBuffer,
    conv: &Convolution,
    affine: Option<&Affine<Cpu>>,
) -> Maps<Cpu> {
    let affine = affine.map(AffineRef::from);
    let plan = Plan::forward(conv, input.shape(), |taps| Layout::forward(conv, taps).pack(cpu, weight));
    plan.execute(cpu, &Source::from(input), conv.output(input.shape()), None, |task| {
        cpu.kernels().run(Correlate { task, affine });
    })
}

/// See [`crate::Backend::conv2d_backward_input`].
pub(crate) fn backward_input(
    cpu: &Cpu,
    d_output: &Maps<Cpu>,
    weight: &CpuBuffer,
    conv: &Convolution,
    input: MapShape,
    also: Option<Arc<Maps<Cpu>>>,
) -> Maps<Cpu> {
    let plan = if conv.covers(input) {
        Plan::linear_backward(conv, input, Layout::linear_backward(conv).pack(cpu, weight))
    } else {
        Plan::backward(conv, input, |taps| Layout::backward(conv, taps).pack(cpu, weight))
    };
    plan.execute(cpu, &Source::from(d_output), input, also, |task| {
        cpu.kernels().run(Correlate { task, affine: None });
    })
}
