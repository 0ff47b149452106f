//! Optimisers, the moving average and schedules against PyTorch's (`optim.py`, `data/README.md`).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{collections::BTreeMap, sync::Arc};

use arclab_nn::{
    BackboneKind, Cpu, MovingAverage, Network,
    optim::{AdamW, Kind, Layers, Optimizer, Rule, Sgd, Weight},
    schedule::{Schedule, Shape},
};
use candle_core::{Device, Tensor};
use serde::Deserialize;

/// Weights are in one row: a kernel of 12 numbers, a vector of 5 with one number a channel, and class centres.
const SIZES: [usize; 3] = [12, 5, 6];

#[derive(Deserialize)]
struct Reference {
    rates: Vec<f64>,
    start: Vec<f32>,
    gradients: Vec<Vec<f32>>,
    /// The weights after each step.
    optimizers: BTreeMap<String, Vec<Vec<f32>>>,
    /// The average of those of `sgd`.
    average: Vec<Vec<f32>>,
    schedules: BTreeMap<String, Vec<f64>>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("data/optim.json")).unwrap()
}

fn weights<'a>(values: &'a mut [f32], gradients: &'a [f32]) -> [(Kind, Weight<'a>); 3] {
    let (kernel, rest) = values.split_at_mut(SIZES[0]);
    let (channel, centres) = rest.split_at_mut(SIZES[1]);
    let (d_kernel, rest) = gradients.split_at(SIZES[0]);
    let (d_channel, d_centres) = rest.split_at(SIZES[1]);
    [
        (Kind::Kernel, Weight { name: "kernel", value: kernel, gradient: d_kernel, rows: None }),
        (Kind::Channel, Weight { name: "channel", value: channel, gradient: d_channel, rows: None }),
        (Kind::Head, Weight { name: "centres", value: centres, gradient: d_centres, rows: None }),
    ]
}

fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{what}: {found} for {expected}");
    }
}

