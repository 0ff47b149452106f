//! What all optimisers share.

use super::*;
use crate::cpu::Cpu;

const GRADIENTS: [[f32; 2]; 2] = [[0.3, -0.4], [1.2, 0.0]];
const ALIKE: Layers = Layers { decay_norms: true, head_rate: 1.0 };

fn sgd(momentum: f64, weight_decay: f64, clip_norm: Option<f64>) -> Optimizer {
    Optimizer { rule: Rule::Sgd(Sgd::new(momentum, false)), weight_decay, clip_norm, layers: ALIKE }
}

fn adamw() -> Optimizer {
    Optimizer { rule: Rule::AdamW(AdamW::new([0.9, 0.99], 1e-8)), ..sgd(0.0, 1e-2, Some(0.5)) }
}

fn weights<'a>([a, b]: &'a mut [[f32; 2]; 2], [da, db]: &'a [[f32; 2]; 2]) -> [(Kind, Weight<'a>); 2] {
    [
        (Kind::Kernel, Weight { name: "a", value: a, gradient: da, rows: None }),
        (Kind::Kernel, Weight { name: "b", value: b, gradient: db, rows: None }),
    ]
}

fn run(optimizer: &mut Optimizer, values: &mut [[f32; 2]; 2], steps: usize) -> f64 {
    let (cpu, mut norm) = (Cpu::new(1), 0.0);
    for _ in 0..steps {
        norm = optimizer.step(&cpu, weights(values, &GRADIENTS).into(), 0.1);
    }
    norm
}

#[test]
fn clipping_scales_the_whole_gradient_to_the_limit() {
    // √(0.09 + 0.16 + 1.44) = 1.3, clipped to 0.65: half of each gradient.
    let mut values = [[1.0_f32; 2]; 2];
    let norm = run(&mut sgd(0.0, 0.0, Some(0.65)), &mut values, 1);
    assert!((norm - 1.3).abs() < 1e-6, "{norm}");
    let expected = [[1.0 - 0.015, 1.0 + 0.02], [1.0 - 0.06, 1.0]];
    for (found, expected) in values.iter().flatten().zip(expected.iter().flatten()) {
        assert!((found - expected).abs() < 1e-6, "{values:?}");
    }
}

#[test]
fn a_restored_optimiser_goes_on_as_if_never_stopped() {
    let cpu = Cpu::new(1);
    for fresh in [sgd(0.9, 1e-3, Some(0.5)), adamw()] {
        for before in [0, 3] {
            let (mut through, mut values) = (fresh.clone(), [[1.0_f32; 2]; 2]);
            run(&mut through, &mut values, before);
            let (state, mut restored_values) = (through.state(&cpu), values);
            run(&mut through, &mut values, 3);

            let mut restored = fresh.clone();
            restored.load_state(&cpu, &weights(&mut restored_values, &GRADIENTS), &state).unwrap();
            run(&mut restored, &mut restored_values, 3);
            assert_eq!(restored_values, values);
            assert_eq!(restored, through);
        }
    }
}

#[test]
fn what_was_remembered_of_another_network_is_refused_by_name() {
    let cpu = Cpu::new(1);
    for (fresh, part) in [(sgd(0.9, 0.0, None), ""), (adamw(), "first/")] {
        let mut optimizer = fresh.clone();
        run(&mut optimizer, &mut [[1.0_f32; 2]; 2], 1);
        let state = optimizer.state(&cpu);
        assert!(state.contains_key(&format!("{part}a")), "{:?}", state.keys());
        let mut value = [0.0; 3];
        let mut refused = |name| {
            let weight = Weight { name, value: &mut value[..], gradient: &[][..], rows: None };
            fresh.clone().load_state(&cpu, &[(Kind::Kernel, weight)], &state).unwrap_err().to_string()
        };
        assert_eq!(refused("c"), "tensor `c` is missing");
        assert_eq!(refused("a"), "tensor `a` has shape [2] and should have [3]");
    }
}

#[test]
fn one_rule_s_memory_is_refused_by_the_other() {
    let cpu = Cpu::new(1);
    let [of_sgd, of_adamw] = [sgd(0.9, 0.0, None), adamw()].map(|mut optimizer| {
        run(&mut optimizer, &mut [[1.0_f32; 2]; 2], 1);
        optimizer.state(&cpu)
    });
    let mut values = [[1.0_f32; 2]; 2];
    let weights = weights(&mut values, &GRADIENTS);
    assert!(adamw().load_state(&cpu, &weights, &of_sgd).is_err());
    assert!(sgd(0.9, 0.0, None).load_state(&cpu, &weights, &of_adamw).is_err());
}

#[test]
fn a_gradient_that_is_not_finite_changes_nothing() {
    for fresh in [sgd(0.9, 0.1, Some(1.0)), adamw()] {
        let (mut optimizer, mut value) = (fresh.clone(), [1.0, 2.0]);
        let weight =
            Weight { name: "a", value: &mut value[..], gradient: &[f32::INFINITY, 0.0][..], rows: None };
        assert!(!optimizer.step(&Cpu::new(1), vec![(Kind::Kernel, weight)], 0.1).is_finite());
        assert_eq!((optimizer, value), (fresh, [1.0, 2.0]));
    }
}

#[test]
fn channels_can_be_kept_from_decaying_and_the_head_given_a_rate_of_its_own() {
    let layers = Layers { decay_norms: false, head_rate: 10.0 };
    let mut optimizer = Optimizer { layers, ..sgd(0.0, 0.5, None) };
    // 2 - 0.1(1 + 0.5 · 2) = 1.8; without decay 2 - 0.1 = 1.9; at ten times the rate 2 - 1 · (1 + 0.5 · 2) = 0.
    for (kind, by_hand) in [(Kind::Kernel, 1.8), (Kind::Channel, 1.9), (Kind::Head, 0.0)] {
        let mut value = [2.0];
        let weight = Weight { name: "w", value: &mut value[..], gradient: &[1.0][..], rows: None };
        optimizer.step(&Cpu::new(1), vec![(kind, weight)], 0.1);
        assert!((value[0] - by_hand).abs() < 1e-6, "{kind:?}: {value:?}");
    }
}
