//! What a step of training waits for: once for all of its numbers, when everything it does was asked for.

use std::sync::Arc;

use arclab_gpu::{Buffer, Precision};
use arclab_nn::{
    BackboneKind, Backend, Cuda, Images,
    heads::{Head, HeadMemory},
    optim::{AdamW, Kind, Layers, Optimizer, PartsMean, Rule, Sgd, Weight, clip_factor, global_norm},
};

use crate::{
    devices::{every_gpu, float32, gpu, is_real, shape},
    network::{COUNT, LABELS, SIZE, design, head, network, optimizer, pixels, values},
    support::fill,
};

/// Downloads of each step of a batch in so many parts: before its numbers are read, and for that.
fn downloads(device: Cuda, mut head: Head, rule: Rule<Buffer>, count: usize) -> Vec<[usize; 2]> {
    let device = Arc::new(device);
    let (mut network, mut optimizer) = (network(&device, &design(BackboneKind::Small)), optimizer(rule));
    let (mut mirror, mut parts, mut all) = (None, (count > 1).then(|| PartsMean::new(count)), Vec::new());
    for step in 0..3 {
        device.gpu().take_downloads();
        let mut judged = Vec::new();
        for part in 0..count {
            let pixels = pixels(step * count + part);
            let images = Images { pixels: &pixels, count: COUNT, size: SIZE };
            let embeddings = network.train_forward_maps(&images);
            let (of_part, d) = device.judge(&mut mirror, &mut head, &embeddings, &LABELS, (step as u64, 0));
            judged.push(of_part);
            network.backward_maps(d);
            let mut weights = network.weights();
            weights.push((Kind::Head, device.weight(&mut mirror, head.weight())));
            if let Some(parts) = &mut parts {
                parts.add(&*device, &weights);
            }
        }
        let mut weights = network.weights();
        weights.push((Kind::Head, device.weight(&mut mirror, head.weight())));
        let weights = match &parts {
            Some(parts) => parts.instead::<Cuda>(weights),
            None => weights,
        };
        let norm = optimizer.launch(&*device, weights, 0.02);
        let before = device.gpu().take_downloads();
        let (outputs, norm) = device.outputs(judged, Some(norm));
        optimizer.settle(norm);
        assert!(outputs.len() == count && outputs.iter().all(|output| output.loss.is_finite()));
        assert!(norm.is_finite() || device.forgives_overflow());
        all.push([before, device.gpu().take_downloads()]);
    }
    device.check().unwrap();
    all
}

fn sgd() -> Rule<Buffer> {
    Rule::Sgd(Sgd::new(0.9, false))
}

fn adamw() -> Rule<Buffer> {
    Rule::AdamW(AdamW::new([0.9, 0.999], 1e-8))
}

#[test]
fn a_step_waits_once_for_all_of_its_numbers() {
    if is_real() {
        return;
    }
    let cases = [
        (float32(), head(), adamw(), 1),
        (float32(), head(), sgd(), 2),
        (float32(), head().with_sampled_classes(0.8, 3), sgd(), 1),
        (gpu(Precision::Float16), head(), adamw(), 1),
    ];
    for (device, head, rule, parts) in cases {
        let case = format!("{:?} {rule:?} {parts}", device.gpu().element());
        assert_eq!(downloads(device, head, rule, parts), [[0, 1]; 3], "{case}");
    }
}

#[test]
fn parts_and_the_norm_that_are_read_together_are_those_that_are_read_one_by_one() {
    let device = float32();
    let (mut head, mut mirror) = (head(), None);
    let shape = shape(COUNT, 1, 1, head.weight().value.len() / 5);
    let mut judge = |name| {
        let embeddings = device.maps(shape, &fill(name, shape.len()));
        device.judge(&mut mirror, &mut head, &embeddings, &LABELS, (0, 0)).0
    };
    let [together, apart] = [["one", "two"].map(&mut judge), ["one", "two"].map(&mut judge)];
    let gradient = device.upload(&fill("gradient", 100));
    let (found, norm) = device.outputs(together.into(), Some(device.norm(&[&gradient], None)));
    let expected = apart.map(|judged| device.output(judged));
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
    assert_eq!(norm, device.read_norm(device.norm(&[&gradient], None)));
    assert!(device.outputs(Vec::new(), None).1.is_nan());
}

