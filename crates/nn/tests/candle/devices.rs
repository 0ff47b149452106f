//! What stands in the GPU's place, and how near the CPU's numbers its own must be.

use arclab_nn::{Backend, Candle};

use crate::cases::assert_all_near;
pub(crate) use crate::cases::{activation, cpu, exact, maps, shape, shapes};

/// What is tested.
pub(crate) type Device = Candle;

/// The only one: it computes in float32.
pub(crate) fn every_gpu() -> impl Iterator<Item = Candle> {
    std::iter::once(float32())
}

pub(crate) fn float32() -> Candle {
    Candle::new(candle_core::Device::Cpu)
}

/// Relative error that a number kept in feature maps may have.
pub(crate) fn tolerance(_: &Candle) -> f32 {
    2e-6
}

/// Every number within `tolerance` of the largest of the CPU's, and nothing failed.
pub(crate) fn assert_near(candle: &Candle, found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    candle.check().unwrap();
    assert_all_near(found, expected, tolerance, what);
}
