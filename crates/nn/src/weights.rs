//! A network's state as tensors under PyTorch's names, and back.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use thiserror::Error;

use crate::{
    backend::Backend,
    network::Network,
    param::{Entry, EntryMut},
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
        let values = self.check(state)?;
        let device = std::sync::Arc::clone(self.device_arc());
        for (entry, values) in self.entries_mut().into_iter().zip(values) {
            match (entry, values) {
                (EntryMut::Param(param), Values::Floats(values)) => device.write(&mut param.value, &values),
                (EntryMut::Stored(stored), Values::Floats(values)) => {
                    device.write(&mut stored.value, &values)
                }
                (EntryMut::Counter(count), Values::Count(value)) => *count = value,
                // A counter that is missing begins at 0; other kinds do not meet, as `check` goes by the same order.
                (EntryMut::Counter(count), Values::Floats(_)) => *count = 0,
                (EntryMut::Param(_) | EntryMut::Stored(_), Values::Count(_)) => {}
            }
        }
        Ok(())
    }

    /// The values of every entry in order, or all that is wrong with them.
    fn check(&self, state: &BTreeMap<String, Tensor>) -> Result<Vec<Values>, StateError> {
        let mut problems = Vec::new();
        let mut values = Vec::new();
        let mut known = std::collections::BTreeSet::new();
        for entry in self.entries() {
            let (name, found) = match entry {
                Entry::Param(param) => (&*param.name, floats(state, &param.name, &param.shape)),
                Entry::Stored(stored) => (&*stored.name, floats(state, &stored.name, &[stored.len])),
                Entry::Counter(name, _) => (name, count(state, name)),
            };
            known.insert(name);
            match found {
                Ok(found) => values.push(found),
                Err(problem) => problems.push(problem),
            }
        }
        let others = state.keys().filter(|name| !known.contains(name.as_str()));
        problems.extend(others.map(|name| format!("{name} is not in the network")));
        if problems.is_empty() { Ok(values) } else { Err(StateError(problems)) }
    }
}

enum Values {
    Floats(Vec<f32>),
    Count(i64),
}

fn floats(state: &BTreeMap<String, Tensor>, name: &str, shape: &[usize]) -> Result<Values, String> {
    let tensor = state.get(name).ok_or_else(|| format!("{name} is missing"))?;
    if tensor.dims() != shape {
        return Err(format!("{name} has shape {:?} where {shape:?} is needed", tensor.dims()));
    }
    let values = tensor.to_dtype(DType::F32).and_then(|tensor| tensor.flatten_all()?.to_vec1());
    values.map(Values::Floats).map_err(|error| format!("{name} cannot be read: {error}"))
}

fn count(state: &BTreeMap<String, Tensor>, name: &str) -> Result<Values, String> {
    let Some(tensor) = state.get(name) else { return Ok(Values::Count(0)) };
    let value = tensor.to_dtype(DType::I64).and_then(|tensor| tensor.flatten_all()?.to_vec1::<i64>());
    match value.as_deref() {
        Ok([value]) => Ok(Values::Count(*value)),
        Ok(_) => Err(format!("{name} has shape {:?} where [] is needed", tensor.dims())),
        Err(error) => Err(format!("{name} cannot be read: {error}")),
    }
}
