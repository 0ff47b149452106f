//! Adam with decoupled weight decay (Loshchilov and Hutter 2019). At step t, counted from 1:
//!
//! - w ← (1 - ηλ)w
//! - m ← m + (1 - β₁)(g - m); v ← β₂v + (1 - β₂)g²
//! - w ← w - η/(1 - β₁ᵗ) · m / (√v/√(1 - β₂ᵗ) + ε)
//!
//! As PyTorch's `AdamW`.

use candle_core::{Device, Tensor};
use rayon::prelude::*;

use super::{Slots, Step, piece_len, pieces, slots::NamedSteps};
use crate::{
    backend::Backend,
    checkpoint::{self, Mismatch, Tensors},
    cpu::CpuBuffer,
};

/// Names in the state.
const STEPS: &str = "steps";
const FIRST: &str = "first";
const SECOND: &str = "second";

/// Adam with decoupled weight decay.
#[derive(Debug, Clone, PartialEq)]
pub struct AdamW<V = CpuBuffer> {
    factors: AdamWFactors,
    /// m and v of each weight.
    first: Slots<V>,
    second: Slots<V>,
}

/// What all weights have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWFactors {
    /// β₁ and β₂: the shares of either moment that a step keeps.
    pub betas: [f64; 2],
    /// ε.
    pub epsilon: f64,
    /// t.
    pub steps: u64,
}

/// What one step does alike to every element of a weight.
#[derive(Debug, Clone, Copy)]
struct Element {
    kept: f32,
    gradient: f32,
    betas: [f32; 2],
    /// 1 - β₁ and 1 - β₂.
    shares: [f32; 2],
    rate: f32,
    /// √(1 - β₂ᵗ).
    root: f32,
    epsilon: f32,
}

impl<V> AdamW<V> {
    /// At rest. `betas` are the shares of either moment that a step keeps, `epsilon` is added to the root of the second.
    pub fn new(betas: [f64; 2], epsilon: f64) -> Self {
        let factors = AdamWFactors { betas, epsilon, steps: 0 };
        Self { factors, first: Slots::default(), second: Slots::default() }
    }

    pub(super) fn step<B: Backend<Buffer = V>>(
        &mut self,
        device: &B,
        steps: NamedSteps<'_, B::Numbers>,
        norm: &B::Norm,
    ) {
        let factors = AdamWFactors { steps: self.factors.steps + 1, ..self.factors };
        let moments = self.first.of(device, &steps).into_iter().zip(self.second.of(device, &steps));
        let moments: Vec<_> = moments.map(|(first, second)| [first, second]).collect();
        device.adamw(steps.into_iter().map(|(_, step)| step).zip(moments).collect(), norm, factors);
    }

    /// Counts a step that was not left out.
    pub(super) fn count(&mut self) {
        self.factors.steps += 1;
    }

    pub(super) fn state<B: Backend<Buffer = V>>(&self, device: &B) -> Tensors {
        let steps = Tensor::new(self.factors.steps as i64, &Device::Cpu).expect("a number is a tensor");
        let mut all = Tensors::from([(STEPS.to_owned(), steps)]);
        // Where all steps so far were left out there are zeros, which are none before the first step.
        if self.factors.steps == 0 {
            return all;
        }
        checkpoint::put(&mut all, FIRST, self.first.state(device));
        checkpoint::put(&mut all, SECOND, self.second.state(device));
        all
    }

    /// There are no moments before the first step.
    pub(super) fn load_state<B: Backend<Buffer = V>>(
        &mut self,
        device: &B,
        sizes: &[(&str, usize)],
        state: &Tensors,
    ) -> Result<(), Mismatch> {
        let steps = Mismatch::values_of::<i64>(state, STEPS, &[])?;
        let [first, second] = [FIRST, SECOND].map(|name| checkpoint::part(state, name));
        Mismatch::refuse_others(state, |name| {
            let moment = name.split_once('/').is_some_and(|(part, _)| [FIRST, SECOND].contains(&part));
            name == STEPS || moment
        })?;
        let steps = steps.first().map_or(0, |steps| steps.unsigned_abs());
        let sizes = if steps == 0 { &[] } else { sizes };
        let (first, second) = (Slots::load(device, sizes, &first)?, Slots::load(device, sizes, &second)?);
        *self = Self { factors: AdamWFactors { steps, ..self.factors }, first, second };
        Ok(())
    }
}