fn optimizers() -> [(&'static str, Optimizer); 5] {
    let alike = Layers { decay_norms: true, head_rate: 1.0 };
    let apart = |head_rate| Layers { decay_norms: false, head_rate };
    let sgd = |nesterov| Rule::Sgd(Sgd::new(0.9, nesterov));
    let adamw = |betas, epsilon| Rule::AdamW(AdamW::new(betas, epsilon));
    let new = |rule, weight_decay, clip_norm, layers| Optimizer { rule, weight_decay, clip_norm, layers };
    [
        ("sgd", new(sgd(false), 0.01, None, alike)),
        ("nesterov", new(sgd(true), 0.01, None, alike)),
        ("sgd_apart", new(sgd(false), 0.1, Some(2.0), apart(10.0))),
        ("adamw", new(adamw([0.9, 0.999], 1e-8), 0.01, None, alike)),
        ("adamw_apart", new(adamw([0.8, 0.95], 1e-3), 0.5, Some(2.0), apart(0.5))),
    ]
}

#[test]
fn every_step_of_every_optimiser_is_pytorch_s() {
    let (reference, cpu) = (reference(), Cpu::new(2));
    for (name, mut optimizer) in optimizers() {
        let mut values = reference.start.clone();
        let steps = reference.rates.iter().zip(&reference.gradients).zip(&reference.optimizers[name]);
        for (step, ((&rate, gradients), expected)) in steps.enumerate() {
            optimizer.step(&cpu, weights(&mut values, gradients).into(), rate);
            assert_close(&values, expected, &format!("{name}, step {step}"));
        }
    }
    assert_eq!(reference.optimizers.len(), optimizers().len());
}

fn small() -> Network {
    Network::new(Arc::new(Cpu::new(2)), BackboneKind::Small, 16, 32, 0).unwrap()
}

/// A network whose first numbers are these, in some kernel and in some running mean.
fn beginning_with(values: &[f32], [kernel, mean]: [&str; 2]) -> Network {
    let mut network = small();
    let mut state: BTreeMap<String, Tensor> = network.state().into_iter().collect();
    for (name, values) in [(kernel, values), (mean, &values[..16])] {
        let tensor = state.get_mut(name).unwrap();
        let mut all: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
        all[..values.len()].copy_from_slice(values);
        *tensor = Tensor::from_vec(all, tensor.dims(), &Device::Cpu).unwrap();
    }
    network.load_state(&state).unwrap();
    network
}

/// The first numbers of an entry of a network.
fn first(network: &Network, name: &str, count: usize) -> Vec<f32> {
    let (_, tensor) = network.state().into_iter().find(|(entry, _)| entry == name).unwrap();
    tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap()[..count].to_vec()
}

#[test]
fn the_moving_average_of_weights_and_running_statistics_is_that_of_pytorch_s_averaged_model() {
    let reference = reference();
    let names: Vec<String> = small().state().into_iter().map(|(name, _)| name).collect();
    let ending = |ending: &str| names.iter().find(|name| name.ends_with(ending)).unwrap().as_str();
    let entries = [ending("weight"), ending("running_mean")];
    let mut average = MovingAverage::new(0.4, beginning_with(&reference.start, entries));
    for (values, expected) in reference.optimizers["sgd"].iter().zip(&reference.average) {
        average.follow(&beginning_with(values, entries));
        assert_close(&first(average.network(), entries[0], 23), expected, entries[0]);
        assert_close(&first(average.network(), entries[1], 16), &expected[..16], entries[1]);
    }
}

fn grown(network: &mut Network) -> &Network {
    network.params_mut().into_iter().for_each(|param| param.value.iter_mut().for_each(|w| *w *= 1.1));
    network
}

fn bits(average: &MovingAverage) -> Vec<Vec<u32>> {
    let params = average.network().params().into_iter();
    params.map(|param| param.value.iter().map(|value| value.to_bits()).collect()).collect()
}

#[test]
fn a_restored_average_goes_on_as_if_never_stopped() {
    let (mut network, mut through) = (small(), MovingAverage::new(0.999, small()));
    for _ in 0..3 {
        through.follow(grown(&mut network));
    }
    let mut restored = MovingAverage::new(0.999, small());
    restored.load_state(&through.state()).unwrap();
    assert_eq!(bits(&restored), bits(&through));
    let next = grown(&mut network);
    through.follow(next);
    restored.follow(next);
    assert_eq!(bits(&restored), bits(&through));
}

#[test]
fn an_average_of_what_does_not_move_stays_to_the_bit() {
    let mut average = MovingAverage::new(0.999, small());
    let before = bits(&average);
    for _ in 0..20 {
        average.follow(&small());
    }
    assert_eq!(bits(&average), before);
}

fn schedules() -> [(&'static str, Shape, f64); 5] {
    let cycle = |rise, start_divisor, end_divisor| Shape::OneCycle { rise, start_divisor, end_divisor };
    [
        ("polynomial", Shape::Polynomial { power: 2.0 }, 5.0),
        ("cosine", Shape::Cosine, 5.0),
        ("step", Shape::Step { milestones: vec![12, 21], factor: 0.2 }, 5.0),
        ("one_cycle", cycle(0.3, 25.0, 1e4), 0.0),
        ("one_cycle_apart", cycle(0.45, 10.0, 100.0), 0.0),
    ]
}

#[test]
fn every_rate_of_every_schedule_is_pytorch_s() {
    let reference = reference();
    for (name, shape, warmup_steps) in schedules() {
        let expected = &reference.schedules[name];
        let schedule = Schedule { shape, peak: 0.4, warmup_steps, total_steps: expected.len() as u64 };
        for (step, expected) in expected.iter().enumerate() {
            let found = schedule.rate(step as u64);
            assert!((found - expected).abs() < 1e-14, "{name}, step {step}: {found} for {expected}");
        }
    }
    assert_eq!(reference.schedules.len(), schedules().len());
}
