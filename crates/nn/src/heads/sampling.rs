//! Sampled classes (An et al., Killing Two Birds with One Stone: `PartialFC`, CVPR 2022): the softmax of a step is over
//! the classes of its samples and random others, max(⌊r·C⌋, own classes) of all C.
//!
//! The others are drawn without replacement by Floyd's algorithm (Bentley and Floyd 1987), so that a draw costs what it
//! yields and not what there is. It is a function of seed and step.

use std::{borrow::Cow, collections::BTreeSet};

use crate::random::Random;

/// ⌊r·C⌋: classes of a step's softmax, where its samples have no more of their own.
pub fn sampled_classes(rate: f64, classes: usize) -> usize {
    (rate * classes as f64) as usize
}

/// A share of the classes for each step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sampling {
    /// r.
    rate: f64,
    random: Random,
}

impl Sampling {
    pub(super) fn new(rate: f64, seed: u64) -> Self {
        Self { rate, random: Random::new(seed, "head.sampled_classes") }
    }

    /// The classes of a step, ascending: those of `labels` and others, out of `classes`.
    pub(super) fn draw(&self, labels: &[u32], classes: usize, step: u64) -> Vec<u32> {
        self.draw_after(labels, classes, step * classes as u64)
    }

    /// The same of a part of the classes, where other draws of the step and those of steps before took `first` numbers.
    pub(super) fn draw_after(&self, labels: &[u32], classes: usize, first: u64) -> Vec<u32> {
        let own: BTreeSet<u32> = labels.iter().copied().collect();
        let wanted = sampled_classes(self.rate, classes);
        let (candidates, others) = (classes - own.len(), wanted.saturating_sub(own.len()));
        let mut chosen = BTreeSet::new();
        for last in candidates - others..candidates {
            // No two draws of a run have the same number.
            let any = (self.random.uniform(first + last as u64) * (last + 1) as f64) as usize;
            if !chosen.insert(any) {
                chosen.insert(last);
            }
        }
        merged(&own.into_iter().collect::<Vec<_>>(), chosen)
    }
}

/// `own` and the classes that `others` count among all but these, ascending.
fn merged(own: &[u32], others: BTreeSet<usize>) -> Vec<u32> {
    let mut all = Vec::with_capacity(own.len() + others.len());
    let mut rest = own;
    for other in others {
        while let [first, after @ ..] = rest
            && *first as usize <= other + (own.len() - rest.len())
        {
            all.push(*first);
            rest = after;
        }
        all.push((other + own.len() - rest.len()) as u32);
    }
    all.extend_from_slice(rest);
    all
}

/// The rows of the classes in `sampled`, `width` numbers each.
pub(super) fn gather(rows: &[f32], sampled: &[u32], width: usize) -> Vec<f32> {
    sampled.iter().flat_map(|&class| &rows[class as usize * width..][..width]).copied().collect()
}

