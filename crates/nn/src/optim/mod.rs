//! Optimisers: how weights follow gradients.

mod clip;
mod sgd;

pub use clip::{clip_factor, global_norm};
