//! Channels of two maps side by side.

use super::View;
use crate::{Buffer, Gpu};

/// Both with their normalisation applied: the channels of `a`, then those of `b`.
pub fn forward(_gpu: &Gpu, _a: View<'_>, _b: View<'_>) -> Buffer {
    unimplemented!()
}

/// The gradients to both parts, which have so many channels.
pub fn backward(_gpu: &Gpu, _d_output: &Buffer, _channels: [usize; 2]) -> [Buffer; 2] {
    unimplemented!()
}