/// One weight's step on the CPU, `clipping` times its gradient. See [`crate::Backend::adamw`].
pub(crate) fn update(
    step: Step<'_, [f32]>,
    [first, second]: [&mut [f32]; 2],
    clipping: f32,
    factors: AdamWFactors,
) {
    let element = factors.element(&step, clipping);
    let Step { value, gradient, rows, .. } = step;
    let gradients = gradient.par_chunks(piece_len(rows));
    let [values, first, second] = [value, first, second].map(|all| pieces(all, rows).into_par_iter());
    values.zip(gradients).zip(first.zip(second)).for_each(|((value, gradient), (first, second))| {
        let moments = first.iter_mut().zip(second);
        for ((value, gradient), (first, second)) in value.iter_mut().zip(gradient).zip(moments) {
            element.update(value, *gradient, first, second);
        }
    });
}

impl AdamWFactors {
    fn element<N: ?Sized>(&self, Step { by, .. }: &Step<'_, N>, clipping: f32) -> Element {
        // Beyond i32's range the powers are 0 in any case.
        let steps = i32::try_from(self.steps).unwrap_or(i32::MAX);
        let [first, second] = self.betas.map(|beta| 1.0 - beta.powi(steps));
        Element {
            kept: (1.0 - by.rate * by.weight_decay) as f32,
            gradient: clipping,
            betas: self.betas.map(|beta| beta as f32),
            shares: self.betas.map(|beta| (1.0 - beta) as f32),
            rate: (by.rate / first) as f32,
            root: second.sqrt() as f32,
            epsilon: self.epsilon as f32,
        }
    }
}

impl Element {
    #[inline]
    fn update(&self, value: &mut f32, gradient: f32, first: &mut f32, second: &mut f32) {
        let gradient = gradient * self.gradient;
        *first += self.shares[0] * (gradient - *first);
        *second = self.betas[1] * *second + self.shares[1] * gradient * gradient;
        *value = self.kept * *value - self.rate * *first / (second.sqrt() / self.root + self.epsilon);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Factors, *};

    fn steps(start: f32, gradients: &[f32], weight_decay: f64) -> f32 {
        let (mut value, mut first, mut second) = ([start], [0.0], [0.0]);
        let by = Factors { rate: 0.01, weight_decay };
        for (&gradient, steps) in gradients.iter().zip(1..) {
            let step = Step { value: &mut value[..], gradient: &[gradient][..], rows: None, by };
            let factors = AdamWFactors { betas: [0.9, 0.999], epsilon: 1e-8, steps };
            update(step, [&mut first, &mut second], 1.0, factors);
        }
        value[0]
    }

    #[test]
    fn the_first_step_is_the_learning_rate_whatever_the_gradient_s_length() {
        for gradient in [1e-4, 1.0, 1e4] {
            let found = steps(1.0, &[gradient], 0.0);
            assert!((found - 0.99).abs() < 2e-6, "{gradient}: {found}");
        }
    }

    #[test]
    fn two_steps_give_the_values_worked_out_by_hand() {
        // g 1, then 0: m = 0.1, then 0.09; v = 0.001, then 0.000999; corrected by 1 - 0.81 and 1 - 0.998001:
        // m̂ = 0.473684, v̂ = 0.49975, so that the second step is 0.01 · 0.473684 / 0.706930 = 0.0067006.
        let found = steps(1.0, &[1.0, 0.0], 0.0);
        assert!((found - (0.99 - 0.006_700_6)).abs() < 1e-6, "{found}");
    }

    #[test]
    fn decay_does_not_pass_through_the_moments() {
        assert!((steps(2.0, &[0.0; 3], 0.5) - 2.0 * 0.995_f32.powi(3)).abs() < 1e-6);
    }
}
