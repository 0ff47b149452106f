//! Convolution in groups with as many output as input channels; depthwise where each channel is a group.
//!
//! With groups of g channels, c's group at b(c) and cᵣ = b(c) + (c + r) mod g the channel r further in it:
//!
//! - y\[p, c\] = Σ over r < g, t of w\[c, cᵣ - b, t\] · zᵣ\[p·stride + t - padding, c\], zᵣ\[·, c\] = z\[·, cᵣ\]
//! - dz\[u, c\] = Σ over r, t of w\[cᵣ, c - b, t\] · dyᵣ\[(u + padding - t) / stride, c\]
//! - dw\[c, cᵣ - b, t\] = Σ over p of dy\[p, c\] · zᵣ\[p·stride + t - padding, c\]
//!
//! So a grouped convolution is a depthwise one over g times the taps, of copies whose channels are turned in their
//! groups. Vectors run over channels.

mod correlate;
mod weight;

use std::sync::Arc;

use correlate::Correlate;
pub(crate) use weight::backward_weight;

use super::{
    Convolution,
    plan::{Plan, Taps},
    source::{AffineRef, Source},
};
use crate::{
    backend::{Activation, Affine, MapShape, Maps},
    cpu::{Cpu, CpuBuffer},
};

/// See [`crate::Backend::conv2d`].
pub(crate) fn forward(
    cpu: &Cpu,
    input: &Activation<Cpu>,
    weight: &CpuBuffer,
    conv: &Convolution,
    affine: Option<&Affine<Cpu>>,
) -> Maps<Cpu> {
    let affine = affine.map(AffineRef::from);
    let plan = Plan::forward(conv, input.shape(), |taps| pack(cpu, weight, &forward_places(conv, taps)));
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
    let plan = Plan::backward(conv, input, |taps| pack(cpu, weight, &backward_places(conv, taps)));
    plan.execute(cpu, &Source::from(d_output), input, also, |task| {
        cpu.kernels().run(Correlate { task, affine: None });
    })
}

fn pack(cpu: &Cpu, weight: &[f32], places: &[usize]) -> CpuBuffer {
    let mut packed = cpu.take(places.len());
    for (out, place) in packed.iter_mut().zip(places) {
        *out = weight[*place];
    }
    packed
}

/// Where the weights of (r, t, c) lie in PyTorch's order: w\[c, cᵣ - b, t\].
fn forward_places(conv: &Convolution, taps: &Taps) -> Vec<usize> {
    places(conv, taps, |channel, turned| (channel, turned))
}

/// w\[cᵣ, c - b, t\].
fn backward_places(conv: &Convolution, taps: &Taps) -> Vec<usize> {
    places(conv, taps, |channel, turned| (turned, channel))
}

fn places(conv: &Convolution, taps: &Taps, order: impl Fn(usize, usize) -> (usize, usize)) -> Vec<usize> {
    let (width, per_weight) = (conv.group_inputs(), conv.kernel.0 * conv.kernel.1);
    let mut places = Vec::with_capacity(width * taps.places.len() * conv.inputs);
    for turn in 0..width {
        for tap in &taps.places {
            for channel in 0..conv.inputs {
                let group = channel / width * width;
                let (output, input) = order(channel, group + (channel + turn) % width);
                places.push((output * width + input % width) * per_weight + tap);
            }
        }
    }
    places
}
