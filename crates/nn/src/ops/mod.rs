//! The operators, one file or folder each, forward and backward beside each other, mathematics first.

#![expect(
    clippy::inline_always,
    reason = "a kernel and all it calls must be compiled for the instruction set it runs on"
)]

pub(crate) mod batch_norm;
pub(crate) mod conv2d;
mod convolution;
pub(crate) mod dropout;
pub(crate) mod elementwise;
mod frame;
pub(crate) mod gate;
pub(crate) mod grouped;
pub(crate) mod hard_sigmoid;
pub(crate) mod join;
mod pieces;
mod plan;
pub(crate) mod pool;
pub(crate) mod prelu;
mod source;

pub use convolution::Convolution;
pub use dropout::DropoutMask;