const ALIKE: Layers = Layers { decay_norms: true, head_rate: 1.0 };

/// A step of a weight at a learning rate of 1. Gives the norm.
fn step(device: &Cuda, optimizer: &mut Optimizer<Buffer>, value: &mut Buffer, gradient: &[f32]) -> f64 {
    let gradient = device.upload(gradient);
    let weight = Weight { name: "w", value, gradient: &gradient, rows: None };
    optimizer.step(device, vec![(Kind::Kernel, weight)], 1.0)
}

#[test]
fn a_gradient_is_clipped_on_the_gpu_as_the_cpu_would_to_the_last_bits() {
    for device in every_gpu() {
        let scale = scale(&device);
        for length in [1, 7, 16_391] {
            let gradient = fill("gradient", length);
            let norm = global_norm([&gradient[..]]);
            for limit in [norm / 3.0, norm * 3.0] {
                let rule = Rule::Sgd(Sgd::new(0.0, false));
                let (weight_decay, clip_norm) = (0.0, Some(limit));
                let mut optimizer = Optimizer { rule, weight_decay, clip_norm, layers: ALIKE };
                let mut value = device.upload(&vec![0.0; length]);
                let scaled: Vec<f32> = gradient.iter().map(|gradient| gradient * scale).collect();
                let found_norm = step(&device, &mut optimizer, &mut value, &scaled);
                assert!((found_norm / norm - 1.0).abs() < 1e-7, "{found_norm} for {norm}");
                let factor = clip_factor(norm, limit);
                for (found, gradient) in device.download(&value).into_iter().zip(&gradient) {
                    let expected = -(gradient * factor);
                    assert!((found - expected).abs() <= 2.0 * f32::EPSILON * expected.abs());
                }
            }
        }
    }
}

/// What the loss is scaled by, and so its gradient.
fn scale(device: &Cuda) -> f32 {
    device.state().get("loss_scale").map_or(1.0, |scale| values(scale)[0])
}

/// A weight and what an optimiser remembers of it after two steps, before which one may go wrong.
fn after_two(
    precision: Precision,
    rule: Rule<Buffer>,
    wrong: Option<f32>,
) -> (Vec<f32>, Vec<(String, Vec<f32>)>) {
    let device = gpu(precision);
    let mut optimizer = Optimizer { rule, weight_decay: 0.01, clip_norm: Some(1.0), layers: ALIKE };
    let start = fill("value", 9);
    let mut value = device.upload(&start);
    let scaled =
        |name| -> Vec<f32> { fill(name, 9).iter().map(|gradient| gradient * scale(&device)).collect() };
    if let Some(wrong) = wrong {
        let (mut gradient, before) = (scaled("wrong"), scale(&device));
        gradient[8] = wrong;
        assert!(!step(&device, &mut optimizer, &mut value, &gradient).is_finite());
        assert_eq!(device.download(&value), start);
        assert_eq!(device.forgives_overflow(), precision == Precision::Float16);
        assert_eq!(scale(&device), if precision == Precision::Float16 { before / 2.0 } else { 1.0 });
        // A checkpoint of here can be gone on from.
        let weight = Weight { name: "w", value: &mut value, gradient: &device.upload(&[]), rows: None };
        let state = optimizer.state(&device);
        optimizer.load_state(&device, &[(Kind::Kernel, weight)], &state).unwrap();
    }
    for name in ["first", "second"] {
        assert!(step(&device, &mut optimizer, &mut value, &scaled(name)).is_finite());
    }
    let state = optimizer.state(&device).into_iter().map(|(name, tensor)| (name, values(&tensor)));
    (device.download(&value), state.collect())
}

#[test]
fn a_step_whose_gradient_is_not_finite_is_told_left_out_and_not_counted() {
    for precision in [Precision::Float32, Precision::Float16] {
        for rule in [sgd, adamw] {
            let expected = after_two(precision, rule(), None);
            for wrong in [f32::NAN, f32::INFINITY] {
                assert_eq!(after_two(precision, rule(), Some(wrong)), expected, "{precision:?}");
            }
        }
    }
}
