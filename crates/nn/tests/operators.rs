//! Operators against candle's autograd, on every instruction set of this processor, over odd shapes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::sync::Arc;

use arclab_nn::{Activation, Affine, Backend, Convolution, Cpu, MapShape, NormGradients, NormState};
use candle_core::{Device, Result, Tensor, Var};

#[path = "support/autograd.rs"]
mod autograd;
#[path = "support/operators.rs"]
mod cases;
mod support;
use autograd::{numbers, per_channel, prelu, tensor};
use cases::{assert_close, every_cpu, maps, shape};
use support::{fill, norm};

struct Case {
    input: MapShape,
    conv: Convolution,
    /// Whether the input is still to be normalised.
    affine: bool,
}

/// candle's gradient of a strided convolution fails where rows and columns leave different remainders: all positions
/// are computed, and those of the stride selected.
fn convolve(z: &Tensor, w: &Tensor, conv: &Convolution) -> Result<Tensor> {
    let all = z.conv2d(w, conv.padding, 1, 1, conv.groups)?;
    let select = |size: usize| {
        let places: Vec<u32> = (0..size as u32).step_by(conv.stride).collect();
        Tensor::new(places, &Device::Cpu)
    };
    let (rows, columns) = (select(all.dim(2)?)?, select(all.dim(3)?)?);
    all.index_select(&rows, 2)?.index_select(&columns, 3)
}

/// Output, gradient to the (normalised) input, gradient to the weight.
fn expected(case: &Case, x: &[f32], w: &[f32], d: &[f32], affine: &[Vec<f32>; 3]) -> Result<[Vec<f32>; 3]> {
    let mut z = tensor(case.input, x)?;
    if case.affine {
        let a = z.broadcast_mul(&per_channel(&affine[0])?)?.broadcast_add(&per_channel(&affine[1])?)?;
        z = prelu(&a, &per_channel(&affine[2])?)?;
    }
    let z = Var::from_tensor(&z)?;
    let w = Var::from_slice(w, case.conv.weight_shape(), &Device::Cpu)?;
    let y = convolve(&z, &w, &case.conv)?;
    let grads = y.mul(&tensor(case.conv.output(case.input), d)?)?.sum_all()?.backward()?;
    let d_weight = grads.get(&w).unwrap().flatten_all()?.to_vec1()?;
    Ok([numbers(&y), numbers(grads.get(&z).unwrap()), d_weight])
}

fn check_convolution(case: &Case) {
    let Case { input, conv, affine } = *case;
    let output = conv.output(input);
    let (x, w, d) = (fill("x", input.len()), fill("w", conv.weight_len()), fill("d", output.len()));
    let factors = ["scale", "shift", "slope"].map(|name| fill(name, input.channels));
    let [y, d_input, d_weight] = expected(case, &x, &w, &d, &factors).unwrap();
    for cpu in every_cpu() {
        let what = format!("{conv:?} of {input:?} ({})", cpu.kernels().name());
        let mut activation = Activation::plain(maps(&cpu, input, &x));
        if affine {
            let [scale, shift, slope] = factors.each_ref().map(|values| cpu.upload(values));
            activation.affine = Some(Arc::new(Affine { scale, shift, slope: Some(Arc::new(slope)) }));
        }
        let weight = cpu.upload(&w);
        assert_close(&cpu.conv2d(&activation, &weight, &conv, None).data, &y, &what);

        check_folded(&cpu, &activation, &weight, &conv);
        let d_output = maps(&cpu, output, &d);
        let found = cpu.conv2d_backward_input(&d_output, &weight, &conv, input, None);
        assert_close(&found.data, &d_input, &format!("d input, {what}"));
        let also = Arc::new(maps(&cpu, input, &x));
        let found = cpu.conv2d_backward_input(&d_output, &weight, &conv, input, Some(Arc::clone(&also)));
        let sum: Vec<f32> = d_input.iter().zip(&x).map(|(a, b)| a + b).collect();
        assert_close(&found.data, &sum, &format!("d input and another, {what}"));
        assert_eq!(also.data[..], x[..], "a gradient that someone else holds is left alone");

        let mut found = cpu.upload(&vec![f32::NAN; conv.weight_len()]);
        cpu.conv2d_backward_weight(&activation, &d_output, &conv, &mut found);
        assert_close(&found, &d_weight, &format!("d weight, {what}"));
    }
}

