//! Backward operators against finite differences in float64 of forward ones that are written here from their
//! definitions, over odd shapes and on every instruction set of this processor.
//!
//! The loss is Σ dᵢ·outᵢ for given d, so that its gradient is what a backward makes of d; each of its derivatives is
//! (loss(x + h) - loss(x - h)) / 2h.

use std::sync::Arc;

use arclab_nn::{Backend, Convolution, Cpu, MapShape, NormGradients, NormState};

#[path = "support/operators.rs"]
mod cases;
#[path = "support/input.rs"]
mod input;
mod support;
use cases::{assert_close, every_cpu, maps, shape};
use input::Input;
use support::{fill, norm};

/// h: the cube root of float64's precision, where truncation and rounding cost alike.
const STEP: f64 = 6e-6;

/// PyTorch's ε of batch norm.
const EPSILON: f64 = 1e-5;

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

/// The derivative of `loss` to each of `values`.
fn differences(values: &[f32], loss: impl Fn(&[f64]) -> f64) -> Vec<f32> {
    let values = wide(values);
    let moved = |at: usize, distance: f64| {
        let mut moved = values.clone();
        moved[at] += distance;
        loss(&moved)
    };
    let derivative = |at| ((moved(at, STEP) - moved(at, -STEP)) / (2.0 * STEP)) as f32;
    let all: Vec<f32> = (0..values.len()).map(derivative).collect();
    assert!(norm(&all) > 0.0, "the loss does not depend on what is moved");
    all
}

fn weighted(d: &[f32], out: &[f64]) -> f64 {
    d.iter().zip(out).map(|(&d, out)| f64::from(d) * out).sum()
}

/// A convolution as [`Convolution`] defines it.
fn convolve(conv: &Convolution, input: MapShape, x: &[f64], w: &[f64]) -> Vec<f64> {
    let output = conv.output(input);
    let (group_inputs, group_outputs) = (conv.group_inputs(), conv.outputs / conv.groups);
    let at = |n: usize, p: usize, q: usize, o: usize| {
        let mut sum = 0.0;
        for ky in 0..conv.kernel.0 {
            for kx in 0..conv.kernel.1 {
                let (y, x_) = (p * conv.stride + ky, q * conv.stride + kx);
                let inside = (conv.padding..input.height + conv.padding).contains(&y)
                    && (conv.padding..input.width + conv.padding).contains(&x_);
                if !inside {
                    continue;
                }
                let place = (n * input.height + y - conv.padding) * input.width + x_ - conv.padding;
                for i in 0..group_inputs {
                    let weight = ((o * group_inputs + i) * conv.kernel.0 + ky) * conv.kernel.1 + kx;
                    let channel = o / group_outputs * group_inputs + i;
                    sum += w[weight] * x[place * input.channels + channel];
                }
            }
        }
        sum
    };
    let places = (0..output.positions()).map(|place| (place / output.width, place % output.width));
    let places = places.map(|(row, q)| (row / output.height, row % output.height, q));
    places
        .flat_map(|(n, p, q)| (0..output.channels).map(move |o| (n, p, q, o)))
        .map(|(n, p, q, o)| at(n, p, q, o))
        .collect()
}

fn prelu(a: f64, slope: f64) -> f64 {
    if a > 0.0 { a } else { slope * a }
}

/// An input with its normalisation applied.
fn applied(input: &Input) -> Vec<f32> {
    let apply = |(index, &x): (usize, &f32)| {
        let Some(factors) = &input.factors else { return x };
        let [scale, shift, slope] =
            factors.each_ref().map(|values| f64::from(values[index % input.shape.channels]));
        prelu(f64::from(x) * scale + shift, slope) as f32
    };
    input.x.iter().enumerate().map(apply).collect()
}

