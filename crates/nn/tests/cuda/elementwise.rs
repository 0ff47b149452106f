//! Operators that treat each number by itself.

use arclab_nn::Backend;

use crate::devices::{activation, assert_near, cpu, every_gpu, exact, maps, shape, shapes, tolerance};

#[test]
fn bytes_become_the_same_numbers_in_colour_and_as_luma() {
    for channels in [3, 1] {
        let shape = shape(2, 7, 9, channels);
        let pixels: Vec<u8> = (0..3 * shape.positions() as u32).map(|at| (at * 7919 % 256) as u8).collect();
        let expected = cpu().images(shape, &pixels);
        for gpu in every_gpu() {
            let found = gpu.values(&gpu.images(shape, &pixels));
            assert_near(&gpu, &found, &expected.data, tolerance(&gpu), "images");
        }
    }
}

#[test]
fn a_normalisation_is_applied_as_on_the_cpu() {
    let cpu = cpu();
    for shape in shapes() {
        for affine in [false, true] {
            let expected = cpu.apply(&activation(&cpu, "x", shape, affine));
            for gpu in every_gpu() {
                let found = gpu.values(&gpu.apply(&activation(&gpu, "x", shape, affine)));
                assert_near(&gpu, &found, &expected.data, tolerance(&gpu), &format!("apply, {shape:?}"));
            }
        }
    }
}

#[test]
fn sums_of_two_maps_have_both_normalisations() {
    let cpu = cpu();
    for shape in shapes() {
        for [a, b] in [[false, false], [true, false], [true, true]] {
            let expected = cpu.sum(&activation(&cpu, "a", shape, a), &activation(&cpu, "b", shape, b));
            for gpu in every_gpu() {
                let sum = gpu.sum(&activation(&gpu, "a", shape, a), &activation(&gpu, "b", shape, b));
                let what = format!("sum, {shape:?}");
                assert_near(&gpu, &gpu.values(&sum), &expected.data, tolerance(&gpu), &what);
            }
        }
    }
}

#[test]
fn a_bias_is_added_to_each_channel_and_its_gradient_is_the_channels_sum() {
    let cpu = cpu();
    for shape in shapes() {
        let bias = exact("bias", shape.channels);
        let mut expected = maps(&cpu, "x", shape);
        cpu.add_bias(&mut expected, &cpu.upload(&bias));
        let mut sums = cpu.upload(&bias);
        cpu.channel_sums(&maps(&cpu, "x", shape), &mut sums);
        for gpu in every_gpu() {
            let mut found = maps(&gpu, "x", shape);
            let mut found_sums = gpu.upload(&vec![f32::NAN; shape.channels]);
            gpu.channel_sums(&found, &mut found_sums);
            assert_near(&gpu, &gpu.download(&found_sums), &sums, 1e-5, &format!("sums, {shape:?}"));
            gpu.add_bias(&mut found, &gpu.upload(&bias));
            let what = format!("bias, {shape:?}");
            assert_near(&gpu, &gpu.values(&found), &expected.data, tolerance(&gpu), &what);
        }
    }
}

#[test]
fn hard_sigmoids_are_straight_between_their_ends_forward_and_backward() {
    let cpu = cpu();
    // Steps of 1/16 from -4 to 4, the ends among them.
    let shape = shape(129, 1, 1, 1);
    let x: Vec<f32> = (-64_i16..=64).map(|sixteenths| f32::from(sixteenths) / 16.0).collect();
    let expected = cpu.hard_sigmoid(&cpu.maps(shape, &x));
    let d_expected = cpu.hard_sigmoid_backward(&cpu.maps(shape, &x), maps(&cpu, "d", shape));
    for gpu in every_gpu() {
        let input = gpu.maps(shape, &x);
        let found = gpu.values(&gpu.hard_sigmoid(&input));
        assert_near(&gpu, &found, &expected.data, tolerance(&gpu), "hard sigmoid");
        let found = gpu.values(&gpu.hard_sigmoid_backward(&input, maps(&gpu, "d", shape)));
        assert_near(&gpu, &found, &d_expected.data, tolerance(&gpu), "hard sigmoid, backward");
    }
}

#[test]
fn a_number_of_nan_does_not_pass_through_a_gate() {
    for gpu in every_gpu() {
        let input = gpu.maps(shape(1, 1, 1, 1), &[f32::NAN]);
        assert!(gpu.values(&gpu.hard_sigmoid(&input))[0].is_nan(), "{gpu:?}");
    }
}

#[test]
fn a_prelu_without_a_norm_has_the_cpus_gradients() {
    let cpu = cpu();
    for shape in shapes() {
        let slope = exact("slope", shape.channels);
        let mut d_slope = cpu.upload(&slope);
        let (input, d) = (maps(&cpu, "x", shape), maps(&cpu, "d", shape));
        let expected = cpu.prelu_backward(&input, &cpu.upload(&slope), d, &mut d_slope);
        for gpu in every_gpu() {
            let mut found_slope = gpu.upload(&vec![f32::NAN; shape.channels]);
            let (input, d) = (maps(&gpu, "x", shape), maps(&gpu, "d", shape));
            let found = gpu.prelu_backward(&input, &gpu.upload(&slope), d, &mut found_slope);
            let what = format!("PReLU, {shape:?}");
            assert_near(&gpu, &gpu.values(&found), &expected.data, tolerance(&gpu), &what);
            assert_near(&gpu, &gpu.download(&found_slope), &d_slope, 1e-5, &what);
        }
    }
}
