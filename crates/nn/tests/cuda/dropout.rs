//! Dropout.

use std::sync::Arc;

use arclab_nn::{Backend, DropoutMask, MapShape, random::Random};

use crate::devices::{assert_near, cpu, every_gpu, maps, shape, tolerance};

fn dropped<B: Backend>(device: &B, shape: MapShape, rate: f64, first: u64) -> Vec<f32> {
    let mask = DropoutMask { random: Random::new(7, "dropout"), rate, first };
    device.values(&device.dropout(Arc::new(maps(device, "x", shape)), mask))
}

#[test]
fn the_same_numbers_are_dropped_as_on_the_cpu() {
    for shape in [shape(1, 1, 1, 1), shape(3, 5, 7, 11), shape(40, 1, 1, 64)] {
        for rate in [0.1, 0.4, 0.999] {
            // Counters that fit into 32 bits, and not.
            for first in [0, 1 << 40] {
                let expected = dropped(&cpu(), shape, rate, first);
                for gpu in every_gpu() {
                    let found = dropped(&gpu, shape, rate, first);
                    let zeros = |values: &[f32]| values.iter().map(|x| *x == 0.0).collect::<Vec<_>>();
                    assert_eq!(zeros(&found), zeros(&expected), "{shape:?}, {rate}, {first}");
                    assert_near(&gpu, &found, &expected, tolerance(&gpu), "dropout");
                }
            }
        }
    }
}

#[test]
fn maps_that_someone_else_holds_are_left_alone() {
    let shape = shape(3, 5, 7, 16);
    for gpu in every_gpu() {
        let held = Arc::new(maps(&gpu, "x", shape));
        let before = gpu.values(&held);
        let mask = DropoutMask { random: Random::new(7, "dropout"), rate: 0.5, first: 0 };
        let beside = gpu.dropout(Arc::clone(&held), mask);
        assert_eq!(gpu.values(&held), before);
        assert_eq!(gpu.values(&gpu.dropout(held, mask)), gpu.values(&beside));
    }
}