/// A normalisation folded into a convolution gives the bits that applying it afterwards gives.
fn check_folded(cpu: &Cpu, input: &Activation<Cpu>, weight: &<Cpu as Backend>::Buffer, conv: &Convolution) {
    let factor = |name: &str| cpu.upload(&fill(name, conv.outputs));
    for slope in [None, Some(Arc::new(factor("slope after")))] {
        let affine = Affine { scale: factor("scale after"), shift: factor("shift after"), slope };
        let folded = cpu.conv2d(input, weight, conv, Some(&affine));
        let maps = Arc::new(cpu.conv2d(input, weight, conv, None));
        let apart = cpu.apply(&Activation { maps, affine: Some(Arc::new(affine)) });
        assert_eq!(folded.data[..], apart.data[..], "{conv:?} ({})", cpu.kernels().name());
    }
}

fn check_all(conv: Convolution, inputs: &[MapShape]) {
    for &input in inputs {
        for affine in [false, true] {
            check_convolution(&Case { input, conv, affine });
        }
    }
}

#[test]
fn three_by_three_convolutions_agree_with_candle() {
    check_all(Convolution::square(3, 5, 3, 1), &[shape(2, 7, 5, 3), shape(1, 1, 1, 3), shape(3, 3, 20, 3)]);
    check_all(Convolution::square(1, 1, 3, 1), &[shape(1, 4, 4, 1)]);
    check_all(Convolution::square(17, 33, 3, 1), &[shape(3, 6, 9, 17), shape(1, 2, 1, 17)]);
    check_all(Convolution::square(32, 64, 3, 1), &[shape(20, 4, 4, 32)]);
}

#[test]
fn strided_convolutions_agree_with_candle() {
    check_all(Convolution::square(3, 32, 3, 2), &[shape(2, 8, 8, 3), shape(1, 7, 9, 3), shape(1, 1, 2, 3)]);
    check_all(Convolution::square(19, 40, 3, 2), &[shape(2, 5, 6, 19)]);
    check_all(Convolution::square(6, 7, 1, 2), &[shape(2, 5, 4, 6)]);
    check_all(Convolution::square(4, 4, 3, 3), &[shape(1, 8, 7, 4)]);
    check_all(Convolution::square(4, 6, 5, 2), &[shape(1, 9, 8, 4)]);
}

#[test]
fn one_by_one_convolutions_agree_with_candle() {
    check_all(Convolution::square(5, 3, 1, 1), &[shape(2, 3, 4, 5)]);
    check_all(Convolution::square(64, 48, 1, 1), &[shape(9, 5, 5, 64), shape(1, 1, 1, 64)]);
}

#[test]
fn linear_layers_agree_with_candle() {
    check_all(Convolution::covering(6, 10, (4, 4)), &[shape(1, 4, 4, 6), shape(17, 4, 4, 6)]);
    check_all(Convolution::covering(40, 33, (1, 1)), &[shape(20, 1, 1, 40)]);
}

#[test]
fn large_images_are_cut_into_bands_without_a_trace() {
    check_all(Convolution::square(16, 16, 3, 1), &[shape(1, 70, 100, 16)]);
    check_all(Convolution::square(16, 8, 3, 2), &[shape(2, 71, 90, 16)]);
    check_all(Convolution::grouped(16, 16, 3, 2), &[shape(1, 90, 71, 16)]);
}

