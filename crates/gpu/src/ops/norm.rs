//! The Euclidean norm of all gradients of a model, and what they are multiplied by before a step.
//!
//! - n = f·√(Σ g²) with f the inverse of what the loss was scaled by; each chunk's sum and that of all are float64
//! - gradients are multiplied by f·min(1, limit / (n + 1e-6)), as PyTorch's `clip_grad_norm_`
//!
//! Both are on the GPU, where optimisers read them. Whoever has to know the norm waits for it.

use super::tensors::Tensors;
use crate::{Buffer, Element, Gpu, gpu::Arg, times::Work};

/// A gradient's norm, and what it is multiplied by, on the GPU.
#[derive(Debug)]
pub struct Norm(pub(super) Buffer);

impl Norm {
    /// Of all `gradients`, each of which was scaled by the inverse of `factor`.
    pub fn new(gpu: &Gpu, gradients: &[&Buffer], factor: f64, limit: Option<f64>) -> Self {
        let _time = gpu.operator("gradient's norm", || Work::on(gradients));
        let mut tensors = Tensors::default();
        for gradient in gradients {
            tensors.add(&[gradient]);
        }
        // Float64, for which there is no kind: two float32 each.
        let sums = gpu.take(2 * tensors.chunks().max(1), Element::Float32);
        tensors.launch(gpu, "squares", &[Arg::Buffer(&sums)]);
        let outcome = gpu.take(2, Element::Float32);
        let arguments = [
            Arg::Buffer(&sums),
            Arg::Buffer(&outcome),
            Arg::Int(tensors.chunks() as i32),
            Arg::Double(factor),
            Arg::Double(limit.unwrap_or(f64::INFINITY)),
        ];
        gpu.launch("norm_and_factor", gpu.blocks(1), &arguments);
        Self(outcome)
    }

    /// Where the norm and what gradients are multiplied by are known.
    pub fn known(gpu: &Gpu, norm: f32, factor: f32) -> Self {
        let outcome = gpu.take(2, Element::Float32);
        let _time = gpu.operator("gradient's norm", || Work::on(&[&outcome]));
        let arguments = [Arg::Buffer(&outcome), Arg::Float(norm), Arg::Float(factor)];
        gpu.launch("known_norm", gpu.blocks(1), &arguments);
        Self(outcome)
    }

    /// The norm, once all work before is done.
    pub fn value(&self, gpu: &Gpu) -> f64 {
        f64::from(gpu.download(&self.0)[0])
    }
}