fn check_convolution(conv: Convolution, input: MapShape) {
    let output = conv.output(input);
    let (w, d) = (fill("w", conv.weight_len()), fill("d", output.len()));
    let x = Input::new("x", input, true);
    let z = applied(&x);
    let (wide_z, wide_w) = (wide(&z), wide(&w));
    let d_input = differences(&z, |z| weighted(&d, &convolve(&conv, input, z, &wide_w)));
    let d_weight = differences(&w, |w| weighted(&d, &convolve(&conv, input, &wide_z, w)));
    for cpu in every_cpu() {
        let what = format!("{conv:?} of {input:?} ({})", cpu.kernels().name());
        let d_output = maps(&cpu, output, &d);
        let found = cpu.conv2d_backward_input(&d_output, &cpu.upload(&w), &conv, input, None);
        assert_close(&found.data, &d_input, &format!("d input, {what}"));
        let mut found = cpu.upload(&vec![f32::NAN; conv.weight_len()]);
        cpu.conv2d_backward_weight(&x.activation(&cpu), &d_output, &conv, &mut found);
        assert_close(&found, &d_weight, &format!("d weight, {what}"));
    }
}

#[test]
fn gradients_of_dense_convolutions_are_their_finite_differences() {
    for (conv, input) in [
        (Convolution::square(1, 1, 3, 1), shape(1, 1, 1, 1)),
        (Convolution::square(1, 3, 3, 2), shape(1, 5, 4, 1)),
        (Convolution::square(3, 1, 1, 1), shape(2, 3, 5, 3)),
        (Convolution::square(5, 7, 1, 2), shape(2, 3, 4, 5)),
        (Convolution::square(17, 9, 3, 1), shape(1, 3, 2, 17)),
        (Convolution::square(3, 33, 3, 2), shape(2, 4, 3, 3)),
    ] {
        check_convolution(conv, input);
    }
}

#[test]
fn gradients_of_linear_layers_are_their_finite_differences() {
    check_convolution(Convolution::covering(1, 1, (1, 1)), shape(1, 1, 1, 1));
    check_convolution(Convolution::covering(3, 19, (2, 2)), shape(3, 2, 2, 3));
}

#[test]
fn gradients_of_grouped_and_depthwise_convolutions_are_their_finite_differences() {
    for (conv, input) in [
        (Convolution::grouped(2, 2, 3, 1), shape(1, 1, 1, 2)),
        (Convolution::grouped(5, 5, 3, 2), shape(1, 5, 4, 5)),
        (Convolution::grouped(17, 17, 3, 1), shape(2, 3, 4, 17)),
        (Convolution::grouped(6, 3, 3, 2), shape(1, 4, 3, 6)),
        (Convolution { groups: 3, ..Convolution::covering(3, 3, (7, 7)) }, shape(2, 7, 7, 3)),
    ] {
        check_convolution(conv, input);
    }
}

/// Batch norm of a batch, then PReLU.
fn normalise(shape: MapShape, [y, weight, bias, slope]: [&[f64]; 4]) -> Vec<f64> {
    let (channels, count) = (shape.channels, shape.positions() as f64);
    let of = |channel: usize| y.iter().skip(channel).step_by(channels);
    let moments = |channel: usize| {
        let mean = of(channel).sum::<f64>() / count;
        (mean, of(channel).map(|y| (y - mean).powi(2)).sum::<f64>() / count)
    };
    let moments: Vec<(f64, f64)> = (0..channels).map(moments).collect();
    let value = |(index, y): (usize, &f64)| {
        let c = index % channels;
        let (mean, variance) = moments[c];
        prelu((y - mean) / (variance + EPSILON).sqrt() * weight[c] + bias[c], slope[c])
    };
    y.iter().enumerate().map(value).collect()
}

