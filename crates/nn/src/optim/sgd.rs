//! Stochastic gradient descent with momentum and weight decay: d = g + λw; v ← μv + d; w ← w - ηv, or with Nesterov's
//! momentum (Sutskever et al. 2013) w ← w - η(d + μv).
//!
//! As PyTorch's `SGD` without dampening.

use rayon::prelude::*;

use super::{Slots, Step, piece_len, pieces, slots::NamedSteps};
use crate::{
    backend::Backend,
    checkpoint::{Mismatch, Tensors},
    cpu::CpuBuffer,
};

/// Stochastic gradient descent.
#[derive(Debug, Clone, PartialEq)]
pub struct Sgd<V = CpuBuffer> {
    factors: SgdFactors,
    velocity: Slots<V>,
}

/// What all weights have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SgdFactors {
    /// μ.
    pub momentum: f32,
    /// Whether a weight takes the step that its velocity is about to.
    pub nesterov: bool,
}

impl<V> Sgd<V> {
    /// At rest. `momentum` is μ; with `nesterov` a weight takes the step that its velocity is about to.
    pub fn new(momentum: f64, nesterov: bool) -> Self {
        let factors = SgdFactors { momentum: momentum as f32, nesterov };
        Self { factors, velocity: Slots::default() }
    }

    pub(super) fn step<B: Backend<Buffer = V>>(
        &mut self,
        device: &B,
        steps: NamedSteps<'_, B::Numbers>,
        norm: &B::Norm,
    ) {
        let velocities = self.velocity.of(device, &steps);
        let steps = steps.into_iter().map(|(_, step)| step).zip(velocities);
        device.sgd(steps.collect(), norm, self.factors);
    }

    /// The velocity of each weight.
    pub(super) fn state<B: Backend<Buffer = V>>(&self, device: &B) -> Tensors {
        self.velocity.state(device)
    }

    /// There is no velocity before the first step.
    pub(super) fn load_state<B: Backend<Buffer = V>>(
        &mut self,
        device: &B,
        sizes: &[(&str, usize)],
        state: &Tensors,
    ) -> Result<(), Mismatch> {
        self.velocity = if state.is_empty() { Slots::default() } else { Slots::load(device, sizes, state)? };
        Ok(())
    }
}

/// One weight's step on the CPU, `clipping` times its gradient. See [`crate::Backend::sgd`].
pub(crate) fn update(step: Step<'_, [f32]>, velocity: &mut [f32], clipping: f32, factors: SgdFactors) {
    let SgdFactors { momentum, nesterov } = factors;
    if nesterov {
        update_by(step, velocity, [clipping, momentum], |velocity, direction| {
            direction + momentum * velocity
        });
    } else {
        update_by(step, velocity, [clipping, momentum], |velocity, _| velocity);
    }
}

/// One step in one pass. A velocity of zeros makes the first step's v = d, as PyTorch begins.
fn update_by(
    Step { value, gradient, rows, by }: Step<'_, [f32]>,
    velocity: &mut [f32],
    [clipping, momentum]: [f32; 2],
    step: impl Fn(f32, f32) -> f32 + Sync,
) {
    let (rate, weight_decay) = (by.rate as f32, by.weight_decay as f32);
    let gradients = gradient.par_chunks(piece_len(rows));
    let [values, velocities] = [value, velocity].map(|all| pieces(all, rows).into_par_iter());
    values.zip(gradients).zip(velocities).for_each(|((value, gradient), velocity)| {
        for ((value, gradient), velocity) in value.iter_mut().zip(gradient).zip(velocity) {
            let direction = gradient * clipping + weight_decay * *value;
            *velocity = momentum * *velocity + direction;
            *value -= rate * step(*velocity, direction);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{super::Factors, *};

    const PLAIN: Factors = Factors { rate: 0.1, weight_decay: 0.0 };

    fn steps(start: f32, gradients: &[f32], sgd: &Sgd, by: Factors) -> f32 {
        clipped_steps(start, gradients, sgd, by, 1.0)
    }

    fn clipped_steps(start: f32, gradients: &[f32], sgd: &Sgd, by: Factors, clipping: f32) -> f32 {
        let (mut value, mut velocity) = ([start], [0.0]);
        for &gradient in gradients {
            let step = Step { value: &mut value[..], gradient: &[gradient][..], rows: None, by };
            update(step, &mut velocity, clipping, sgd.factors);
        }
        value[0]
    }

    #[test]
    fn without_momentum_a_step_goes_against_the_gradient() {
        assert_eq!(steps(1.0, &[2.0], &Sgd::new(0.0, false), PLAIN), 0.8);
    }

    #[test]
    fn momentum_and_decay_give_the_values_worked_out_by_hand() {
        // w 1, g 0.5, λ 0.1, μ 0.9, η 0.1:
        //   d = 0.5 + 0.1 = 0.6; v = 0.6; w = 1 - 0.06 = 0.94
        //   d = 0.5 + 0.094 = 0.594; v = 0.54 + 0.594 = 1.134; w = 0.94 - 0.1134 = 0.8266
        //   d = 0.5 + 0.08266 = 0.58266; v = 1.0206 + 0.58266 = 1.60326; w = 0.8266 - 0.160326 = 0.666274
        let by = Factors { weight_decay: 0.1, ..PLAIN };
        for (count, by_hand) in [(1, 0.94), (2, 0.8266), (3, 0.666_274)] {
            let found = steps(1.0, &vec![0.5; count], &Sgd::new(0.9, false), by);
            assert!((found - by_hand).abs() < 1e-6, "{count} steps: {found}");
        }
    }

    #[test]
    fn nesterov_s_momentum_takes_the_step_that_the_velocity_is_about_to() {
        // w 1, g 1, μ 0.5, η 0.1: v = 1, w = 1 - 0.1(1 + 0.5) = 0.85; v = 1.5, w = 0.85 - 0.1(1 + 0.75) = 0.675
        assert!((steps(1.0, &[1.0; 2], &Sgd::new(0.5, true), PLAIN) - 0.675).abs() < 1e-6);
    }

    #[test]
    fn under_a_constant_gradient_the_velocity_approaches_the_geometric_sum() {
        // Once it has, a step is 1e-3 times 1 / (1 - 0.9).
        let (sgd, by) = (Sgd::new(0.9, false), Factors { rate: 1e-3, ..PLAIN });
        let [before, after] = [300, 301].map(|count| steps(0.0, &vec![1.0; count], &sgd, by));
        assert!((before - after - 0.01).abs() < 1e-5, "{before} {after}");
    }

    #[test]
    fn decay_is_not_clipped_with_the_gradient() {
        let by = Factors { weight_decay: 0.5, ..PLAIN };
        assert_eq!(clipped_steps(2.0, &[1e6], &Sgd::new(0.0, false), by, 0.0), 2.0 - 0.1 * 0.5 * 2.0);
    }
}
