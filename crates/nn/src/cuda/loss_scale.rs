//! A loss that is scaled up, so that small gradients do not vanish in float16 (Micikevicius et al. 2018).
//!
//! As PyTorch's `GradScaler`: 65,536 at first, halved where a gradient overflows, whose step is then left out, and doubled
//! after 2,000 steps without that.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};

use crate::checkpoint::{Mismatch, Tensors};

const FIRST: f32 = 65_536.0;
const STEPS: u32 = 2_000;
/// Beyond this nothing is gained, and a float32 must hold it.
const LARGEST: f32 = 16_777_216.0;
/// Below this the loss is scaled down, and what overflows is no matter of the scale.
const SMALLEST: f32 = 1.0;

/// Name in the state.
const NAME: &str = "loss_scale";

/// By what the loss is multiplied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LossScale {
    /// Of this step.
    pub(super) now: f32,
    /// Steps since it changed.
    steps: u32,
}

impl LossScale {
    /// As training begins.
    pub(super) fn new() -> Self {
        Self { now: FIRST, steps: 0 }
    }

    /// Of a loss that is not scaled.
    pub(super) fn none() -> Self {
        Self { now: 1.0, steps: 0 }
    }

    /// After a step whose gradient was finite, or was not.
    pub(super) fn follow(&mut self, is_finite: bool) {
        if !is_finite {
            (self.now, self.steps) = (self.now / 2.0, 0);
        } else if self.steps + 1 == STEPS {
            (self.now, self.steps) = ((self.now * 2.0).min(LARGEST), 0);
        } else {
            self.steps += 1;
        }
    }

    /// Whether a gradient that was not finite may become so by a smaller scale.
    pub(super) fn may_fall(self) -> bool {
        self.now >= SMALLEST
    }

    pub(super) fn state(self) -> Tensors {
        let values = Tensor::new(&[self.now, self.steps as f32], &Device::Cpu);
        BTreeMap::from([(NAME.to_owned(), values.expect("two numbers are a tensor"))])
    }

    pub(super) fn load(state: &Tensors) -> Result<Self, Mismatch> {
        let values = Mismatch::values_of::<f32>(state, NAME, &[2])?;
        Mismatch::refuse_others(state, |name| name == NAME)?;
        Ok(Self { now: values[0], steps: values[1] as u32 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_halves_at_an_overflow_and_doubles_after_many_steps_without_one() {
        let mut scale = LossScale::new();
        scale.follow(false);
        assert_eq!(scale.now, FIRST / 2.0);
        for _ in 0..STEPS - 1 {
            scale.follow(true);
        }
        assert_eq!(scale.now, FIRST / 2.0);
        scale.follow(true);
        assert_eq!(scale.now, FIRST);
    }

    #[test]
    fn what_overflows_whatever_the_scale_is_told_in_the_end() {
        let mut scale = LossScale::new();
        let falls = (0..100).take_while(|_| {
            scale.follow(false);
            scale.may_fall()
        });
        assert_eq!(falls.count(), 16);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut scale = LossScale::new();
        (0..20 * STEPS).for_each(|_| scale.follow(true));
        assert_eq!(scale.now, LARGEST);
    }

    #[test]
    fn it_goes_on_from_its_state() {
        let mut scale = LossScale::new();
        scale.follow(false);
        scale.follow(true);
        let mut restored = LossScale::load(&scale.state()).unwrap();
        (0..STEPS).for_each(|_| {
            scale.follow(true);
            restored.follow(true);
            assert_eq!(restored.now, scale.now);
        });
    }
}
