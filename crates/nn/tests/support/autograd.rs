//! What tests of operators against candle's autograd share.

use arclab_nn::MapShape;
use candle_core::{Device, Result, Tensor};

/// N×H×W×C numbers as candle's N×C×H×W.
pub(crate) fn tensor(shape: MapShape, values: &[f32]) -> Result<Tensor> {
    let MapShape { count, height, width, channels } = shape;
    Tensor::from_slice(values, (count, height, width, channels), &Device::Cpu)?
        .permute((0, 3, 1, 2))?
        .contiguous()
}

/// The opposite.
pub(crate) fn numbers(tensor: &Tensor) -> Vec<f32> {
    let tensor = tensor.permute((0, 2, 3, 1)).unwrap();
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// One value a channel, as candle broadcasts it.
pub(crate) fn per_channel(values: &[f32]) -> Result<Tensor> {
    Tensor::from_slice(values, (1, values.len(), 1, 1), &Device::Cpu)
}

pub(crate) fn prelu(a: &Tensor, slope: &Tensor) -> Result<Tensor> {
    a.relu()?.sub(&a.neg()?.relu()?.broadcast_mul(slope)?)
}
