//! Convolutions and linear layers, forward and backward.

use std::sync::Arc;

use arclab_nn::{Activation, Backend, Convolution, MapShape, Maps};

use crate::devices::{Device, activation, assert_near, cpu, every_gpu, exact, maps, shape, tolerance};

/// Channels of the input and the output, kernel, stride, padding and groups.
fn conv(channels: [usize; 2], kernel: (usize, usize), [stride, padding, groups]: [usize; 3]) -> Convolution {
    Convolution { inputs: channels[0], outputs: channels[1], kernel, stride, padding, groups }
}

fn depthwise(channels: usize, kernel: (usize, usize), stride: usize, padding: usize) -> Convolution {
    conv([channels; 2], kernel, [stride, padding, channels])
}

/// What a device makes of a convolution: its output, the gradient to its input, alone and added to another, and that
/// to its weight.
fn all<B: Backend>(device: &B, conv: &Convolution, input: MapShape) -> [Vec<f32>; 4] {
    let output = conv.output(input);
    let x = Activation::plain(maps(device, "x", input));
    let weight = device.upload(&exact("weight", conv.weight_len()));
    let d_output = maps(device, "d_output", output);
    let also = Arc::new(maps(device, "also", input));
    let mut d_weight = device.upload(&vec![f32::NAN; conv.weight_len()]);
    let backward =
        |also: Option<Arc<Maps<B>>>| device.conv2d_backward_input(&d_output, &weight, conv, input, also);
    device.conv2d_backward_weight(&x, &d_output, conv, &mut d_weight);
    [
        device.values(&device.conv2d(&x, &weight, conv, None)),
        device.values(&backward(None)),
        device.values(&backward(Some(also))),
        device.download(B::numbers(&d_weight)),
    ]
}

fn assert_same(gpu: &Device, conv: &Convolution, input: MapShape) {
    let [found, expected] = [all(gpu, conv, input), all(&cpu(), conv, input)];
    // The gradient to the weight is float32 from exact numbers, whatever maps are kept as.
    let tolerances = [tolerance(gpu), tolerance(gpu), tolerance(gpu), 1e-4];
    let names = ["output", "d_input", "d_input + also", "d_weight"];
    for (((name, tolerance), found), expected) in names.iter().zip(tolerances).zip(&found).zip(&expected) {
        assert_near(gpu, found, expected, tolerance, &format!("{name} of {conv:?} over {input:?}"));
    }
}

#[test]
fn dense_convolutions_are_those_of_the_cpu() {
    let cases = [
        (conv([1, 1], (1, 1), [1, 0, 1]), shape(1, 1, 1, 1)),
        (conv([5, 3], (1, 1), [1, 0, 1]), shape(2, 4, 3, 5)),
        (conv([8, 16], (1, 1), [2, 0, 1]), shape(1, 5, 6, 8)),
        (conv([3, 8], (3, 3), [2, 1, 1]), shape(2, 7, 8, 3)),
        (conv([1, 4], (3, 3), [1, 1, 1]), shape(3, 5, 4, 1)),
        (conv([4, 7], (3, 3), [1, 0, 1]), shape(1, 3, 6, 4)),
        (conv([6, 5], (3, 3), [2, 2, 1]), shape(1, 6, 5, 6)),
        (conv([2, 3], (5, 5), [2, 2, 1]), shape(2, 8, 9, 2)),
        (conv([2, 2], (7, 7), [1, 3, 1]), shape(1, 4, 5, 2)),
        (conv([3, 2], (3, 1), [2, 1, 1]), shape(1, 6, 7, 3)),
    ];
    for gpu in every_gpu() {
        for (conv, input) in &cases {
            assert_same(&gpu, conv, *input);
        }
    }
}

#[test]
fn linear_layers_are_those_of_the_cpu() {
    for gpu in every_gpu() {
        for (inputs, outputs, rows, columns, count) in [(3, 5, 2, 4, 3), (16, 8, 1, 1, 1), (9, 1, 7, 7, 2)] {
            let conv = Convolution::covering(inputs, outputs, (rows, columns));
            assert_same(&gpu, &conv, shape(count, rows, columns, inputs));
        }
    }
}

