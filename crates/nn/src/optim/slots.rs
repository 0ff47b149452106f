//! What an optimiser remembers of each weight: as many numbers as it has, under its name.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};

use super::Weight;
use crate::checkpoint::{Mismatch, Tensors};

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Slots(BTreeMap<String, Vec<f32>>);

impl Slots {
    /// What is remembered of `weight`; zeros at first.
    pub(super) fn of(&mut self, weight: &Weight<'_>) -> &mut [f32] {
        let count = weight.value.len();
        self.0.entry(weight.name.to_owned()).or_insert_with(|| vec![0.0; count])
    }

    /// All of it, flat.
    pub(super) fn state(&self) -> Tensors {
        let tensor = |values: &Vec<f32>| {
            Tensor::from_slice(values, values.len(), &Device::Cpu)
                .expect("a vector is a tensor of its length")
        };
        self.0.iter().map(|(name, values)| (name.clone(), tensor(values))).collect()
    }

    /// What `state` has of each of `weights`, and of no other.
    pub(super) fn load(weights: &[&Weight<'_>], state: &Tensors) -> Result<Self, Mismatch> {
        let mut slots = BTreeMap::new();
        for weight in weights {
            let values = Mismatch::values_of(state, weight.name, &[weight.value.len()])?;
            slots.insert(weight.name.to_owned(), values);
        }
        Mismatch::refuse_others(state, |name| slots.contains_key(name))?;
        Ok(Self(slots))
    }
}