#[test]
fn depthwise_convolutions_agree_with_candle() {
    check_all(Convolution::grouped(5, 5, 3, 1), &[shape(2, 6, 7, 5), shape(1, 1, 1, 5)]);
    check_all(Convolution::grouped(33, 33, 3, 2), &[shape(3, 5, 8, 33)]);
    check_all(Convolution::grouped(18, 18, 5, 1), &[shape(2, 6, 7, 18), shape(1, 1, 1, 18)]);
    check_all(Convolution::grouped(7, 7, 5, 2), &[shape(2, 7, 7, 7), shape(3, 9, 4, 7), shape(1, 1, 2, 7)]);
    let global = Convolution { groups: 20, ..Convolution::covering(20, 20, (7, 7)) };
    check_all(global, &[shape(3, 7, 7, 20)]);
}

#[test]
fn convolutions_of_several_channels_a_group_agree_with_candle() {
    check_all(Convolution::grouped(34, 17, 3, 1), &[shape(2, 5, 6, 34)]);
    check_all(Convolution::grouped(12, 4, 3, 2), &[shape(19, 5, 4, 12)]);
}

/// Parameters of a batch norm with PReLU, and what arrives.
struct NormCase {
    shape: MapShape,
    y: Vec<f32>,
    d: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    slope: Option<Vec<f32>>,
}

/// Output and gradients to input, scale, shift and slope.
fn expected_norm(case: &NormCase) -> Result<[Vec<f32>; 5]> {
    let flat = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
    let y = Var::from_tensor(&tensor(case.shape, &case.y)?)?;
    let weight = Var::from_tensor(&per_channel(&case.weight)?)?;
    let bias = Var::from_tensor(&per_channel(&case.bias)?)?;
    let slope = case.slope.clone().unwrap_or_else(|| vec![1.0; case.shape.channels]);
    let slope = Var::from_tensor(&per_channel(&slope)?)?;
    let mean = |tensor: &Tensor| tensor.mean_keepdim(0)?.mean_keepdim(2)?.mean_keepdim(3);
    let centred = y.broadcast_sub(&mean(&y)?)?;
    let deviation = (mean(&centred.sqr()?)? + 1e-5)?.sqrt()?;
    let a = centred.broadcast_div(&deviation)?.broadcast_mul(&weight)?.broadcast_add(&bias)?;
    let z = prelu(&a, &slope)?;
    let grads = z.mul(&tensor(case.shape, &case.d)?)?.sum_all()?.backward()?;
    let gradient = |var: &Var| flat(grads.get(var).unwrap());
    Ok([
        numbers(&z),
        numbers(grads.get(&y).unwrap()),
        gradient(&weight)?,
        gradient(&bias)?,
        gradient(&slope)?,
    ])
}

fn check_norm(shape: MapShape, with_prelu: bool) {
    let values =
        |name: &str, middle: f32| fill(name, shape.channels).into_iter().map(|u| middle + 0.3 * u).collect();
    let case = NormCase {
        shape,
        // Far from 0, where a careless variance loses its digits.
        y: fill("y", shape.len()).into_iter().map(|u| 5.0 + u).collect(),
        d: fill("d", shape.len()),
        weight: values("weight", 1.0),
        bias: values("bias", 0.0),
        slope: with_prelu.then(|| values("slope", 0.25)),
    };
    let [z, d_input, d_weight, d_bias, d_slope] = expected_norm(&case).unwrap();
    for cpu in every_cpu() {
        let what = format!("{shape:?} ({})", cpu.kernels().name());
        let slope = case.slope.as_ref().map(|slope| Arc::new(cpu.upload(slope)));
        let input = Arc::new(maps(&cpu, shape, &case.y));
        let moments = cpu.moments(&input);
        let (weight, bias) = (cpu.upload(&case.weight), cpu.upload(&case.bias));
        let affine = Arc::new(cpu.affine(&moments.mean, &moments.variance, &weight, &bias, slope));
        let output = Activation { maps: Arc::clone(&input), affine: Some(Arc::clone(&affine)) };
        assert_close_by(&cpu.apply(&output).data, &z, 3e-5, &what);

        let unwritten = || cpu.upload(&vec![f32::NAN; shape.channels]);
        let (mut weight, mut bias, mut slope) = (unwritten(), unwritten(), unwritten());
        let gradients = NormGradients {
            weight: Some(&mut weight),
            bias: &mut bias,
            slope: with_prelu.then_some(&mut slope),
        };
        let state = NormState { input: &input, moments: &moments, affine: &affine };
        let also = maps(&cpu, shape, &case.y);
        let d = Arc::new(maps(&cpu, shape, &case.d));
        let held = Arc::clone(&d);
        let found = cpu.batch_norm_backward(&state, d, Some(&also), gradients);
        let less: Vec<f32> = found.data.iter().zip(&case.y).map(|(found, also)| found - also).collect();
        assert_close_by(&less, &d_input, 3e-5, &format!("d input, {what}"));
        assert_eq!(held.data[..], case.d[..], "a gradient that someone else holds is left alone");
        assert_close_by(&weight, &d_weight, 3e-5, &format!("d weight, {what}"));
        assert_close_by(&bias, &d_bias, 3e-5, &format!("d bias, {what}"));
        if with_prelu {
            assert_close_by(&slope, &d_slope, 3e-5, &format!("d slope, {what}"));
        }
        check_in_place(&cpu, &state, &case, &less);
    }
}

