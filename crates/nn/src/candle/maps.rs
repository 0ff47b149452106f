//! Operators that treat numbers, positions or images of feature maps by themselves.

use candle_core::{DType, Device, Result, Tensor};

use super::Candle;
use crate::{
    backend::{Activation, Affine, MapShape, Maps},
    ops::{DropoutMask, elementwise::LUMA},
};

/// N×H×W×C.
pub(super) fn view(maps: &Maps<Candle>) -> Result<Tensor> {
    let MapShape { count, height, width, channels } = maps.shape;
    maps.data.reshape((count, height, width, channels))
}

/// N×P×C, with the P positions of an image in one dimension.
fn by_image(tensor: &Tensor, shape: MapShape) -> Result<Tensor> {
    tensor.reshape((shape.count, shape.height * shape.width, shape.channels))
}

pub(super) fn images(device: &Device, pixels: &[u8], channels: usize) -> Result<Tensor> {
    let pixels = Tensor::from_slice(pixels, (pixels.len() / 3, 3), device)?.to_dtype(DType::F32)?;
    let values = if channels == 1 { luma(&pixels)? } else { pixels };
    (values / 127.5)? - 1.0
}

/// Rounded, and exact: all sums are whole numbers below 2²⁴.
fn luma(pixels: &Tensor) -> Result<Tensor> {
    let weights = Tensor::from_slice(&LUMA.map(|weight| weight as f32), 3, pixels.device())?;
    let sum = pixels.broadcast_mul(&weights)?.sum(1)?;
    ((sum + 32_768.0)? / 65_536.0)?.floor()
}

/// The maps with their normalisation applied.
pub(super) fn apply(input: &Activation<Candle>) -> Result<Tensor> {
    let y = view(&input.maps)?;
    let Some(affine) = &input.affine else { return Ok(y) };
    normalise(&y, affine)
}

pub(super) fn normalise(y: &Tensor, affine: &Affine<Candle>) -> Result<Tensor> {
    let a = scale(y, affine)?;
    let Some(slope) = &affine.slope else { return Ok(a) };
    a.gt(0_f32)?.where_cond(&a, &a.broadcast_mul(slope)?)
}

/// Without the PReLU. Rounded once, as by other devices: so a number is on the same side of 0.
pub(super) fn scale(y: &Tensor, affine: &Affine<Candle>) -> Result<Tensor> {
    let [y, scale, shift] = [y, &affine.scale, &affine.shift].map(|tensor| tensor.to_dtype(DType::F64));
    y?.broadcast_mul(&scale?)?.broadcast_add(&shift?)?.to_dtype(DType::F32)
}

pub(super) fn pool(input: &Activation<Candle>) -> Result<Tensor> {
    by_image(&apply(input)?, input.shape())?.mean(1)
}

pub(super) fn gate(input: &Activation<Candle>, gates: &Maps<Candle>) -> Result<Tensor> {
    apply(input)?.broadcast_mul(&view(gates)?)
}

pub(super) fn gate_backward_gates(input: &Activation<Candle>, d_output: &Maps<Candle>) -> Result<Tensor> {
    by_image(&(apply(input)? * view(d_output)?)?, input.shape())?.sum(1)
}

pub(super) fn gate_backward_input(
    d_output: &Maps<Candle>,
    gates: &Maps<Candle>,
    d_means: &Maps<Candle>,
) -> Result<Tensor> {
    let positions = (d_output.shape.height * d_output.shape.width) as f64;
    view(d_output)?.broadcast_mul(&view(gates)?)?.broadcast_add(&(view(d_means)? / positions)?)
}

/// By selection, as a minimum and a maximum may make a number of NaN.
pub(super) fn hard_sigmoid(x: &Tensor) -> Result<Tensor> {
    let line = x.affine(0.2, 0.5)?;
    let above = line.lt(0_f32)?.where_cond(&line.zeros_like()?, &line)?;
    above.gt(1_f32)?.where_cond(&above.ones_like()?, &above)
}

pub(super) fn hard_sigmoid_backward(x: &Tensor, d: &Tensor) -> Result<Tensor> {
    x.abs()?.lt(2.5_f32)?.where_cond(&d.affine(0.2, 0.0)?, &d.zeros_like()?)
}

pub(super) fn dropout(maps: &Maps<Candle>, mask: DropoutMask) -> Result<Tensor> {
    let first = mask.first.wrapping_mul(maps.shape.image_len() as u64);
    let kept = (1.0 / (1.0 - mask.rate)) as f32;
    let factor = |at: u64| {
        if mask.random.uniform(first.wrapping_add(at)) < mask.rate { 0.0 } else { kept }
    };
    let factors: Vec<f32> = (0..maps.shape.len() as u64).map(factor).collect();
    &maps.data * Tensor::from_vec(factors, maps.data.shape(), maps.data.device())?
}
