//! The arithmetic of stochastic gradient descent with momentum and weight decay: d = g + λw; v ← μv + d; w ← w - ηv.

use rayon::prelude::*;

/// Elements that one task updates; elements do not depend on each other, so the split changes no number.
const BLOCK: usize = 16_384;

/// The factors of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Factors {
    pub(super) rate: f32,
    pub(super) momentum: f32,
    pub(super) weight_decay: f32,
    /// What the gradient is multiplied by before all else: clipping.
    pub(super) gradient: f32,
}

/// One step, as PyTorch's `SGD` without dampening. A velocity of zeros makes the first step's v = d, as PyTorch
/// begins.
pub(super) fn update(value: &mut [f32], gradient: &[f32], velocity: &mut [f32], by: Factors) {
    let blocks =
        value.par_chunks_mut(BLOCK).zip(gradient.par_chunks(BLOCK)).zip(velocity.par_chunks_mut(BLOCK));
    blocks.for_each(|((value, gradient), velocity)| {
        for ((value, gradient), velocity) in value.iter_mut().zip(gradient).zip(velocity) {
            let direction = gradient * by.gradient + by.weight_decay * *value;
            *velocity = by.momentum * *velocity + direction;
            *value -= by.rate * *velocity;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Factors = Factors { rate: 0.1, momentum: 0.0, weight_decay: 0.0, gradient: 1.0 };

    fn steps(start: f32, gradients: &[f32], by: Factors) -> f32 {
        let (mut value, mut velocity) = ([start], [0.0]);
        for &gradient in gradients {
            update(&mut value, &[gradient], &mut velocity, by);
        }
        value[0]
    }

    #[test]
    fn without_momentum_a_step_goes_against_the_gradient() {
        assert_eq!(steps(1.0, &[2.0], PLAIN), 0.8);
    }

    #[test]
    fn momentum_and_decay_give_the_values_worked_out_by_hand() {
        // w 1, g 0.5, λ 0.1, μ 0.9, η 0.1:
        //   d = 0.5 + 0.1 = 0.6; v = 0.6; w = 1 - 0.06 = 0.94
        //   d = 0.5 + 0.094 = 0.594; v = 0.54 + 0.594 = 1.134; w = 0.94 - 0.1134 = 0.8266
        //   d = 0.5 + 0.08266 = 0.58266; v = 1.0206 + 0.58266 = 1.60326; w = 0.8266 - 0.160326 = 0.666274
        let by = Factors { momentum: 0.9, weight_decay: 0.1, ..PLAIN };
        for (count, by_hand) in [(1, 0.94), (2, 0.8266), (3, 0.666_274)] {
            let found = steps(1.0, &vec![0.5; count], by);
            assert!((found - by_hand).abs() < 1e-6, "{count} steps: {found}");
        }
    }

    #[test]
    fn under_a_constant_gradient_the_velocity_approaches_the_geometric_sum() {
        let by = Factors { momentum: 0.9, rate: 1e-3, ..PLAIN };
        let (mut value, mut velocity) = ([0.0], [0.0]);
        for _ in 0..300 {
            update(&mut value, &[1.0], &mut velocity, by);
        }
        assert!((velocity[0] - 10.0).abs() < 1e-3, "{velocity:?}");
    }

    #[test]
    fn decay_is_not_clipped_with_the_gradient() {
        let by = Factors { weight_decay: 0.5, gradient: 0.0, ..PLAIN };
        assert_eq!(steps(2.0, &[1e6], by), 2.0 - 0.1 * 0.5 * 2.0);
    }
}
