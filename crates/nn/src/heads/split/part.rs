//! One sample on one rank: cosines to the rank's classes, in their place exponentials, and in theirs gradients.

use super::{super::loss::Target, Row};

/// A sample's numbers, one a class of the rank.
pub(super) struct Part {
    pub(super) numbers: Vec<f32>,
    /// The place of the own class, where it is the rank's.
    pub(super) own: Option<usize>,
}

/// What all ranks know of a sample.
pub(super) struct Known {
    /// The cosine to the own class.
    own: f64,
    target: Target,
    /// The largest logit.
    largest: f64,
    correct: bool,
}

impl Known {
    /// From the cosine to the own class, the largest to another one, and what the loss makes of the own one.
    pub(super) fn new(own: f64, other: f64, target: Target) -> Self {
        let largest = target.scale * target.value.max(other);
        Self { own, target, largest, correct: other < own }
    }

    fn exponential(&self, value: f64) -> f64 {
        (self.target.scale * value - self.largest).exp()
    }
}

impl Part {
    /// The largest cosine to another class, and that to the own one; -∞ of what is not here.
    pub(super) fn tops(&self) -> [f32; 2] {
        let others = self.numbers.iter().enumerate().filter(|(class, _)| Some(*class) != self.own);
        let other = others.fold(f32::NEG_INFINITY, |most, (_, cosine)| most.max(*cosine));
        [other, self.own.map_or(f32::NEG_INFINITY, |own| self.numbers[own])]
    }

    /// Turns cosines into exp(z - m), and gives their sum.
    pub(super) fn exponentials(&mut self, known: &Known) -> f32 {
        let mut sum = 0.0;
        for (class, number) in self.numbers.iter_mut().enumerate() {
            let value = if Some(class) == self.own { known.target.value } else { f64::from(*number) };
            let exponential = known.exponential(value);
            sum += exponential;
            *number = exponential as f32;
        }
        sum as f32
    }

    /// The sample's row with the rank's part of its gradient, from the sum of all exponentials.
    pub(super) fn row(self, known: &Known, sum: f64, batch: usize) -> Row {
        let Self { mut numbers, own } = self;
        let Target { scale, value, slope, past_turn, .. } = known.target;
        let factor = scale / batch as f64;
        for (class, number) in numbers.iter_mut().enumerate() {
            let share = f64::from(*number) / sum;
            let d_logit = if Some(class) == own { (share - 1.0) * slope } else { share };
            *number = (d_logit * factor) as f32;
        }
        Row {
            loss: known.largest + sum.ln() - scale * value,
            d_cosines: numbers,
            d_norm: None,
            correct: known.correct,
            past_turn,
            angle: known.own.clamp(-1.0, 1.0).acos(),
        }
    }
}