#[test]
fn depthwise_convolutions_are_those_of_the_cpu() {
    let cases = [
        (depthwise(8, (3, 3), 1, 1), shape(2, 6, 7, 8)),
        (depthwise(16, (3, 3), 1, 1), shape(1, 5, 3, 16)),
        (depthwise(24, (3, 3), 2, 1), shape(2, 7, 6, 24)),
        (depthwise(5, (3, 3), 1, 1), shape(1, 4, 9, 5)),
        (depthwise(6, (3, 3), 2, 1), shape(3, 5, 8, 6)),
        (depthwise(8, (3, 3), 1, 0), shape(1, 3, 8, 8)),
        (depthwise(8, (3, 3), 1, 3), shape(1, 2, 3, 8)),
        (depthwise(8, (3, 3), 2, 2), shape(1, 6, 5, 8)),
        (depthwise(16, (5, 5), 1, 2), shape(2, 7, 6, 16)),
        (depthwise(7, (5, 5), 2, 2), shape(1, 8, 9, 7)),
        (depthwise(8, (7, 7), 1, 3), shape(1, 9, 5, 8)),
        (depthwise(8, (1, 1), 1, 0), shape(1, 1, 1, 8)),
        (depthwise(8, (4, 2), 2, 1), shape(2, 6, 5, 8)),
    ];
    for gpu in every_gpu() {
        for (conv, input) in &cases {
            assert_same(&gpu, conv, *input);
        }
    }
}

#[test]
fn global_depthwise_convolutions_are_those_of_the_cpu() {
    for gpu in every_gpu() {
        for (channels, rows, columns, count) in [(16, 7, 7, 2), (9, 7, 7, 1), (8, 4, 2, 40), (8, 2, 5, 3)] {
            let conv = depthwise(channels, (rows, columns), 1, 0);
            assert_same(&gpu, &conv, shape(count, rows, columns, channels));
        }
    }
}

#[test]
fn groups_of_several_channels_are_those_of_the_cpu() {
    let cases = [
        (conv([8, 8], (3, 3), [1, 1, 4]), shape(2, 5, 4, 8)),
        (conv([6, 6], (3, 3), [2, 1, 2]), shape(1, 7, 6, 6)),
        (conv([9, 9], (5, 5), [1, 2, 3]), shape(1, 4, 5, 9)),
    ];
    for gpu in every_gpu() {
        for (conv, input) in &cases {
            assert_same(&gpu, conv, *input);
        }
    }
}

#[test]
fn a_gradient_that_somebody_else_has_is_left_as_it_is() {
    let input = shape(1, 4, 4, 4);
    for gpu in every_gpu() {
        for conv in [conv([4, 3], (3, 3), [1, 1, 1]), depthwise(4, (3, 3), 2, 1)] {
            let also = Arc::new(maps(&gpu, "also", input));
            let weight = gpu.upload(&exact("weight", conv.weight_len()));
            let d_output = maps(&gpu, "d_output", conv.output(input));
            let _ = gpu.conv2d_backward_input(&d_output, &weight, &conv, input, Some(Arc::clone(&also)));
            assert_eq!(gpu.values(&also), exact("also", input.len()));
        }
    }
}

#[test]
fn normalisations_of_the_input_and_of_the_output_are_applied() {
    fn output<B: Backend>(device: &B, conv: &Convolution) -> Vec<f32> {
        let input = activation(device, "x", shape(2, 5, 6, conv.inputs), true);
        let after = activation(device, "y", shape(1, 1, 1, conv.outputs), true).affine.unwrap();
        let weight = device.upload(&exact("weight", conv.weight_len()));
        device.values(&device.conv2d(&input, &weight, conv, Some(&after)))
    }
    for gpu in every_gpu() {
        for conv in [conv([8, 5], (3, 3), [2, 1, 1]), depthwise(8, (3, 3), 1, 1)] {
            // The input is rounded after its normalisation, and the sums before theirs.
            let tolerance = 2.0 * tolerance(&gpu);
            assert_near(&gpu, &output(&gpu, &conv), &output(&cpu(), &conv), tolerance, &format!("{conv:?}"));
        }
    }
}
