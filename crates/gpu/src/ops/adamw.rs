//! Adam with decoupled weight decay, of all weights in one launch. At step t, counted from 1:
//!
//! - w ← (1 - ηλ)w
//! - m ← m + (1 - β₁)(g - m); v ← β₂v + (1 - β₂)g²
//! - w ← w - η/(1 - β₁ᵗ) · m / (√v/√(1 - β₂ᵗ) + ε)
//!
//! As PyTorch's `AdamW`.

use super::{
    norm::Norm,
    tensors::{Rows, Tensors},
};
use crate::{Buffer, Gpu, gpu::Arg};

/// One weight, float32 throughout.
#[derive(Debug)]
pub struct Weight<'a> {
    /// What is changed.
    pub value: &'a mut Buffer,
    /// m and v; zeros at first.
    pub moments: [&'a mut Buffer; 2],
    /// d loss / d value; of `rows` alone where there are any.
    pub gradient: &'a Buffer,
    /// The rows that are changed; none: all.
    pub rows: Option<Rows<'a>>,
    /// η.
    pub rate: f64,
    /// λ.
    pub decay: f64,
}

/// What all weights have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factors {
    /// β₁ and β₂.
    pub betas: [f64; 2],
    /// ε.
    pub epsilon: f64,
    /// t.
    pub steps: u64,
}

/// Steps all weights, but where the gradient's norm is not finite.
pub fn step(gpu: &Gpu, weights: &[Weight<'_>], norm: &Norm, Factors { betas, epsilon, steps }: Factors) {
    let mut tensors = Tensors::default();
    for Weight { value, moments: [first, second], gradient, rows, rate, decay } in weights {
        assert_eq!([value.len(); 2], [first.len(), second.len()], "moments are as long as their weight");
        tensors.add_weight(gpu, &[value, first, second], gradient, *rows, [*rate, *decay]);
    }
    // Beyond i32's range the powers are 0 in any case.
    let steps = i32::try_from(steps).unwrap_or(i32::MAX);
    let _time = gpu.operator("AdamW", || tensors.work(7));
    let [first_correction, second_correction] = betas.map(|beta| Arg::Double(1.0 - beta.powi(steps)));
    let ([first, second], rates) = (betas, tensors.rates());
    let arguments = [
        Arg::Doubles(rates.as_flattened()),
        Arg::Buffer(&norm.0),
        first_correction,
        second_correction,
        Arg::Float(second as f32),
        Arg::Float((1.0 - first) as f32),
        Arg::Float((1.0 - second) as f32),
        Arg::Float(epsilon as f32),
    ];
    tensors.launch(gpu, "adamw", &arguments);
}
