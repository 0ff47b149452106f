//! Checking that saved tensors fit what they are loaded into.

use super::Tensors;

/// A tensor that does not fit, by name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("tensor `{name}` {problem}")]
pub struct Mismatch {
    name: String,
    problem: String,
}

impl Mismatch {
    fn new(name: &str, problem: impl Into<String>) -> Self {
        Self { name: name.to_owned(), problem: problem.into() }
    }

    /// The values of the tensor called `name`, which must be float32 of this shape.
    pub(crate) fn values_of(tensors: &Tensors, name: &str, shape: &[usize]) -> Result<Vec<f32>, Self> {
        let tensor = tensors.get(name).ok_or_else(|| Self::new(name, "is missing"))?;
        if tensor.dims() != shape {
            return Err(Self::new(name, format!("has shape {:?} and should have {shape:?}", tensor.dims())));
        }
        let values = tensor.flatten_all().and_then(|flat| flat.to_vec1());
        values.map_err(|error| Self::new(name, format!("cannot be read: {error}")))
    }

    /// Refuses tensors that nothing is loaded from: they belong to something else.
    pub(crate) fn refuse_others(tensors: &Tensors, known: impl Fn(&str) -> bool) -> Result<(), Self> {
        match tensors.keys().find(|name| !known(name)) {
            Some(name) => Err(Self::new(name, "belongs to nothing here")),
            None => Ok(()),
        }
    }
}
