//! What tests of operators against candle's autograd share.

use arclab_nn::{Backend, Cpu, Kernels, MapShape, Maps};
use candle_core::{Device, Result, Tensor};

pub(crate) fn every_cpu() -> impl Iterator<Item = Cpu> {
    Kernels::all().into_iter().map(|kernels| Cpu::with_kernels(2, kernels))
}

pub(crate) fn maps(cpu: &Cpu, shape: MapShape, values: &[f32]) -> Maps<Cpu> {
    Maps { shape, data: cpu.upload(values) }
}

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

pub(crate) fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-3_f32, |most, value| most.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= 1e-5 * largest, "{what} [{index}]: {found} for {expected}, largest {largest}");
    }
}

/// One value a channel, as candle broadcasts it.
pub(crate) fn per_channel(values: &[f32]) -> Result<Tensor> {
    Tensor::from_slice(values, (1, values.len(), 1, 1), &Device::Cpu)
}

pub(crate) fn prelu(a: &Tensor, slope: &Tensor) -> Result<Tensor> {
    a.relu()?.sub(&a.neg()?.relu()?.broadcast_mul(slope)?)
}

pub(crate) fn shape(count: usize, height: usize, width: usize, channels: usize) -> MapShape {
    MapShape { count, height, width, channels }
}
