//! Steps that are recorded are those that are done layer by layer, to the bit.

use std::sync::Arc;

use arclab_gpu::{Buffer, Precision};
use arclab_nn::{
    BackboneKind, Cuda, Design, Images, MovingAverage, Network,
    heads::HeadMemory,
    optim::{Kind, Optimizer, PartsMean, Rule, Sgd},
};

use crate::{
    devices::{gpu_that, is_real},
    network::{COUNT, LABELS, SIZE, design, head, network, optimizer, pixels, values},
};

/// What is trained, and what happens besides.
struct Training {
    device: Arc<Cuda>,
    network: Network<Cuda>,
    average: MovingAverage<Cuda>,
    optimizer: Optimizer<Buffer>,
    parts: PartsMean<Buffer>,
    /// Numbers that others keep on the device from step to step.
    others: Vec<Buffer>,
}

impl Training {
    fn new(precision: Precision, design: &Design, does_record: bool) -> Self {
        let device = Arc::new(gpu_that(precision, does_record));
        Self {
            network: network(&device, design),
            average: MovingAverage::new(0.5, network(&device, design)),
            optimizer: optimizer(Rule::Sgd(Sgd::new(0.9, false))),
            parts: PartsMean::new(2),
            others: Vec::new(),
            device,
        }
    }

    fn embed(&self, count: usize) -> Vec<f32> {
        let pixels = pixels(99);
        self.network.embed(&Images { pixels: &pixels[..count * SIZE * SIZE * 3], count, size: SIZE })
    }

    /// A step on the first `count` images of two batches, whose mean gradient is taken. The losses' bits.
    fn step(&mut self, step: usize, count: usize) -> Vec<u64> {
        let Self { device, network, average, optimizer, parts, others } = self;
        let (mut head, mut mirror, mut losses) = (head(), None, Vec::new());
        for part in 0..2 {
            let pixels = pixels(2 * step + part);
            let images = Images { pixels: &pixels[..count * SIZE * SIZE * 3], count, size: SIZE };
            let embeddings = network.train_forward_maps(&images);
            others.push(device.gpu().upload(&vec![7.0; 500 * (step + 1)]));
            let (output, d) = device.judge(&mut mirror, &mut head, &embeddings, &LABELS[..count], (0, 0));
            network.backward_maps(d);
            let mut weights = network.weights();
            weights.push((Kind::Head, device.weight(&mut mirror, head.weight())));
            parts.add(&**device, &weights);
            losses.push(device.output(output).loss.to_bits());
        }
        let mut weights = network.weights();
        weights.push((Kind::Head, device.weight(&mut mirror, head.weight())));
        optimizer.step(&**device, parts.instead::<Cuda>(weights), 0.02);
        average.follow(network);
        losses
    }

    /// All numbers of the network and of its average.
    fn bits(&self) -> Vec<Vec<u32>> {
        let of = |network: &Network<Cuda>| network.state();
        let all = of(&self.network).into_iter().chain(of(self.average.network()));
        all.map(|(_, tensor)| values(&tensor).into_iter().map(f32::to_bits).collect()).collect()
    }
}

fn assert_same(precision: Precision, design: &Design, happens: impl Fn(&mut Training) -> Vec<u64>) {
    let [recorded, eager] = [true, false].map(|does_record| {
        let mut training = Training::new(precision, design, does_record);
        let losses = happens(&mut training);
        training.device.gpu().check().unwrap();
        let others = training.others.iter().flat_map(|other| training.device.gpu().download(other));
        assert!(others.into_iter().all(|value| value == 7.0), "somebody else's numbers were written over");
        assert_eq!(training.network.is_recorded(), does_record, "{:?}", design.kind);
        (losses, training.bits(), training.embed(2))
    });
    assert!(recorded == eager, "{:?} in {precision:?}", design.kind);
}

#[test]
fn recorded_steps_are_those_of_layer_by_layer_in_every_backbone() {
    let all = [BackboneKind::MobileFaceNetScale1, BackboneKind::Small, BackboneKind::IResNet18];
    // All of them take minutes in the emulator.
    let kinds = if is_real() { &all[..] } else { &all[..1] };
    for precision in [Precision::Float32, Precision::Bfloat16] {
        for &kind in kinds {
            assert_same(precision, &design(kind), |training| {
                (0..2).flat_map(|step| training.step(step, 2)).collect()
            });
        }
    }
}

#[test]
fn so_they_are_with_all_that_happens_between_steps() {
    assert_same(Precision::Float32, &design(BackboneKind::Small), |training| {
        let mut losses = training.step(0, 2);
        // As a checkpoint brings it back.
        let state = training.network.state().into_iter().collect();
        losses.extend(training.step(1, 2));
        training.network.load_state(&state).unwrap();
        training.embed(1);
        // Of another shape, which the recording does not have.
        losses.extend(training.step(2, COUNT));
        losses.extend(training.step(3, 2));
        losses
    });
}

#[test]
fn layers_that_are_frozen_later_are_no_longer_recorded_as_they_were() {
    assert_same(Precision::Float32, &design(BackboneKind::Small), |training| {
        let mut losses = training.step(0, 2);
        training.network.freeze(&["conv1".to_owned(), "bn1".to_owned(), "prelu".to_owned()]).unwrap();
        training.optimizer = optimizer(Rule::Sgd(Sgd::new(0.9, false)));
        training.parts = PartsMean::new(2);
        losses.extend(training.step(1, 2));
        losses
    });
}

#[test]
fn a_network_that_draws_anew_in_each_step_is_not_recorded_and_trains_as_before() {
    let design = Design { dropout: 0.4, ..design(BackboneKind::Small) };
    let [one, other] = [true, false].map(|does_record| {
        let mut training = Training::new(Precision::Float32, &design, does_record);
        let losses = training.step(0, 2);
        training.device.gpu().check().unwrap();
        assert!(!training.network.is_recorded());
        (losses, training.bits())
    });
    assert!(one == other);
}
