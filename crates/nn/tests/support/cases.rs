//! What operators are compared on: the CPU beside another device, odd shapes, and numbers.

use std::sync::Arc;

use arclab_nn::{Activation, Affine, Backend, Cpu, MapShape, Maps};

use crate::support::fill;

pub(crate) fn cpu() -> Cpu {
    Cpu::new(1)
}

pub(crate) fn shape(count: usize, height: usize, width: usize, channels: usize) -> MapShape {
    MapShape { count, height, width, channels }
}

/// Odd ones: of one number, of one position, of single channels and packs, of more channels than a warp reads side by side,
/// and of more positions than the emulator has threads.
pub(crate) fn shapes() -> [MapShape; 10] {
    [
        shape(1, 1, 1, 1),
        shape(1, 1, 1, 40),
        shape(3, 1, 1, 16),
        shape(2, 7, 9, 3),
        shape(1, 5, 4, 33),
        shape(5, 3, 2, 24),
        shape(2, 2, 3, 264),
        shape(1, 4, 4, 270),
        shape(2, 17, 19, 5),
        shape(3, 17, 19, 8),
    ]
}

/// Numbers that all ways of keeping them hold exactly, so that only what is computed is rounded.
pub(crate) fn exact(name: &str, count: usize) -> Vec<f32> {
    fill(name, count).into_iter().map(|value| (value * 64.0).round() / 64.0).collect()
}

pub(crate) fn maps<B: Backend>(device: &B, name: &str, shape: MapShape) -> Maps<B> {
    device.maps(shape, &exact(name, shape.len()))
}

/// Maps with a normalisation to apply, or as they are.
pub(crate) fn activation<B: Backend>(device: &B, name: &str, shape: MapShape, affine: bool) -> Activation<B> {
    let factor = |factor: &str| device.upload(&exact(&format!("{name}.{factor}"), shape.channels));
    let affine = affine.then(|| {
        let [scale, shift, slope] = ["scale", "shift", "slope"].map(factor);
        Arc::new(Affine { scale, shift, slope: Some(Arc::new(slope)) })
    });
    Activation { maps: Arc::new(maps(device, name, shape)), affine }
}

/// Every number within `tolerance` of the largest of the CPU's.
pub(crate) fn assert_all_near(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-3_f32, |most, value| most.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= tolerance * largest, "{what} [{index}]: {found} for {expected}, largest {largest}");
    }
}
