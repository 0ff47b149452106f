//! Optimisers: all weights take the CPU's steps.

use arclab_nn::{
    Backend, Cpu,
    optim::{AdamW, Kind, Layers, Optimizer, Rows, Rule, Sgd, Weight},
};

use crate::{
    devices::{assert_near, cpu, float32},
    support::fill,
};

const WIDTH: usize = 6;
const COUNT: usize = 11;
/// The last ones: all, in two ways.
const ROWS: [Option<&[u32]>; 4] =
    [Some(&[4]), Some(&[0, 3, 10]), Some(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), None];
/// Whether there is momentum, and whether it is Nesterov's; none: Adam.
const METHODS: [Option<(f64, bool)>; 4] = [Some((0.0, false)), Some((0.9, false)), Some((0.9, true)), None];

fn optimizer<B: Backend>(method: Option<(f64, bool)>, clip_norm: Option<f64>) -> Optimizer<B::Buffer> {
    let rule = match method {
        Some((momentum, nesterov)) => Rule::Sgd(Sgd::new(momentum, nesterov)),
        None => Rule::AdamW(AdamW::new([0.9, 0.99], 1e-8)),
    };
    let layers = Layers { decay_norms: false, head_rate: 3.0 };
    Optimizer { rule, weight_decay: 0.05, clip_norm, layers }
}

/// What every step makes of the weight, and the norms.
fn steps<B: Backend>(device: &B, mut optimizer: Optimizer<B::Buffer>) -> (Vec<Vec<f32>>, Vec<f64>) {
    let (mut values, mut norms) = (vec![fill("value", COUNT * WIDTH)], Vec::new());
    let mut value = device.upload(&values[0]);
    for (step, indices) in ROWS.iter().cycle().take(6).enumerate() {
        let rows = indices.map(|indices| Rows { indices, width: WIDTH });
        let len = indices.map_or(COUNT, <[u32]>::len) * WIDTH;
        let gradient = device.upload(&fill(&format!("gradient {step}"), len));
        let (value_now, gradient) = (B::numbers_mut(&mut value), B::numbers(&gradient));
        let weight = Weight { name: "w", value: value_now, gradient, rows };
        norms.push(optimizer.step(device, vec![(Kind::Head, weight)], 0.1 / (step + 1) as f64));
        values.push(device.download(B::numbers(&value)));
    }
    (values, norms)
}

#[test]
fn weights_take_the_cpu_s_steps_whatever_the_rule_and_clipped_or_not() {
    for method in METHODS {
        for limit in [None, Some(1.5)] {
            let candle = float32();
            let (found, found_norms) = steps(&candle, optimizer::<arclab_nn::Candle>(method, limit));
            let (expected, norms) = steps(&cpu(), optimizer::<Cpu>(method, limit));
            for (found, expected) in found.iter().zip(&expected) {
                assert_near(&candle, found, expected, 1e-6, &format!("{method:?}"));
            }
            for (found, expected) in found_norms.iter().zip(norms) {
                assert!((found / expected - 1.0).abs() < 1e-12, "{found} for {expected}");
            }
        }
    }
}

#[test]
fn rows_that_take_no_part_stay_as_they_are() {
    for method in METHODS {
        let (values, _) = steps(&float32(), optimizer::<arclab_nn::Candle>(method, None));
        for (pair, indices) in values.windows(2).zip(ROWS.iter().cycle()) {
            let Some(indices) = indices else { continue };
            for row in (0..COUNT).filter(|row| !indices.contains(&(*row as u32))) {
                let range = row * WIDTH..(row + 1) * WIDTH;
                assert_eq!(pair[0][range.clone()], pair[1][range]);
            }
        }
    }
}

#[test]
fn averages_follow_and_means_add_up() {
    fn run<B: Backend>(device: &B) -> [Vec<f32>; 2] {
        let [mut average, mut mean, other] =
            ["average", "mean", "other"].map(|name| device.upload(&fill(name, 77)));
        for _ in 0..2 {
            device.approach(vec![(B::numbers_mut(&mut average), B::numbers(&other))], 0.3);
            device.add_share(vec![(B::numbers_mut(&mut mean), B::numbers(&other))], 0.25, false);
        }
        [average, mean].map(|buffer| device.download(B::numbers(&buffer)))
    }
    let candle = float32();
    for (found, expected) in run(&candle).iter().zip(run(&cpu())) {
        assert_near(&candle, found, &expected, 1e-6, "average or mean");
    }
}

#[test]
fn numbers_that_are_equal_stay_so_to_the_bit_when_they_follow() {
    let (candle, numbers) = (float32(), fill("numbers", 77));
    let (mut average, value) = (candle.upload(&numbers), candle.upload(&numbers));
    candle.approach(vec![(&mut average, &value)], 0.3);
    assert_eq!(candle.download(&average), numbers);
}

#[test]
fn a_gradient_that_is_not_finite_changes_nothing() {
    let candle = float32();
    let (mut value, gradient) = (candle.upload(&[1.0, 2.0]), candle.upload(&[0.5, f32::NAN]));
    let weight = Weight { name: "w", value: &mut value, gradient: &gradient, rows: None };
    let norm = optimizer::<arclab_nn::Candle>(None, None).step(&candle, vec![(Kind::Kernel, weight)], 0.1);
    assert!(norm.is_nan());
    assert_eq!(candle.download(&value), [1.0, 2.0]);
}
