//! Optimisers: how weights follow gradients.
//!
//! As in InsightFace, weight decay and clipping reach every weight: convolutions, scales and shifts of batch norms,
//! slopes of each PReLU and class centres. (InsightFace clips the backbone alone; here the norm is the whole
//! gradient's.)

mod clip;
mod sgd;

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};

pub use clip::{clip_factor, global_norm};

use crate::checkpoint::{Mismatch, Tensors};
use sgd::Factors;

/// One parameter, as an optimiser sees it.
#[derive(Debug)]
pub struct Weight<'a> {
    /// Unique among the weights of a step, and the same in every step: momentum is kept under it.
    pub name: &'a str,
    /// What is changed.
    pub value: &'a mut [f32],
    /// d loss / d value.
    pub gradient: &'a [f32],
}

/// Stochastic gradient descent with momentum and weight decay, as PyTorch's `SGD` without dampening.
#[derive(Debug, Clone, PartialEq)]
pub struct Sgd {
    momentum: f64,
    weight_decay: f64,
    clip_norm: Option<f64>,
    velocity: BTreeMap<String, Vec<f32>>,
}

impl Sgd {
    /// An optimiser at rest. `clip_norm` is the largest norm of the whole gradient; longer ones are scaled down.
    pub fn new(momentum: f64, weight_decay: f64, clip_norm: Option<f64>) -> Self {
        Self { momentum, weight_decay, clip_norm, velocity: BTreeMap::new() }
    }

    /// One step at learning rate `rate`; returns the norm of the whole gradient before clipping. Where that is not
    /// finite, nothing is changed.
    pub fn step(&mut self, weights: &mut [Weight<'_>], rate: f64) -> f64 {
        let norm = global_norm(weights.iter().map(|weight| weight.gradient));
        if !norm.is_finite() {
            return norm;
        }
        let by = Factors {
            rate: rate as f32,
            momentum: self.momentum as f32,
            weight_decay: self.weight_decay as f32,
            gradient: self.clip_norm.map_or(1.0, |limit| clip_factor(norm, limit)),
        };
        for weight in weights {
            let count = weight.value.len();
            let velocity = self.velocity.entry(weight.name.to_owned()).or_insert_with(|| vec![0.0; count]);
            sgd::update(weight.value, weight.gradient, velocity, by);
        }
        norm
    }

    /// The momentum of each weight, flat.
    pub fn state(&self) -> Tensors {
        let tensor = |values: &Vec<f32>| {
            Tensor::from_slice(values, values.len(), &Device::Cpu)
                .expect("a vector is a tensor of its length")
        };
        self.velocity.iter().map(|(name, values)| (name.clone(), tensor(values))).collect()
    }

    /// Brings back the momentum of these weights. Every weight must have one of its length, but for an optimiser
    /// that was saved before its first step.
    pub fn load_state(&mut self, weights: &[Weight<'_>], state: &Tensors) -> Result<(), Mismatch> {
        let mut velocity = BTreeMap::new();
        for weight in weights.iter().filter(|_| !state.is_empty()) {
            let values = Mismatch::values_of(state, weight.name, &[weight.value.len()])?;
            velocity.insert(weight.name.to_owned(), values);
        }
        Mismatch::refuse_others(state, |name| velocity.contains_key(name))?;
        self.velocity = velocity;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRADIENTS: [[f32; 2]; 2] = [[0.3, -0.4], [1.2, 0.0]];

    fn run(sgd: &mut Sgd, values: &mut [[f32; 2]; 2], steps: usize) -> f64 {
        let mut norm = 0.0;
        for _ in 0..steps {
            let [a, b] = &mut *values;
            let mut weights = [
                Weight { name: "a", value: a, gradient: &GRADIENTS[0] },
                Weight { name: "b", value: b, gradient: &GRADIENTS[1] },
            ];
            norm = sgd.step(&mut weights, 0.1);
        }
        norm
    }

    #[test]
    fn clipping_scales_the_whole_gradient_to_the_limit() {
        // √(0.09 + 0.16 + 1.44) = 1.3, clipped to 0.65: half of each gradient.
        let mut values = [[1.0_f32; 2]; 2];
        let norm = run(&mut Sgd::new(0.0, 0.0, Some(0.65)), &mut values, 1);
        assert!((norm - 1.3).abs() < 1e-6, "{norm}");
        let expected = [[1.0 - 0.015, 1.0 + 0.02], [1.0 - 0.06, 1.0]];
        for (found, expected) in values.iter().flatten().zip(expected.iter().flatten()) {
            assert!((found - expected).abs() < 1e-6, "{values:?}");
        }
    }

    #[test]
    fn a_restored_optimiser_goes_on_as_if_never_stopped() {
        let (mut through, mut values) = (Sgd::new(0.9, 1e-3, Some(0.5)), [[1.0_f32; 2]; 2]);
        run(&mut through, &mut values, 3);
        let (state, mut restored_values) = (through.state(), values);
        run(&mut through, &mut values, 3);

        let mut restored = Sgd::new(0.9, 1e-3, Some(0.5));
        let [a, b] = &mut restored_values;
        let weights =
            [Weight { name: "a", value: a, gradient: &[] }, Weight { name: "b", value: b, gradient: &[] }];
        restored.load_state(&weights, &state).unwrap();
        run(&mut restored, &mut restored_values, 3);
        assert_eq!(restored_values, values);
        assert_eq!(restored, through);
    }

    #[test]
    fn momentum_of_another_network_is_refused_by_name() {
        let mut values = [[1.0_f32; 2]; 2];
        let mut sgd = Sgd::new(0.9, 0.0, None);
        run(&mut sgd, &mut values, 1);
        let state = sgd.state();
        let mut value = [0.0; 3];
        let mut refused = |name| {
            let weight = Weight { name, value: &mut value, gradient: &[] };
            Sgd::new(0.9, 0.0, None).load_state(&[weight], &state).unwrap_err().to_string()
        };
        assert_eq!(refused("c"), "tensor `c` is missing");
        assert_eq!(refused("a"), "tensor `a` has shape [2] and should have [3]");
    }

    #[test]
    fn a_gradient_that_is_not_finite_changes_nothing() {
        let mut sgd = Sgd::new(0.9, 0.1, Some(1.0));
        let mut value = [1.0, 2.0];
        let mut weights = [Weight { name: "a", value: &mut value, gradient: &[f32::INFINITY, 0.0] }];
        assert!(!sgd.step(&mut weights, 0.1).is_finite());
        assert_eq!(value, [1.0, 2.0]);
    }
}
