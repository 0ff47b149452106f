//! Means of images and gates.

use std::sync::Arc;

use arclab_nn::{Backend, MapShape};

use crate::devices::{activation, assert_near, cpu, every_gpu, maps, shapes, tolerance};

/// One number a channel of an image.
fn per_image(shape: MapShape) -> MapShape {
    MapShape { height: 1, width: 1, ..shape }
}

#[test]
fn each_images_channels_have_the_cpus_means() {
    let cpu = cpu();
    for shape in shapes() {
        for affine in [false, true] {
            let expected = cpu.pool(&activation(&cpu, "x", shape, affine));
            for gpu in every_gpu() {
                let found = gpu.pool(&activation(&gpu, "x", shape, affine));
                assert_eq!(found.shape, per_image(shape));
                let what = format!("pool, {shape:?}");
                assert_near(&gpu, &gpu.values(&found), &expected.data, tolerance(&gpu), &what);
            }
        }
    }
}

#[test]
fn channels_times_gates_agree_with_the_cpu_forward_and_backward() {
    fn run<B: Backend>(device: &B, shape: MapShape, affine: bool) -> [Vec<f32>; 3] {
        let input = activation(device, "x", shape, affine);
        let (gates, d_means) =
            (maps(device, "gates", per_image(shape)), maps(device, "means", per_image(shape)));
        let d_output = maps(device, "d", shape);
        let forward = device.gate(&input, &gates);
        let d_gates = device.gate_backward_gates(&input, &d_output);
        let d_input = device.gate_backward_input(Arc::new(d_output), &gates, &d_means);
        [&forward, &d_gates, &d_input].map(|maps| device.values(maps))
    }
    for shape in shapes() {
        for affine in [false, true] {
            let expected = run(&cpu(), shape, affine);
            for gpu in every_gpu() {
                for (index, found) in run(&gpu, shape, affine).iter().enumerate() {
                    let what = format!("{}, {shape:?}", ["gate", "d gates", "d input"][index]);
                    assert_near(&gpu, found, &expected[index], tolerance(&gpu), &what);
                }
            }
        }
    }
}

#[test]
fn a_gradient_that_someone_else_holds_is_left_alone() {
    let shape = shapes()[5];
    for gpu in every_gpu() {
        let (gates, d_means) = (maps(&gpu, "gates", per_image(shape)), maps(&gpu, "means", per_image(shape)));
        let held = Arc::new(maps(&gpu, "d", shape));
        let before = gpu.values(&held);
        let beside = gpu.gate_backward_input(Arc::clone(&held), &gates, &d_means);
        assert_eq!(gpu.values(&held), before);
        let in_place = gpu.gate_backward_input(held, &gates, &d_means);
        assert_eq!(gpu.values(&in_place), gpu.values(&beside));
    }
}
