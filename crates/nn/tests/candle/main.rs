//! candle's tensors as a device, against the CPU: the cases of the GPU, with candle's CPU device in the GPU's place.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../cuda/batch_norm.rs"]
mod batch_norm;
#[path = "../support/cases.rs"]
mod cases;
#[path = "../cuda/convolution.rs"]
mod convolution;
mod devices;
#[path = "../cuda/dropout.rs"]
mod dropout;
#[path = "../cuda/elementwise.rs"]
mod elementwise;
mod failure;
#[path = "../cuda/gate.rs"]
mod gate;
#[path = "../cuda/gradients.rs"]
mod gradients;
#[path = "../cuda/join.rs"]
mod join;
#[path = "../cuda/mirror.rs"]
mod mirror;
#[path = "../cuda/network.rs"]
mod network;
mod optim;
#[path = "../support/mod.rs"]
mod support;
