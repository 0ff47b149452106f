//! Files and rendered faces to augmented batches and pair lists.

pub mod synthetic;
