//! What an optimiser remembers of each weight: as many numbers as it has, under its name.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};

use super::Step;
use crate::{
    backend::Backend,
    checkpoint::{Mismatch, Tensors},
};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slots<V>(BTreeMap<String, V>);

/// The steps of some weights, with their names.
pub(super) type NamedSteps<'a, N> = Vec<(&'a str, Step<'a, N>)>;

impl<V> Default for Slots<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<V> Slots<V> {
    /// What is remembered of each weight of `steps`, in their order; zeros at first.
    pub(super) fn of<'s, B: Backend<Buffer = V>>(
        &'s mut self,
        device: &B,
        steps: &NamedSteps<'_, B::Numbers>,
    ) -> Vec<&'s mut B::Numbers> {
        for (name, step) in steps {
            if !self.0.contains_key(*name) {
                let zeros = device.upload(&vec![0.0; device.count(step.value)]);
                self.0.insert((*name).to_owned(), zeros);
            }
        }
        let mut all: BTreeMap<&str, &mut V> =
            self.0.iter_mut().map(|(name, values)| (&**name, values)).collect();
        steps.iter().filter_map(|(name, _)| all.remove(name)).map(B::numbers_mut).collect()
    }

    /// All of it, flat.
    pub(super) fn state<B: Backend<Buffer = V>>(&self, device: &B) -> Tensors {
        let tensor = |values: &V| {
            let values = device.download(B::numbers(values));
            let len = values.len();
            Tensor::from_vec(values, len, &Device::Cpu).expect("a vector is a tensor of its length")
        };
        self.0.iter().map(|(name, values)| (name.clone(), tensor(values))).collect()
    }

    /// What `state` has of each of these weights, which have so many numbers, and of no other.
    pub(super) fn load<B: Backend<Buffer = V>>(
        device: &B,
        sizes: &[(&str, usize)],
        state: &Tensors,
    ) -> Result<Self, Mismatch> {
        let mut slots = BTreeMap::new();
        for (name, size) in sizes {
            let values = Mismatch::values_of(state, name, &[*size])?;
            slots.insert((*name).to_owned(), device.upload(&values));
        }
        Mismatch::refuse_others(state, |name| slots.contains_key(name))?;
        Ok(Self(slots))
    }
}
