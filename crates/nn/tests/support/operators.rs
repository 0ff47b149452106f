//! What tests of operators share.

use arclab_nn::{Backend, Cpu, Kernels, MapShape, Maps};

/// A device for every instruction set of this processor.
pub(crate) fn every_cpu() -> impl Iterator<Item = Cpu> {
    Kernels::all().into_iter().map(|kernels| Cpu::with_kernels(2, kernels))
}

pub(crate) fn shape(count: usize, height: usize, width: usize, channels: usize) -> MapShape {
    MapShape { count, height, width, channels }
}

pub(crate) fn maps(cpu: &Cpu, shape: MapShape, values: &[f32]) -> Maps<Cpu> {
    Maps { shape, data: cpu.upload(values) }
}

/// Every number within a hundred-thousandth of the largest.
pub(crate) fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-3_f32, |most, value| most.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= 1e-5 * largest, "{what} [{index}]: {found} for {expected}, largest {largest}");
    }
}
