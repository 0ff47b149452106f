//! Convolutions by candle's, which are N×C×H×W, and their gradients by two more of them:
//!
//! - dx: the transposed convolution of dy, over the padded image; each group by itself, as candle's knows none
//! - dw\[o, i\]: the correlation of channel i of x with dy's channel o as a kernel that is dilated by the stride
//!
//! candle's own gradient of a strided convolution makes an image of one size too few or too many where rows and columns leave
//! different remainders. Here both are cut, or filled with zeros, to what they must be.

use candle_core::{Result, Tensor};

use crate::{backend::MapShape, ops::Convolution};

pub(super) fn forward(x: &Tensor, weight: &Tensor, conv: &Convolution) -> Result<Tensor> {
    let weight = weight.reshape(conv.weight_shape())?;
    let y = channels_first(x)?.conv2d(&weight, conv.padding, conv.stride, 1, conv.groups)?;
    channels_last(&y)
}

/// Of an input of shape `input`.
pub(super) fn backward_input(
    d_output: &Tensor,
    weight: &Tensor,
    conv: &Convolution,
    input: MapShape,
) -> Result<Tensor> {
    let weights = weight.reshape(conv.weight_shape())?.chunk(conv.groups, 0)?;
    let d_outputs = channels_first(d_output)?.chunk(conv.groups, 1)?;
    let group = |(d, weight): (&Tensor, &Tensor)| {
        d.contiguous()?.conv_transpose2d(&weight.contiguous()?, 0, 0, conv.stride, 1)
    };
    let padded = Tensor::cat(&d_outputs.iter().zip(&weights).map(group).collect::<Result<Vec<_>>>()?, 1)?;
    let rows = unpad(&padded, 2, conv.padding, input.height)?;
    channels_last(&unpad(&rows, 3, conv.padding, input.width)?)
}

/// The image's part of a padded image, which lacks what no output sees.
fn unpad(padded: &Tensor, dim: usize, padding: usize, size: usize) -> Result<Tensor> {
    let unseen = (padding + size).saturating_sub(padded.dim(dim)?);
    padded.pad_with_zeros(dim, 0, unseen)?.narrow(dim, padding, size)
}

/// Flat.
pub(super) fn backward_weight(x: &Tensor, d_output: &Tensor, conv: &Convolution) -> Result<Tensor> {
    let inputs = channels_first(x)?.chunk(conv.groups, 1)?;
    let d_outputs = channels_first(d_output)?.chunk(conv.groups, 1)?;
    let group = |(x, d): (&Tensor, &Tensor)| {
        let [x, d] = [x.transpose(0, 1)?.contiguous()?, d.transpose(0, 1)?.contiguous()?];
        // I×O×KH×KW, and more where the stride leaves rows or columns of the image unseen.
        let all = x.conv2d(&d, conv.padding, 1, conv.stride, 1)?;
        all.narrow(2, 0, conv.kernel.0)?.narrow(3, 0, conv.kernel.1)?.transpose(0, 1)?.contiguous()
    };
    Tensor::cat(&inputs.iter().zip(&d_outputs).map(group).collect::<Result<Vec<_>>>()?, 0)?.flatten_all()
}

fn channels_first(tensor: &Tensor) -> Result<Tensor> {
    tensor.permute((0, 3, 1, 2))?.contiguous()
}

fn channels_last(tensor: &Tensor) -> Result<Tensor> {
    tensor.permute((0, 2, 3, 1))?.contiguous()
}
