//! A network's state as tensors under PyTorch's names, and back.

use std::{collections::BTreeSet, sync::Arc};

use candle_core::{Device, Tensor};
use thiserror::Error;

use crate::{
    backend::Backend,
    checkpoint::{Mismatch, Tensors},
    network::Network,
    param::{Entry, EntryMut, Param, Stored},
};

/// A state that is not this network's.
#[derive(Debug, Error)]
#[error("the weights do not fit the network: {}", listed(.0))]
pub struct StateError(pub Vec<Mismatch>);

/// Of another network's weights none fits: whoever has read some need not read all.
const LISTED: usize = 6;

fn listed(mismatches: &[Mismatch]) -> String {
    let mut listed: Vec<_> = mismatches.iter().take(LISTED).map(ToString::to_string).collect();
    if mismatches.len() > LISTED {
        listed.push(format!("and {} more", mismatches.len() - LISTED));
    }
    listed.join("; ")
}

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
                (param.name.clone(), tensor(self.device().download(B::numbers(&param.value)), &param.shape))
            }
            Entry::Stored(stored) => (
                stored.name.clone(),
                tensor(self.device().download(B::numbers(&stored.value)), &[stored.len]),
            ),
            Entry::Counter(name, count) => {
                (name.to_owned(), Tensor::new(count, &Device::Cpu).expect("shapes and lengths agree"))
            }
        };
        self.entries().into_iter().map(entry).collect()
    }

    /// Takes over a state. Every name and shape must be there, and no other; counters may be missing. On an error,
    /// which names every mismatch, nothing is changed.
    pub fn load_state(&mut self, state: &Tensors) -> Result<(), StateError> {
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
    fn check(&self, state: &Tensors) -> Result<Checked, StateError> {
        let (mut checked, mut problems, mut known) = (Checked::default(), Vec::new(), BTreeSet::new());
        for entry in self.entries() {
            let (name, outcome) = match entry {
                Entry::Param(param) => (&*param.name, checked.floats(state, &param.name, &param.shape)),
                Entry::Stored(stored) => (&*stored.name, checked.stored(state, &stored.name, stored.len)),
                Entry::Counter(name, _) => (name, checked.counter(state, name)),
            };
            known.insert(name);
            problems.extend(outcome.err());
        }
        problems.extend(Mismatch::others(state, |name| known.contains(name)));
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
    fn floats(&mut self, state: &Tensors, name: &str, shape: &[usize]) -> Result<(), Mismatch> {
        self.floats.push(Mismatch::values_of(state, name, shape)?);
        Ok(())
    }

    /// Numbers that are not learned. Of a running variance the root is taken.
    fn stored(&mut self, state: &Tensors, name: &str, len: usize) -> Result<(), Mismatch> {
        self.floats(state, name, &[len])?;
        let is_negative = self.floats.last().is_some_and(|values| values.iter().any(|value| *value < 0.0));
        if name.ends_with("running_var") && is_negative {
            return Err(Mismatch::new(name, "holds a variance below 0: copy or export the weights again"));
        }
        Ok(())
    }

    /// A counter, which begins at 0 if it is missing.
    fn counter(&mut self, state: &Tensors, name: &str) -> Result<(), Mismatch> {
        let known = state.contains_key(name);
        self.counters.extend(if known { Mismatch::values_of(state, name, &[])? } else { vec![0] });
        Ok(())
    }
}
