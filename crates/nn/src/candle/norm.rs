//! Batch norm, PReLU, and sums over the positions of each channel, which are taken in float64.

use candle_core::{DType, Result, Tensor};

use super::{
    Candle,
    maps::{scale, view},
};
use crate::{
    backend::{Maps, Moments, NormState},
    ops::batch_norm::EPSILON,
};

/// What a batch norm's backward gives.
pub(super) struct Gradients {
    pub(super) input: Tensor,
    pub(super) weight: Tensor,
    pub(super) bias: Tensor,
    pub(super) slope: Option<Tensor>,
}

/// (N·H·W)×C, float64.
fn positions(tensor: &Tensor, channels: usize) -> Result<Tensor> {
    double(&tensor.reshape(((), channels))?)
}

fn double(tensor: &Tensor) -> Result<Tensor> {
    tensor.to_dtype(DType::F64)
}

fn single(tensor: &Tensor) -> Result<Tensor> {
    tensor.to_dtype(DType::F32)
}

pub(super) fn channel_sums(maps: &Maps<Candle>) -> Result<Tensor> {
    single(&positions(&maps.data, maps.shape.channels)?.sum(0)?)
}

pub(super) fn moments(maps: &Maps<Candle>) -> Result<Moments<Candle>> {
    let y = positions(&maps.data, maps.shape.channels)?;
    let mean = y.mean(0)?;
    let variance = y.broadcast_sub(&mean)?.sqr()?.mean(0)?;
    Ok(Moments { mean: single(&mean)?, variance: single(&variance)? })
}

/// Scale and shift.
pub(super) fn affine([mean, variance, weight, bias]: [&Tensor; 4]) -> Result<[Tensor; 2]> {
    let scale = (weight / (variance + f64::from(EPSILON))?.sqrt()?)?;
    let shift = (bias - (mean * &scale)?)?;
    Ok([scale, shift])
}

pub(super) fn backward(
    state: &NormState<'_, Candle>,
    d_output: &Maps<Candle>,
    also: Option<&Maps<Candle>>,
) -> Result<Gradients> {
    let NormState { input, moments, affine } = *state;
    let (count, channels) = (input.shape.positions() as f64, input.shape.channels);
    let d = positions(&d_output.data, channels)?;
    let (da, slope) = match &affine.slope {
        None => (d, None),
        Some(slope) => {
            // In float32, so that each number is on that side of 0 where forward had it.
            let a = scale(&view(input)?, affine)?;
            let [da, d_slope] = through_prelu(&positions(&a, channels)?, &double(slope)?, &d)?;
            (da, Some(single(&d_slope)?))
        }
    };
    let centred = positions(&input.data, channels)?.broadcast_sub(&double(&moments.mean)?)?;
    let variance = (double(&moments.variance)? + f64::from(EPSILON))?;
    let (bias, product) = (da.sum(0)?, (&da * &centred)?.sum(0)?);
    let along = centred.broadcast_mul(&((&product / &variance)? / count)?)?;
    let dy = (da.broadcast_sub(&(&bias / count)?)? - along)?.broadcast_mul(&double(&affine.scale)?)?;
    let dy = also.map_or(Ok(dy.clone()), |also| dy + positions(&also.data, channels)?)?;
    let weight = single(&(product / variance.sqrt()?)?)?;
    Ok(Gradients { input: single(&dy)?, weight, bias: single(&bias)?, slope })
}

/// The gradients to the input and the slope of a PReLU alone.
pub(super) fn prelu_backward(
    input: &Maps<Candle>,
    slope: &Tensor,
    d_output: &Maps<Candle>,
) -> Result<[Tensor; 2]> {
    let [x, d] = [input, d_output].map(|maps| positions(&maps.data, maps.shape.channels));
    let [dx, d_slope] = through_prelu(&x?, &double(slope)?, &d?)?;
    Ok([single(&dx)?, single(&d_slope)?])
}

/// da, and of each channel the gradient to its slope.
fn through_prelu(a: &Tensor, slope: &Tensor, d: &Tensor) -> Result<[Tensor; 2]> {
    let positive = a.gt(0_f64)?;
    let da = positive.where_cond(d, &d.broadcast_mul(slope)?)?;
    let d_slope = positive.where_cond(&d.zeros_like()?, &(d * a)?)?.sum(0)?;
    Ok([da, d_slope])
}
