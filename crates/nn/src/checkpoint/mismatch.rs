//! Checking that saved tensors fit what they are loaded into.

use candle_core::{DType, WithDType};

use super::Tensors;

/// A tensor that does not fit, by name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("tensor `{name}` {problem}")]
pub struct Mismatch {
    name: String,
    problem: String,
}

impl Mismatch {
    pub(crate) fn new(name: &str, problem: impl Into<String>) -> Self {
        Self { name: shown(name), problem: problem.into() }
    }

    /// The values of the tensor called `name`, which must have this shape.
    pub(crate) fn values_of<T: WithDType>(
        tensors: &Tensors,
        name: &str,
        shape: &[usize],
    ) -> Result<Vec<T>, Self> {
        let tensor = tensors.get(name).ok_or_else(|| Self::new(name, "is missing"))?;
        if tensor.dims() != shape {
            return Err(Self::new(name, format!("has shape {:?} and should have {shape:?}", tensor.dims())));
        }
        if tensor.dtype().is_float() != T::DTYPE.is_float() {
            let [found, wanted] = [tensor.dtype(), T::DTYPE].map(kind);
            return Err(Self::new(name, format!("holds {found}, and {wanted} are wanted")));
        }
        let values = tensor.to_dtype(T::DTYPE).and_then(|tensor| tensor.flatten_all()?.to_vec1());
        values.map_err(|error| Self::new(name, format!("cannot be read: {error}")))
    }

    /// Tensors that nothing is loaded from: they belong to something else.
    pub(crate) fn others(tensors: &Tensors, known: impl Fn(&str) -> bool) -> impl Iterator<Item = Self> {
        let others = tensors.keys().filter(move |name| !known(name));
        others.map(|name| Self::new(name, "belongs to nothing here"))
    }

    /// Refuses [`Self::others`].
    pub(crate) fn refuse_others(tensors: &Tensors, known: impl Fn(&str) -> bool) -> Result<(), Self> {
        Self::others(tensors, known).next().map_or(Ok(()), Err)
    }
}

/// A name from a file as messages show it.
pub(crate) fn shown(name: &str) -> String {
    const LONGEST: usize = 80;
    let cut: String = name.chars().take(LONGEST).map(|c| if c.is_control() { '?' } else { c }).collect();
    if cut.len() < name.len() { cut + "…" } else { cut }
}

fn kind(dtype: DType) -> &'static str {
    if dtype.is_float() { "floats" } else { "whole numbers" }
}
