//! Batch norm with its PReLU.

use std::sync::Arc;

use arclab_nn::{Backend, MapShape, NormGradients, NormState};

use crate::devices::{assert_near, cpu, every_gpu, exact, float32, maps, shape, shapes, tolerance};

#[test]
fn means_and_variances_are_the_cpus() {
    let cpu = cpu();
    for shape in shapes() {
        let expected = cpu.moments(&maps(&cpu, "x", shape));
        for gpu in every_gpu() {
            let found = gpu.moments(&maps(&gpu, "x", shape));
            let what = format!("moments, {shape:?}");
            assert_near(&gpu, &gpu.download(&found.mean), &expected.mean, 1e-5, &what);
            assert_near(&gpu, &gpu.download(&found.variance), &expected.variance, 1e-5, &what);
        }
    }
}

#[test]
fn a_large_mean_costs_a_variance_no_digits() {
    // -1 and 1 in turn around 1000, and a first number far from all others: sums of squares would lose the variance.
    let (gpu, shape) = (float32(), shape(2, 30, 33, 5));
    let around = |place: usize| if (place / 5).is_multiple_of(2) { 1001.0 } else { 999.0 };
    let mut values: Vec<f32> = (0..shape.len()).map(around).collect();
    values[0] = 900.0;
    let moments = gpu.moments(&gpu.maps(shape, &values));
    let n = shape.positions() as f64;
    // The first channel: of 1980 numbers one is 101 lower than it was.
    let mean = 1000.0 - 101.0 / n;
    let variance = 1.0 + (100.0_f64.powi(2) - 1.0) / n - (101.0 / n).powi(2);
    let (means, variances) = (gpu.download(&moments.mean), gpu.download(&moments.variance));
    assert!((f64::from(means[0]) - mean).abs() < 1e-3, "{means:?}, not {mean}");
    assert!((f64::from(variances[0]) / variance - 1.0).abs() < 1e-4, "{variances:?}, not {variance}");
    for channel in 1..5 {
        assert!((means[channel] - 1000.0).abs() < 1e-3, "{means:?}");
        assert!((variances[channel] - 1.0).abs() < 1e-4, "{variances:?}");
    }
}

#[test]
fn scale_shift_and_running_statistics_are_the_cpus() {
    fn run<B: Backend>(device: &B) -> [Vec<f32>; 3] {
        let values = |name: &str| device.upload(&exact(name, 37));
        let variance = device.upload(&exact("variance", 37).iter().map(|x| x.abs()).collect::<Vec<_>>());
        let affine = device.affine(&values("mean"), &variance, &values("weight"), &values("bias"), None);
        let mut running = values("running");
        device.update_running(&mut running, &variance, 0.1, 1.01);
        [&affine.scale, &affine.shift, &running].map(|buffer| device.download(B::numbers(buffer)))
    }
    let expected = run(&cpu());
    for gpu in every_gpu() {
        for (found, expected) in run(&gpu).iter().zip(&expected) {
            assert_near(&gpu, found, expected, 1e-6, "scale, shift or running");
        }
    }
}

/// What there is beside the norm itself.
#[derive(Debug, Clone, Copy)]
struct Case {
    shape: MapShape,
    slope: bool,
    frozen: bool,
    also: bool,
}

fn cases() -> impl Iterator<Item = Case> {
    let plain = |shape| Case { shape, slope: false, frozen: false, also: false };
    shapes().map(plain).into_iter().flat_map(|plain| {
        [plain, Case { slope: true, also: true, ..plain }, Case { slope: true, frozen: true, ..plain }]
    })
}

/// The gradients to the input, and of scale, shift and slope.
fn backward<B: Backend>(device: &B, case: Case) -> [Vec<f32>; 4] {
    let shape = case.shape;
    let own = |name: &str| device.upload(&exact(name, shape.channels));
    let slope = case.slope.then(|| Arc::new(own("slope")));
    let input = maps(device, "x", shape);
    let moments = device.moments(&input);
    let affine = device.affine(&moments.mean, &moments.variance, &own("weight"), &own("bias"), slope);
    let state = NormState { input: &input, moments: &moments, affine: &affine };
    let also = case.also.then(|| maps(device, "also", shape));
    let mut places = [(); 3].map(|()| device.upload(&vec![-7.0; shape.channels]));
    let [weight, bias, slope] = &mut places;
    let gradients =
        NormGradients { weight: (!case.frozen).then_some(weight), bias, slope: case.slope.then_some(slope) };
    let d_output = Arc::new(maps(device, "d", shape));
    let d_input = device.batch_norm_backward(&state, d_output, also.as_ref(), gradients);
    let [weight, bias, slope] = places.map(|place| device.download(B::numbers(&place)));
    [device.values(&d_input), weight, bias, slope]
}

#[test]
fn gradients_are_the_cpus_and_frozen_ones_are_not_written() {
    for case in cases() {
        let [d_input, parameters @ ..] = backward(&cpu(), case);
        for gpu in every_gpu() {
            let [found, found_parameters @ ..] = backward(&gpu, case);
            assert_near(&gpu, &found, &d_input, tolerance(&gpu), &format!("d input, {case:?}"));
            for (found, expected) in found_parameters.iter().zip(&parameters) {
                assert_near(&gpu, found, expected, 1e-4, &format!("d parameters, {case:?}"));
            }
        }
    }
}

#[test]
fn the_same_computation_gives_the_same_bits_twice() {
    for gpu in every_gpu() {
        for case in cases() {
            let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
            // The second time in memory that the first one, and other cases, wrote to.
            let [once, again] = [(); 2].map(|()| backward(&gpu, case).map(bits));
            assert_eq!(once, again, "{case:?}");
        }
    }
}

#[test]
fn a_gradient_that_someone_else_holds_stays_as_it_is() {
    let case = Case { shape: shape(2, 5, 3, 16), slope: true, frozen: false, also: false };
    for gpu in every_gpu() {
        let input = maps(&gpu, "x", case.shape);
        let moments = gpu.moments(&input);
        let own = |name: &str| gpu.upload(&exact(name, case.shape.channels));
        let affine = gpu.affine(&moments.mean, &moments.variance, &own("weight"), &own("bias"), None);
        let state = NormState { input: &input, moments: &moments, affine: &affine };
        let held = Arc::new(maps(&gpu, "d", case.shape));
        let before = gpu.values(&held);
        let mut bias = own("bias");
        let gradients = NormGradients { weight: None, bias: &mut bias, slope: None };
        gpu.batch_norm_backward(&state, Arc::clone(&held), None, gradients);
        assert_eq!(gpu.values(&held), before);
    }
}
