//! A head whose network is on the GPU goes the way of one whose network is on the CPU.

use arclab_nn::{
    MapShape,
    heads::{
        AdaFace, ArcFace, CrossEntropy, Head, HeadMemory, Loss, MarginGradient, PairHead, PairLoss, PastTurn,
        ProxyAnchor,
    },
    optim::{Kind, Layers, Optimizer, Rule, Sgd},
};

use crate::{
    devices::{assert_near, cpu, float32, shape},
    support::fill,
};

const WIDTH: usize = 8;
const CLASSES: usize = 21;
const LABELS: [u32; 6] = [20, 3, 7, 3, 0, 12];

fn embeddings_shape() -> MapShape {
    shape(LABELS.len(), 1, 1, WIDTH)
}

fn optimizer<V>() -> Optimizer<V> {
    let layers = Layers { decay_norms: true, head_rate: 1.0 };
    Optimizer { rule: Rule::Sgd(Sgd::new(0.9, false)), weight_decay: 1e-3, clip_norm: Some(1.0), layers }
}

/// Losses and gradients to embeddings of some steps, and the centres at the end.
fn steps<B: HeadMemory>(device: &B, mut head: Head) -> Vec<Vec<f32>> {
    let (mut mirror, mut optimizer, mut all) = (B::Mirror::default(), optimizer(), Vec::new());
    for step in 0..4 {
        let embeddings = device.maps(embeddings_shape(), &fill(&format!("{step}"), LABELS.len() * WIDTH));
        let (output, d_embeddings) =
            device.judge(&mut mirror, &mut head, &embeddings, &LABELS, (step, 6 * step));
        let output = device.output(output);
        all.push(vec![output.loss as f32, output.correct as f32, output.angles as f32, output.norms as f32]);
        all.push(device.values(&d_embeddings));
        optimizer.step(device, vec![(Kind::Head, device.weight(&mut mirror, head.weight()))], 0.1);
    }
    device.pull(&mirror, head.weight());
    all.push(head.weight().value.to_vec());
    all
}

fn arcface() -> Loss {
    let (past_turn, gradient) = (PastTurn::Linear, MarginGradient::Exact);
    Loss::ArcFace(ArcFace { scale: 16.0, margin: 0.5, past_turn, gradient })
}

fn heads() -> Vec<(&'static str, Head)> {
    let head = |loss| Head::new(loss, CLASSES, WIDTH, 1);
    vec![
        ("on the GPU", head(arcface())),
        ("on the GPU, sampled", head(arcface()).with_sampled_classes(0.4, 9)),
        ("on the CPU", head(Loss::AdaFace(AdaFace::new(16.0, 0.4, 0.333, 0.01)))),
        (
            "on the CPU, sampled",
            head(Loss::AdaFace(AdaFace::new(16.0, 0.4, 0.333, 0.01))).with_sampled_classes(0.4, 9),
        ),
        ("focal", head(arcface()).with_cross_entropy(CrossEntropy::Focal { gamma: 2.0 })),
    ]
}

#[test]
fn every_loss_goes_the_cpu_s_way_through_several_steps() {
    let gpu = float32();
    for (what, head) in heads() {
        let (found, expected) = (steps(&gpu, head.clone()), steps(&cpu(), head));
        for (found, expected) in found.iter().zip(&expected) {
            assert_near(&gpu, found, expected, 1e-4, what);
        }
    }
}

#[test]
fn proxies_do_so_too() {
    let gpu = float32();
    let [found, expected] = [pair_steps(&gpu), pair_steps(&cpu())];
    assert_near(&gpu, &found, &expected, 1e-4, "proxies");
}

fn pair_steps<B: HeadMemory>(device: &B) -> Vec<f32> {
    let loss = PairLoss::ProxyAnchor(ProxyAnchor { scale: 8.0, cosine_margin: 0.1 });
    let mut head = PairHead::new(loss, CLASSES, WIDTH, 1);
    let (mut mirror, mut optimizer) = (B::Mirror::default(), optimizer());
    for step in 0..3 {
        let embeddings = device.maps(embeddings_shape(), &fill(&format!("{step}"), LABELS.len() * WIDTH));
        device.judge_pairs(&mut mirror, &mut head, &embeddings, &LABELS);
        let weight = device.weight(&mut mirror, head.weight().unwrap());
        optimizer.step(device, vec![(Kind::Head, weight)], 0.1);
    }
    device.pull(&mirror, head.weight().unwrap());
    head.weight().unwrap().value.to_vec()
}