fn check_norm(shape: MapShape, with_prelu: bool) {
    let around = |name: &str, middle: f32| -> Vec<f32> {
        fill(name, shape.channels).into_iter().map(|u| middle + 0.3 * u).collect()
    };
    let slope = if with_prelu { around("slope", 0.25) } else { vec![1.0; shape.channels] };
    let inputs = [fill("y", shape.len()), around("weight", 1.0), around("bias", 0.0), slope];
    let d = fill("d", shape.len());
    let expected: [Vec<f32>; 4] = std::array::from_fn(|which| {
        let others = inputs.each_ref().map(|values| wide(values));
        differences(&inputs[which], |values| {
            let mut all = others.each_ref().map(|values| &values[..]);
            all[which] = values;
            weighted(&d, &normalise(shape, all))
        })
    });
    for cpu in every_cpu() {
        let found = norm_backward(&cpu, shape, &inputs, &d, with_prelu);
        let what = ["input", "weight", "bias", "slope"].into_iter();
        for ((found, expected), what) in
            found.iter().zip(&expected).zip(what).take(3 + usize::from(with_prelu))
        {
            assert_close(found, expected, &format!("d {what}, {shape:?} ({})", cpu.kernels().name()));
        }
    }
}

/// Gradients to input, weight, bias and slope.
fn norm_backward(
    cpu: &Cpu,
    shape: MapShape,
    [y, weight, bias, slope]: &[Vec<f32>; 4],
    d: &[f32],
    with_prelu: bool,
) -> [Vec<f32>; 4] {
    let input = Arc::new(maps(cpu, shape, y));
    let moments = cpu.moments(&input);
    let slope = with_prelu.then(|| Arc::new(cpu.upload(slope)));
    let (weight, bias) = (cpu.upload(weight), cpu.upload(bias));
    let affine = cpu.affine(&moments.mean, &moments.variance, &weight, &bias, slope);
    let unwritten = || cpu.upload(&vec![f32::NAN; shape.channels]);
    let (mut weight, mut bias, mut slope) = (unwritten(), unwritten(), unwritten());
    let gradients =
        NormGradients { weight: Some(&mut weight), bias: &mut bias, slope: with_prelu.then_some(&mut slope) };
    let state = NormState { input: &input, moments: &moments, affine: &affine };
    let found = cpu.batch_norm_backward(&state, Arc::new(maps(cpu, shape, d)), None, gradients);
    [found.data.to_vec(), weight.to_vec(), bias.to_vec(), slope.to_vec()]
}

#[test]
fn gradients_of_batch_norm_and_prelu_are_their_finite_differences() {
    for shape in [shape(1, 2, 3, 1), shape(2, 3, 3, 5), shape(1, 5, 1, 17), shape(3, 2, 4, 33)] {
        check_norm(shape, false);
        check_norm(shape, true);
    }
}

#[test]
fn the_gradient_of_a_bias_is_its_finite_difference() {
    let shape = shape(3, 1, 1, 19);
    let (bias, d) = (fill("bias", shape.channels), fill("d", shape.len()));
    let added =
        |bias: &[f64]| -> Vec<f64> { (0..shape.len()).map(|index| bias[index % bias.len()]).collect() };
    let expected = differences(&bias, |bias| weighted(&d, &added(bias)));
    for cpu in every_cpu() {
        let mut found = cpu.upload(&vec![f32::NAN; shape.channels]);
        cpu.channel_sums(&maps(&cpu, shape, &d), &mut found);
        assert_close(&found, &expected, cpu.kernels().name());
    }
}

#[test]
fn gradients_of_joined_maps_are_their_finite_differences() {
    for (a, b) in [(shape(1, 1, 1, 1), 1), (shape(2, 3, 1, 5), 18), (shape(1, 2, 3, 17), 16)] {
        let b = MapShape { channels: b, ..a };
        let joined = MapShape { channels: a.channels + b.channels, ..a };
        let (of_a, of_b) = (Input::new("a", a, true), Input::new("b", b, false));
        let d = fill("d", joined.len());
        let join = |a_: &[f64], b_: &[f64]| -> Vec<f64> {
            let rows = a_.chunks(a.channels).zip(b_.chunks(b.channels));
            rows.flat_map(|(a, b)| [a, b].concat()).collect()
        };
        let [za, zb] = [&of_a, &of_b].map(applied);
        let z = join(&wide(&za), &wide(&zb)).into_iter().map(|z| z as f32).collect::<Vec<_>>();
        let expected = [
            differences(&za, |za| weighted(&d, &join(za, &wide(&zb)))),
            differences(&zb, |zb| weighted(&d, &join(&wide(&za), zb))),
        ];
        for cpu in every_cpu() {
            let what = format!("{a:?} and {} ({})", b.channels, cpu.kernels().name());
            let found = cpu.join(&of_a.activation(&cpu), &of_b.activation(&cpu));
            assert_close(&found.data, &z, &what);
            let found = cpu.split(&maps(&cpu, joined, &d), a.channels);
            for (found, expected) in found.iter().zip(&expected) {
                assert_close(&found.data, expected, &format!("d input, {what}"));
            }
        }
    }
}

