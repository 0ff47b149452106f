//! Dropout: in training a share of the numbers is 0, in evaluation none.

use super::{Layer, Shared, kept, plain};
use crate::{
    backend::{Activation, Backend, Maps},
    ops::DropoutMask,
    param::{Entry, EntryMut},
    random::Random,
};

/// Dropout.
#[derive(Debug)]
pub(crate) struct Dropout {
    next: DropoutMask,
    saved: Option<DropoutMask>,
}

impl Dropout {
    /// One that drops a share of `rate`.
    pub(crate) fn new(seed: u64, rate: f64) -> Self {
        Self { next: DropoutMask { random: Random::new(seed, "dropout"), rate, first: 0 }, saved: None }
    }
}

impl<B: Backend> Layer<B> for Dropout {
    fn train(&mut self, device: &B, input: Activation<B>) -> Activation<B> {
        self.saved = Some(self.next);
        Activation::plain(device.dropout(plain(device, input).maps, self.next))
    }

    fn backward(&mut self, device: &B, d_output: Shared<B>, also: Option<Shared<B>>) -> Option<Maps<B>> {
        let d_input = device.dropout(d_output, kept(&mut self.saved));
        Some(match also {
            None => d_input,
            Some(maps) => device.sum(&Activation::plain(d_input), &Activation { maps, affine: None }),
        })
    }

    fn eval(&self, _device: &B, input: Activation<B>) -> Activation<B> {
        input
    }

    fn seek(&mut self, first: u64) {
        self.next.first = first;
    }

    fn entries<'a>(&'a self, _into: &mut Vec<Entry<'a, B>>) {}

    fn entries_mut<'a>(&'a mut self, _into: &mut Vec<EntryMut<'a, B>>) {}
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{backend::MapShape, cpu::Cpu};

    fn dropped(cpu: &Cpu, layer: &mut Dropout, first: u64, count: usize) -> Vec<f32> {
        let shape = MapShape { count, height: 2, width: 3, channels: 50 };
        let ones = || Maps { shape, data: cpu.upload(&vec![1.0; shape.len()]) };
        Layer::<Cpu>::seek(layer, first);
        let output = layer.train(cpu, Activation::plain(ones())).maps.data.to_vec();
        let d_input = layer.backward(cpu, Arc::new(ones()), None).unwrap();
        // z = 1 and dy = 1, so that y and dz are the same factors.
        assert_eq!(d_input.data[..], output, "backward drops what forward dropped");
        let also = Some(Arc::new(ones()));
        layer.train(cpu, Activation::plain(ones()));
        let with_other = layer.backward(cpu, Arc::new(ones()), also).unwrap();
        assert!(with_other.data.iter().zip(&output).all(|(found, d)| *found == d + 1.0));
        output
    }

    #[test]
    fn a_share_of_the_numbers_is_0_and_the_others_keep_the_mean() {
        let values = dropped(&Cpu::new(2), &mut Dropout::new(0, 0.2), 0, 40);
        assert!(values.iter().all(|value| *value == 0.0 || *value == 1.25), "1 / (1 - 0.2)");
        let zeros = values.iter().filter(|value| **value == 0.0).count();
        // Five standard deviations of a binomial of 12,000 at a fifth.
        assert!(zeros.abs_diff(2400) < 220, "{zeros}");
    }

    #[test]
    fn what_is_dropped_depends_on_seed_and_image_alone() {
        let cpus = [1, 4].map(Cpu::new);
        let [alone, threads] = cpus.each_ref().map(|cpu| dropped(cpu, &mut Dropout::new(3, 0.5), 10, 8));
        assert_eq!(alone, threads);
        let later = dropped(&cpus[0], &mut Dropout::new(3, 0.5), 14, 4);
        assert_eq!(alone[4 * 300..], later);
        assert_ne!(alone[..4 * 300], later);
        assert_ne!(later, dropped(&cpus[0], &mut Dropout::new(4, 0.5), 14, 4));
    }

    #[test]
    fn nothing_is_dropped_in_evaluation() {
        let cpu = Cpu::new(1);
        let maps = Maps {
            shape: MapShape { count: 1, height: 1, width: 1, channels: 9 },
            data: cpu.upload(&[1.0; 9]),
        };
        let output = Dropout::new(0, 0.9).eval(&cpu, Activation::plain(maps));
        assert_eq!(output.maps.data[..], [1.0; 9]);
    }
}