/// Without other holders the gradient's own memory is used, with the same result.
fn check_in_place(cpu: &Cpu, state: &NormState<'_, Cpu>, case: &NormCase, expected: &[f32]) {
    let mut bias = cpu.upload(&vec![0.0; case.shape.channels]);
    let gradients = NormGradients { weight: None, bias: &mut bias, slope: None };
    let d = Arc::new(maps(cpu, case.shape, &case.d));
    let memory = d.data.as_ptr();
    let found = cpu.batch_norm_backward(state, d, None, gradients);
    assert_eq!(found.data.as_ptr(), memory);
    assert_close_by(&found.data, expected, 3e-5, "in place");
}

fn assert_close_by(found: &[f32], expected: &[f32], tolerance: f64, what: &str) {
    let difference: Vec<f32> = found.iter().zip(expected).map(|(found, expected)| found - expected).collect();
    assert_eq!(found.len(), expected.len(), "{what}");
    let (error, size) = (norm(&difference), norm(expected).max(1e-2));
    assert!(error <= tolerance * size, "{what}: an error of {error} in {size}");
}

#[test]
fn batch_norm_with_and_without_prelu_agrees_with_candle() {
    for shape in
        [shape(2, 3, 4, 5), shape(7, 1, 1, 40), shape(3, 11, 13, 33), shape(2, 40, 30, 1), shape(4, 9, 9, 64)]
    {
        check_norm(shape, false);
        check_norm(shape, true);
    }
}

#[test]
fn the_sum_of_two_activations_applies_the_normalisation_of_each() {
    let shape = shape(3, 4, 5, 18);
    let (a, b) = (fill("a", shape.len()), fill("b", shape.len()));
    let factors = ["scale", "shift"].map(|name| fill(name, shape.channels));
    for cpu in every_cpu() {
        let [scale, shift] = factors.each_ref().map(|values| cpu.upload(values));
        let affine = Some(Arc::new(Affine { scale, shift, slope: None }));
        let first = Activation { maps: Arc::new(maps(&cpu, shape, &a)), affine };
        let sum = cpu.sum(&first, &Activation::plain(maps(&cpu, shape, &b)));
        for (index, sum) in sum.data.iter().enumerate() {
            let channel = index % shape.channels;
            let expected = a[index] * factors[0][channel] + factors[1][channel] + b[index];
            assert!((sum - expected).abs() < 1e-5, "{sum} for {expected}");
        }
    }
}

#[test]
fn running_statistics_move_a_tenth_of_the_way() {
    let cpu = Cpu::new(1);
    let mut running = cpu.upload(&[1.0, 0.0]);
    cpu.update_running(&mut running, &cpu.upload(&[2.0, 5.0]), 0.1, 2.0);
    assert_eq!(running[..], [0.9 + 0.4, 1.0]);
}
