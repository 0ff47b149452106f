//! A network's state as tensors under PyTorch's names, and back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use candle_core::{DType, Device, Tensor};
use thiserror::Error;

use crate::{
    backend::Backend,
    network::Network,
    param::{Entry, EntryMut, Param, Stored},
};

/// A state that is not this network's.
#[derive(Debug, Error)]
#[error("the weights do not fit the network: {}", .0.join("; "))]
pub struct StateError(pub Vec<String>);

impl<B: Backend> Network<B> {
    /// Parameters, running statistics and counters under PyTorch's names and in its order.
    ///
    /// # Panics
    /// Never: shapes and lengths agree.
    #[expect(clippy::expect_used, reason = "a tensor of a length that agrees with its shape can be made")]
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let tensor = |values: Vec<f32>, shape: &[usize]| {
            Tensor::from_vec(values, shape, &Device::Cpu).expect("shapes and lengths agree")
        };
        let entry = |entry| match entry {
            Entry::Param(param) => {
                (param.name.clone(), tensor(self.device().download(&param.value), &param.shape))
            }
            Entry::Stored(stored) => {
                (stored.name.clone(), tensor(self.device().download(&stored.value), &[stored.len]))
            }
            Entry::Counter(name, count) => {
                (name.to_owned(), Tensor::new(count, &Device::Cpu).expect("shapes and lengths agree"))
            }
        };
        self.entries().into_iter().map(entry).collect()
    }

    /// Takes over a state. Every name and shape must be there, and no other; counters may be missing. On an error,
    /// which names every mismatch, nothing is changed.
    pub fn load_state(&mut self, state: &BTreeMap<String, Tensor>) -> Result<(), StateError> {
        let Checked { floats, counters } = self.check(state)?;
        let (mut floats, mut counters) = (floats.into_iter(), counters.into_iter());
        let device = Arc::clone(self.device_arc());
        for entry in self.entries_mut() {
            match entry {
                EntryMut::Param(Param { value, .. }) | EntryMut::Stored(Stored { value, .. }) => {
                    floats.next().into_iter().for_each(|values| device.write(value, &values));
                }
                EntryMut::Counter(count) => *count = counters.next().unwrap_or_default(),
            }
        }
        Ok(())
    }

    /// All values in the order of the entries, or all that is wrong with them.
    fn check(&self, state: &BTreeMap<String, Tensor>) -> Result<Checked, StateError> {
        let (mut checked, mut problems, mut known) = (Checked::default(), Vec::new(), BTreeSet::new());
        for entry in self.entries() {
            let (name, outcome) = match entry {
                Entry::Param(param) => (&*param.name, checked.floats(state, &param.name, &param.shape)),
                Entry::Stored(stored) => (&*stored.name, checked.floats(state, &stored.name, &[stored.len])),
                Entry::Counter(name, _) => (name, checked.counter(state, name)),
            };
            known.insert(name);
            problems.extend(outcome.err());
        }
        let others = state.keys().filter(|name| !known.contains(name.as_str()));
        problems.extend(others.map(|name| format!("{name} is not in the network")));
        if problems.is_empty() { Ok(checked) } else { Err(StateError(problems)) }
    }
}

/// The values of a state, kind by kind in the order of the entries.
#[derive(Default)]
struct Checked {
    floats: Vec<Vec<f32>>,
    counters: Vec<i64>,
}

impl Checked {
    fn floats(
        &mut self,
        state: &BTreeMap<String, Tensor>,
        name: &str,
        shape: &[usize],
    ) -> Result<(), String> {
        let tensor = state.get(name).ok_or_else(|| format!("{name} is missing"))?;
        if tensor.dims() != shape {
            return Err(format!("{name} has shape {:?} where {shape:?} is needed", tensor.dims()));
        }
        let values = tensor.to_dtype(DType::F32).and_then(|tensor| tensor.flatten_all()?.to_vec1());
        self.floats.push(values.map_err(|error| format!("{name} cannot be read: {error}"))?);
        Ok(())
    }

    /// A counter, which begins at 0 if it is missing.
    fn counter(&mut self, state: &BTreeMap<String, Tensor>, name: &str) -> Result<(), String> {
        let Some(tensor) = state.get(name) else {
            self.counters.push(0);
            return Ok(());
        };
        let values = tensor.to_dtype(DType::I64).and_then(|tensor| tensor.flatten_all()?.to_vec1());
        match values.map_err(|error| format!("{name} cannot be read: {error}"))?.as_slice() {
            [value] => self.counters.push(*value),
            _ => return Err(format!("{name} has shape {:?} where [] is needed", tensor.dims())),
        }
        Ok(())
    }
}