/// Labels as places in `sampled`, which holds them all.
pub(super) fn places(labels: &[u32], sampled: &[u32]) -> Cow<'static, [u32]> {
    let place = |label: &u32| sampled.partition_point(|class| class < label) as u32;
    labels.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cpu::Cpu,
        heads::{ArcFace, Head, HeadOutput, Loss, MarginGradient, PastTurn, SubCentre, tests::support::fill},
        optim::{Kind, Layers, Optimizer, Rule, Sgd},
    };

    const WIDTH: usize = 6;
    const LABELS: [u32; 4] = [7, 2, 7, 11];

    fn head(classes: usize, centres: usize) -> Head {
        let (past_turn, gradient) = (PastTurn::Plain, MarginGradient::Exact);
        let arcface = ArcFace { scale: 16.0, margin: 0.5, past_turn, gradient };
        Head::new(Loss::SubCentre(SubCentre { arcface, centres }), classes, WIDTH, 1)
    }

    fn step(head: &mut Head, labels: &[u32]) -> HeadOutput {
        head.forward_backward(&fill("embeddings", labels.len() * WIDTH), labels, 5)
    }

    #[test]
    fn a_sample_of_all_classes_is_the_whole_head_to_the_bit() {
        let (mut whole, mut sampled) = (head(12, 2), head(12, 2).with_sampled_classes(1.0, 9));
        assert_eq!(step(&mut whole, &LABELS), step(&mut sampled, &LABELS));
        assert_eq!(whole.weight().gradient, sampled.weight().gradient);
    }

    #[test]
    fn a_sampled_step_is_that_of_a_head_that_has_only_the_sampled_classes() {
        let mut sampled = head(40, 2).with_sampled_classes(0.2, 9);
        let found = step(&mut sampled, &LABELS);
        let classes = sampled.sampled.clone();
        assert_eq!(classes.len(), 8);
        let mut small = head(8, 2);
        small.centres = gather(&sampled.centres, &classes, 2 * WIDTH);
        assert_eq!(found, step(&mut small, &places(&LABELS, &classes)));
        assert_eq!(sampled.weight().gradient, small.weight().gradient);
    }

    #[test]
    fn classes_that_are_not_in_the_sample_stay_as_they_are_with_their_momentum() {
        let mut head = head(40, 1).with_sampled_classes(0.2, 9);
        let layers = Layers { decay_norms: true, head_rate: 1.0 };
        let rule = Rule::Sgd(Sgd::new(0.9, false));
        let cpu = Cpu::new(1);
        let mut optimizer = Optimizer { rule, weight_decay: 0.1, clip_norm: None, layers };
        for number in 0..20 {
            let (before, momentum) = (head.centres.clone(), optimizer.state(&cpu));
            head.forward_backward(&fill("embeddings", LABELS.len() * WIDTH), &LABELS, number);
            optimizer.step(&cpu, vec![(Kind::Head, head.weight())], 0.1);
            let remembered = |state: &crate::checkpoint::Tensors| match state.values().next() {
                Some(tensor) => tensor.to_vec1::<f32>().unwrap(),
                None => vec![0.0; 40 * WIDTH],
            };
            let (momentum, after) = (remembered(&momentum), remembered(&optimizer.state(&cpu)));
            for class in 0..40 {
                let row = class * WIDTH..(class + 1) * WIDTH;
                let is_sampled = head.sampled.contains(&(class as u32));
                assert_eq!(before[row.clone()] != head.centres[row.clone()], is_sampled, "{class}");
                assert_eq!(momentum[row.clone()] != after[row], is_sampled, "{class}");
            }
        }
    }

    #[test]
    fn a_sample_holds_the_own_classes_and_fills_up_to_its_share() {
        let sampling = Sampling::new(0.1, 3);
        for step in 0..200 {
            let labels = [7, 99, 7, 0, 50 + step as u32 % 40];
            let sampled = sampling.draw(&labels, 100, step);
            assert!(
                sampled.is_sorted_by(|a, b| a < b) && sampled.iter().all(|&class| class < 100),
                "{sampled:?}"
            );
            assert_eq!(sampled.len(), 10);
            assert!(labels.iter().all(|label| sampled.binary_search(label).is_ok()), "{sampled:?}");
        }
    }

    #[test]
    fn a_batch_of_more_classes_than_the_share_keeps_them_all_and_no_others() {
        assert_eq!(Sampling::new(0.01, 3).draw(&[5, 3, 8, 3], 100, 0), [3, 5, 8]);
        assert_eq!(Sampling::new(1.0, 3).draw(&[5, 3], 7, 0), (0..7).collect::<Vec<_>>());
    }

    #[test]
    fn every_other_class_is_drawn_equally_often() {
        let (sampling, steps) = (Sampling::new(0.2, 1), 20_000);
        let mut counts = [0_i32; 20];
        for step in 0..steps {
            sampling.draw(&[4], 20, step).into_iter().for_each(|class| counts[class as usize] += 1);
        }
        assert_eq!(counts[4], steps as i32);
        // Three of nineteen others, within five standard deviations of a binomial.
        let (mean, deviation) = (3.0 / 19.0 * steps as f64, (steps as f64 * 3.0 / 19.0 * 16.0 / 19.0).sqrt());
        let others = counts.iter().enumerate().filter(|(class, _)| *class != 4);
        for (class, count) in others {
            assert!((f64::from(*count) - mean).abs() < 5.0 * deviation, "{class}: {count} for {mean}");
        }
    }
}
