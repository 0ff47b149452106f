//! Batch norm as one scale and one shift, and its gradients with those of the PReLU that follows it.
//!
//! - scale = γ / √(σ² + ε), shift = β - μ·scale, a = scale·y + shift; z = a if a > 0, else slope·a
//! - da = dz if a > 0, else slope·dz; dslope = Σ dz·a over a ≤ 0; dβ = Σ da; dγ = Σ da·(y - μ) / √(σ² + ε)
//! - dy = scale·(da - dβ/n - (y - μ)·Σ da·(y - μ) / (n·(σ² + ε)))
//!
//! Two passes over the maps: one for the sums, one for the gradient.

use super::{Affine, View};
use crate::{Buffer, Element, Gpu, gpu::Arg, times::Work};

/// Added to the variance, as InsightFace does.
const EPSILON: f32 = 1e-5;

/// What a batch norm's backward needs from its forward.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    /// The input of the normalisation.
    pub input: &'a Buffer,
    /// What was applied to it.
    pub affine: Affine<'a>,
    /// Each channel's mean.
    pub mean: &'a Buffer,
    /// Each channel's variance, divided by n.
    pub variance: &'a Buffer,
}

/// Where a batch norm's backward writes the gradients of its parameters, float32.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// Of the scale; none where it is frozen.
    pub weight: Option<&'a mut Buffer>,
    /// Of the shift.
    pub bias: &'a mut Buffer,
    /// Of PReLU's slope.
    pub slope: Option<&'a mut Buffer>,
}

/// scale = weight / √(variance + ε) and shift = bias - mean·scale, ε = 1e-5; all float32.
pub fn scale_and_shift(
    gpu: &Gpu,
    [mean, variance]: [&Buffer; 2],
    weight: &Buffer,
    bias: &Buffer,
) -> [Buffer; 2] {
    let channels = mean.len();
    let _time = gpu.operator("batch norm, statistics", || Work::on(&[mean; 6]));
    let [scale, shift] = [(); 2].map(|()| gpu.take(channels, Element::Float32));
    let buffers = [mean, variance, weight, bias, &scale, &shift].map(Arg::Buffer);
    let arguments = [&buffers[..], &[Arg::Float(EPSILON), Arg::Int(channels as i32)]].concat();
    gpu.launch("scale_and_shift", gpu.over(channels), &arguments);
    [scale, shift]
}

/// running ← (1 - momentum)·running + momentum·factor·batch, float32.
pub fn update_running(gpu: &Gpu, running: &mut Buffer, batch: &Buffer, momentum: f32, factor: f32) {
    let _time = gpu.operator("batch norm, statistics", || Work::on(&[running, running, batch]));
    let (kept, gained) = (Arg::Float(1.0 - momentum), Arg::Float(momentum * factor));
    let arguments = [Arg::Buffer(running), Arg::Buffer(batch), kept, gained, Arg::Int(running.len() as i32)];
    gpu.launch("update_running", gpu.over(running.len()), &arguments);
}

/// The gradient to the input of a batch norm with its PReLU, in training, written to `d_input`, which may be
/// `d_output`; `also` is added to it.
pub fn backward(
    gpu: &Gpu,
    state: &State<'_>,
    d_output: &Buffer,
    also: Option<&Buffer>,
    gradients: Gradients<'_>,
    d_input: &Buffer,
) {
    let input = View { data: state.input, channels: state.mean.len(), affine: Some(state.affine) };
    // Twice what both passes read: the sums must be known before the first number is written.
    let twice = [state.input, d_output, state.input, d_output, d_input];
    let moved = || Work::on(&[&twice[..], also.as_slice()].concat());
    let _time = gpu.operator("batch norm and PReLU, backward", moved);
    let factors = factors(gpu, state, input, d_output, gradients);
    let sizes = input.sizes();
    let others = [
        Arg::Buffer(state.mean),
        Arg::Buffer(&factors),
        Arg::Buffer(d_output),
        Arg::Maybe(also),
        Arg::Buffer(d_input),
    ];
    let arguments = [&input.arguments()[..], &others, &sizes.arguments()].concat();
    gpu.launch("norm_backward", sizes.grid(gpu), &arguments);
}

/// Writes the gradients of the parameters; what of the sums the gradient to the input needs.
fn factors(
    gpu: &Gpu,
    state: &State<'_>,
    input: View<'_>,
    d_output: &Buffer,
    Gradients { weight, bias, slope }: Gradients<'_>,
) -> Buffer {
    let sizes = input.sizes();
    let (grid, parts) = sizes.parts(gpu, 3);
    let others = [state.mean, d_output, &parts].map(Arg::Buffer);
    gpu.launch("norm_parts", grid, &[&input.arguments()[..], &others, &sizes.arguments()].concat());

    let factors = gpu.take(2 * sizes.channels, Element::Float32);
    let arguments = [
        Arg::Buffer(&parts),
        Arg::Int(grid.blocks[0].cast_signed()),
        Arg::Buffer(state.affine.scale),
        Arg::Buffer(state.variance),
        Arg::Maybe(weight.as_deref()),
        Arg::Buffer(bias),
        Arg::Maybe(slope.as_deref()),
        Arg::Buffer(&factors),
        Arg::Float(EPSILON),
    ];
    gpu.launch("norm_factors", sizes.over_parts(gpu), &[&arguments[..], &sizes.arguments()].concat());
    factors
}
