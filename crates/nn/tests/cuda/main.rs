//! The GPU's operators against the CPU's, forward and backward, with the GPU's kernels run by the emulator: or,
//! with `ARCLAB_TEST_GPU=1`, by this machine's first GPU.
//!
//! The CPU's operators are the reference: `operators.rs` and `differences.rs` hold them against candle's autograd and
//! against finite differences.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod backbones;
mod batch_norm;
#[path = "../support/cases.rs"]
mod cases;
mod convolution;
mod devices;
mod dropout;
mod elementwise;
mod gate;
#[path = "../support/golden.rs"]
mod golden;
mod gradients;
mod head;
mod head_precision;
mod join;
mod limits;
mod matmul;
mod mirror;
mod network;
mod optim;
mod recorded;
mod sixteen_bits;
#[path = "../support/mod.rs"]
mod support;
mod times;
mod uploads;