/// The mean of each channel of each image.
fn means(shape: MapShape, z: &[f64]) -> Vec<f64> {
    let positions = shape.height * shape.width;
    let mean = |image: &[f64], channel: usize| {
        image.iter().skip(channel).step_by(shape.channels).sum::<f64>() / positions as f64
    };
    let images = z.chunks(positions * shape.channels);
    images.flat_map(|image| (0..shape.channels).map(move |channel| mean(image, channel))).collect()
}

/// Gates of each channel of each image.
fn gate(shape: MapShape, z: &[f64], gates: &[f64]) -> Vec<f64> {
    let of = |index: usize| {
        let image = index / (shape.height * shape.width * shape.channels);
        gates[image * shape.channels + index % shape.channels]
    };
    z.iter().enumerate().map(|(index, z)| z * of(index)).collect()
}

/// Gates that are the means and a constant, so that the gradient to z comes on both ways.
#[test]
fn gradients_of_means_and_gates_are_their_finite_differences() {
    for (shape, affine) in [(shape(1, 1, 1, 1), true), (shape(2, 3, 1, 5), true), (shape(1, 3, 5, 17), false)]
    {
        let input = Input::new("x", shape, affine);
        let of_images = MapShape { height: 1, width: 1, ..shape };
        let (h, d) = (fill("h", of_images.len()), fill("d", shape.len()));
        let z = applied(&input);
        let open = |z: &[f64]| -> Vec<f64> {
            means(shape, z).iter().zip(&h).map(|(mean, &h)| mean + f64::from(h)).collect()
        };
        let gates: Vec<f32> = open(&wide(&z)).into_iter().map(|gate| gate as f32).collect();
        let d_gates = differences(&gates, |gates| weighted(&d, &gate(shape, &wide(&z), gates)));
        let d_z = differences(&z, |z| weighted(&d, &gate(shape, z, &open(z))));
        for cpu in every_cpu() {
            let what = format!("{shape:?} ({})", cpu.kernels().name());
            let d = Arc::new(maps(&cpu, shape, &d));
            let found = cpu.gate_backward_gates(&input.activation(&cpu), &d);
            assert_close(&found.data, &d_gates, &format!("d gates, {what}"));
            let found = cpu.gate_backward_input(d, &maps(&cpu, of_images, &gates), &found);
            assert_close(&found.data, &d_z, &format!("d input, {what}"));
        }
    }
}

#[test]
fn the_gradient_of_a_hard_sigmoid_is_its_finite_difference() {
    let shape = shape(3, 1, 1, 19);
    let x: Vec<f32> = fill("x", shape.len()).into_iter().map(|u| 4.0 * u).collect();
    let d = fill("d", shape.len());
    let sigmoid = |x: &[f64]| -> Vec<f64> { x.iter().map(|x| (x / 5.0 + 0.5).clamp(0.0, 1.0)).collect() };
    let expected = differences(&x, |x| weighted(&d, &sigmoid(x)));
    for cpu in every_cpu() {
        let found = cpu.hard_sigmoid_backward(&maps(&cpu, shape, &x), maps(&cpu, shape, &d));
        assert_close(&found.data, &expected, cpu.kernels().name());
    }
}
