//! Dropout (Srivastava et al. 2014), scaled in training so that evaluation does nothing.
//!
//! - y\[n, j\] = z\[n, j\] / (1 - p) where uᵢ ≥ p, else 0; uᵢ uniform in [0, 1), i = (first + n)·J + j
//! - dz\[n, j\] = dy\[n, j\] / (1 - p) at the same places, which are drawn again rather than kept
//!
//! Places j of the J of an image are in the order of memory. What is drawn is a function of the seed, the image's number
//! in the run and the place: not of the batch, the threads, or what was drawn before.

use std::sync::Arc;

use rayon::prelude::*;

use super::elementwise::owned_or_new;
use crate::{backend::Maps, cpu::Cpu, random::Random};

/// Which numbers of which images are dropped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DropoutMask {
    /// Where the draws come from.
    pub random: Random,
    /// p: the share of numbers that become 0, in (0, 1).
    pub rate: f64,
    /// Images of the run before the first of these.
    pub first: u64,
}

/// Forward and backward alike. See [`crate::Backend::dropout`].
pub(crate) fn apply(cpu: &Cpu, maps: Arc<Maps<Cpu>>, mask: DropoutMask) -> Maps<Cpu> {
    let shape = maps.shape;
    let mut maps = owned_or_new(cpu, Some(maps), shape);
    let len = shape.image_len();
    let kept = (1.0 / (1.0 - mask.rate)) as f32;
    maps.data.par_chunks_exact_mut(len).enumerate().for_each(|(image, values)| {
        let start = (mask.first + image as u64).wrapping_mul(len as u64);
        for (value, index) in values.iter_mut().zip(start..) {
            *value = if mask.random.uniform(index) < mask.rate { 0.0 } else { *value * kept };
        }
    });
    maps
}
