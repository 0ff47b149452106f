//! Batch norm with the PReLU that follows it, forward and backward.
//!
//! Over the n values y of one channel, with μ and σ² their mean and variance (divided by n) and x̂ = (y - μ) / √(σ² + ε):
//!
//! - a = γ·x̂ + β, written as scale·y + shift; z = a if a > 0, else slope·a
//! - da = dz if a > 0, else slope·dz; dslope = Σ dz·a over a ≤ 0
//! - dβ = Σ da; dγ = Σ da·x̂
//! - dy = γ / √(σ² + ε) · (da - dβ/n - x̂·dγ/n)
//!
//! a is computed again in backward from y, so that y is all that is kept. Running statistics follow with momentum
//! 0.1 and the variance divided by n - 1, as PyTorch's do. Sums are taken over chunks of positions whose size depends
//! on the shape alone, in float32, and over the chunks in float64, in order.

mod backward;
mod moments;

use std::sync::Arc;

pub(crate) use backward::backward;
pub(crate) use moments::moments;

use crate::{
    backend::{Affine, MapShape},
    cpu::{Cpu, CpuBuffer},
};

/// Added to the variance, as InsightFace does.
pub(crate) const EPSILON: f32 = 1e-5;

/// Positions of one chunk: 32 KiB, which stay in the first-level cache for a second pass.
fn chunk_positions(shape: MapShape) -> usize {
    (8192 / shape.channels).clamp(16, 1024)
}

/// See [`crate::Backend::affine`].
pub(crate) fn affine(
    cpu: &Cpu,
    mean: &CpuBuffer,
    variance: &CpuBuffer,
    weight: &CpuBuffer,
    bias: &CpuBuffer,
    slope: Option<Arc<CpuBuffer>>,
) -> Affine<Cpu> {
    let (mut scale, mut shift) = (cpu.take(mean.len()), cpu.take(mean.len()));
    for channel in 0..mean.len() {
        scale[channel] = weight[channel] / (variance[channel] + EPSILON).sqrt();
        shift[channel] = bias[channel] - mean[channel] * scale[channel];
    }
    Affine { scale, shift, slope }
}
