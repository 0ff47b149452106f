//! Stochastic gradient descent of all weights in one launch: d = g + λw; v ← μv + d; w ← w - ηv, or with Nesterov's
//! momentum w ← w - η(d + μv).
//!
//! As PyTorch's `SGD` without dampening.

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
    /// v; zeros at first.
    pub velocity: &'a mut Buffer,
    /// d loss / d value; of `rows` alone where there are any.
    pub gradient: &'a Buffer,
    /// The rows that are changed; none: all.
    pub rows: Option<Rows<'a>>,
    /// η.
    pub rate: f64,
    /// λ.
    pub decay: f64,
}

/// Steps all weights, but where the gradient's norm is not finite. `momentum` is μ.
pub fn step(gpu: &Gpu, weights: &[Weight<'_>], norm: &Norm, momentum: f32, nesterov: bool) {
    let mut tensors = Tensors::default();
    for Weight { value, velocity, gradient, rows, rate, decay } in weights {
        assert_eq!(value.len(), velocity.len(), "a velocity is as long as its weight");
        tensors.add_weight(gpu, &[value, velocity], gradient, *rows, [*rate, *decay]);
    }
    let _time = gpu.operator("SGD", || tensors.work(5));
    let rates = tensors.rates();
    let arguments = [
        Arg::Doubles(rates.as_flattened()),
        Arg::Buffer(&norm.0),
        Arg::Float(momentum),
        Arg::Int(i32::from(nesterov)),
    ];
    tensors.launch(gpu, "sgd", &arguments);
}
