//! Whole networks: training and evaluation on the GPU go the CPU's way.

use std::sync::Arc;

use arclab_nn::{
    BackboneKind, Cpu, Design, Images, Input, Network,
    heads::{ArcFace, Head, HeadMemory, Loss, MarginGradient, PastTurn},
    optim::{AdamW, Kind, Layers, Optimizer, Rule, Sgd},
};
use candle_core::Tensor;

use crate::devices::{assert_near, every_gpu, float32};

pub(crate) const SIZE: usize = 32;
pub(crate) const COUNT: usize = 3;
const WIDTH: usize = 16;
pub(crate) const LABELS: [u32; COUNT] = [4, 0, 2];

pub(crate) fn pixels(step: usize) -> Vec<u8> {
    (0..COUNT * SIZE * SIZE * 3).map(|at| (((step * 31 + at) * 2_654_435_761) >> 7) as u8).collect()
}

pub(crate) fn network<B: HeadMemory>(device: &Arc<B>, design: &Design) -> Network<B> {
    Network::of(Arc::clone(device), design, 7).unwrap()
}

pub(crate) fn optimizer<V>(rule: Rule<V>) -> Optimizer<V> {
    let layers = Layers { decay_norms: true, head_rate: 1.0 };
    Optimizer { rule, weight_decay: 5e-4, clip_norm: Some(5.0), layers }
}

pub(crate) fn head() -> Head {
    let (past_turn, gradient) = (PastTurn::Plain, MarginGradient::Exact);
    Head::new(Loss::ArcFace(ArcFace { scale: 16.0, margin: 0.3, past_turn, gradient }), 5, WIDTH, 1)
}

/// What training made of a network.
pub(crate) struct Trained {
    losses: Vec<f32>,
    pub(crate) state: Vec<(String, Tensor)>,
    pub(crate) embeddings: Vec<f32>,
}

pub(crate) fn train<B: HeadMemory>(
    device: &Arc<B>,
    design: &Design,
    rule: Rule<B::Buffer>,
    steps: usize,
) -> Trained {
    let (mut network, mut head) = (network(device, design), head());
    let (mut mirror, mut optimizer, mut losses) = (B::Mirror::default(), optimizer(rule), Vec::new());
    for step in 0..steps {
        let pixels = pixels(step);
        let embeddings = network.train_forward_maps(&Images { pixels: &pixels, count: COUNT, size: SIZE });
        let (output, d) = device.judge(&mut mirror, &mut head, &embeddings, &LABELS, (step as u64, 0));
        network.backward_maps(d);
        let mut weights = network.weights();
        weights.push((Kind::Head, device.weight(&mut mirror, head.weight())));
        optimizer.step(&**device, weights, 0.02);
        losses.push(device.output(output).loss as f32);
    }
    let embeddings = network.embed(&Images { pixels: &pixels(99), count: COUNT, size: SIZE });
    device.check().unwrap();
    Trained { losses, state: network.state(), embeddings }
}

pub(crate) fn design(kind: BackboneKind) -> Design {
    Design::new(kind, WIDTH, SIZE)
}

pub(crate) fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.to_dtype(candle_core::DType::F32).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// Every kind of layer is in one of these, which take so many steps and are so near: GhostFaceNet's deep maps have shrunk to
/// one position, where the moments of three images magnify what is rounded. (Where all its convolutions' weights are larger by
/// their last bit, the CPU's own shifts differ by a fiftieth after one step.)
fn designs() -> [(Design, usize, f32); 4] {
    let small = design(BackboneKind::Small);
    [
        (design(BackboneKind::MobileFaceNet), 2, 1e-3),
        (design(BackboneKind::GhostFaceNetV1Stride2), 1, 3e-2),
        (Design { input: Input::Grey, ..small }, 2, 1e-3),
        (small, 2, 1e-3),
    ]
}

#[test]
fn networks_train_and_embed_as_on_the_cpu() {
    for (design, steps, tolerance) in designs() {
        let (on_gpu, on_cpu) = (Arc::new(float32()), Arc::new(Cpu::new(2)));
        let found = train(&on_gpu, &design, Rule::Sgd(Sgd::new(0.9, false)), steps);
        let expected = train(&on_cpu, &design, Rule::Sgd(Sgd::new(0.9, false)), steps);
        assert_near(
            &on_gpu,
            &found.losses,
            &expected.losses,
            tolerance,
            &format!("losses of {:?}", design.kind),
        );
        for ((name, found), (_, expected)) in found.state.iter().zip(&expected.state) {
            assert_near(&on_gpu, &values(found), &values(expected), tolerance, name);
        }
        let mut cosines = cosines(&found.embeddings, &expected.embeddings);
        assert!(cosines.all(|cosine| cosine > 1.0 - tolerance), "{:?}", design.kind);
    }
}

pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

pub(crate) fn cosines<'a>(found: &'a [f32], expected: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
    found.chunks(WIDTH).zip(expected.chunks(WIDTH)).map(|(found, expected)| cosine(found, expected))
}

#[test]
fn the_same_bits_come_out_of_training_twice() {
    let design = design(BackboneKind::Small);
    for (one, other) in every_gpu().zip(every_gpu()) {
        let [one, other] = [one, other]
            .map(|gpu| train(&Arc::new(gpu), &design, Rule::AdamW(AdamW::new([0.9, 0.999], 1e-8)), 2));
        assert_eq!(one.embeddings, other.embeddings);
        assert_eq!(one.losses, other.losses);
    }
}

#[test]
fn weights_move_between_the_devices() {
    let design = design(BackboneKind::Small);
    let (on_gpu, on_cpu) = (Arc::new(float32()), Arc::new(Cpu::new(2)));
    let trained = train(&on_gpu, &design, Rule::Sgd(Sgd::new(0.9, false)), 1);
    let mut moved = network(&on_cpu, &design);
    moved.load_state(&trained.state.into_iter().collect()).unwrap();
    let pixels = pixels(99);
    let found = moved.embed(&Images { pixels: &pixels, count: COUNT, size: SIZE });
    assert_near(&on_gpu, &found, &trained.embeddings, 1e-4, "embeddings");
}
