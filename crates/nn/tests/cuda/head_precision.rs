//! A head whose products are of 16 bits: near float32's, and what memory it takes.

use arclab_gpu::Precision;
use arclab_nn::{
    Cuda,
    heads::{ArcFace, Head, HeadMemory, Loss, MarginGradient, PastTurn},
    optim::{Kind, Layers, Optimizer, Rule, Sgd},
};

use crate::{
    devices::{cpu, gpu, shape},
    network::cosine,
    support::fill,
};

const SAMPLES: usize = 8;
const LABELS: [u32; SAMPLES] = [20, 3, 7, 3, 0, 12, 5, 20];
const STEPS: u64 = 6;

fn head(classes: usize, width: usize) -> Head {
    let (past_turn, gradient) = (PastTurn::Plain, MarginGradient::Exact);
    Head::new(Loss::ArcFace(ArcFace { scale: 16.0, margin: 0.3, past_turn, gradient }), classes, width, 1)
}

fn optimizer<V>() -> Optimizer<V> {
    let layers = Layers { decay_norms: true, head_rate: 1.0 };
    Optimizer { rule: Rule::Sgd(Sgd::new(0.9, false)), weight_decay: 5e-4, clip_norm: None, layers }
}

/// What steps on one batch give: each one's loss and gradient to the embeddings, and how the centres have moved.
struct Steps {
    losses: Vec<f64>,
    d_embeddings: Vec<Vec<f32>>,
    moved: Vec<f32>,
}

fn steps<B: HeadMemory>(device: &B, mut head: Head, width: usize, count: u64) -> Steps {
    let before = head.weight().value.to_vec();
    let (mut mirror, mut optimizer) = (B::Mirror::default(), optimizer());
    let embeddings = device.maps(shape(SAMPLES, 1, 1, width), &fill("embeddings", SAMPLES * width));
    let (mut losses, mut d_embeddings) = (Vec::new(), Vec::new());
    for step in 0..count {
        let (judged, d) = device.judge(&mut mirror, &mut head, &embeddings, &LABELS, (step, 8 * step));
        losses.push(device.output(judged).loss);
        d_embeddings.push(device.values(&d));
        optimizer.step(device, vec![(Kind::Head, device.weight(&mut mirror, head.weight()))], 1e-4);
    }
    device.check().unwrap();
    device.pull(&mirror, head.weight());
    let moved = head.weight().value.iter().zip(before).map(|(after, before)| after - before).collect();
    Steps { losses, d_embeddings, moved }
}

fn in_bf16() -> Cuda {
    gpu(Precision::Bfloat16).with_head_as_maps()
}

#[test]
fn a_head_of_bf16_goes_float32_s_way_within_its_rounding_and_learns_with_all_classes_or_sampled_ones() {
    let whole = head(40, 32);
    for head in [whole.clone(), whole.with_sampled_classes(0.5, 9)] {
        let (found, expected) = (steps(&in_bf16(), head.clone(), 32, STEPS), steps(&cpu(), head, 32, STEPS));
        // A cosine's rounding is 1/512 of it, and logits are 16 times as far apart.
        for (found, expected) in found.losses.iter().zip(&expected.losses) {
            assert!((found - expected).abs() < 16.0 / 512.0 * expected.max(1.0), "{found} {expected}");
        }
        for (found, expected) in found.d_embeddings.iter().zip(&expected.d_embeddings) {
            assert!(cosine(found, expected) > 0.999, "{}", cosine(found, expected));
        }
        assert!(cosine(&found.moved, &expected.moved) > 0.999, "{}", cosine(&found.moved, &expected.moved));
        assert!(found.losses.is_sorted_by(|earlier, later| earlier > later), "{:?}", found.losses);
    }
}

#[test]
fn only_a_head_that_is_asked_for_in_bf16_is_rounded() {
    let in_float32 = steps(&gpu(Precision::Bfloat16), head(40, 32), 32, 1);
    let float32 = steps(&gpu(Precision::Float32), head(40, 32), 32, 1);
    let bf16 = steps(&in_bf16(), head(40, 32), 32, 1);
    // What differs is the embeddings' own rounding, which both of bf16 share.
    assert!((in_float32.losses[0] - float32.losses[0]).abs() < 0.05);
    assert!(bf16.losses[0] != in_float32.losses[0]);
}

/// Bytes held at most in three steps.
fn peak(device: &Cuda, classes: usize, width: usize) -> u64 {
    steps(device, head(classes, width), width, 3);
    device.gpu().peak_memory()
}

/// The figure in `arclab-bench head --help`.
#[test]
fn a_class_takes_as_many_bytes_as_the_benchmark_s_help_says() {
    const WIDTH: usize = 32;
    let (centre, cosines) = (4 * WIDTH, SAMPLES);
    let rows = |bytes: usize| bytes * (WIDTH + cosines) + 4;
    for (bytes, new) in [(2, in_bf16 as fn() -> Cuda), (4, || gpu(Precision::Float32))] {
        let [few, more, most] = [256, 512, 1024].map(|classes| peak(&new(), classes, WIDTH) as usize);
        let each = (3 * centre + rows(bytes)) as f64;
        for (classes, growth) in [(256.0, more - few), (512.0, most - more)] {
            let found = growth as f64 / classes;
            // Tables of the optimiser's launch are less than a thousandth.
            assert!((each..each * 1.001).contains(&found), "{bytes}: {found} bytes a class, not {each}");
        }
    }
}
