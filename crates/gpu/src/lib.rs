//! The operators of training on an NVIDIA GPU.
//!
//! Kernels are CUDA C++ beside the code that launches them, `ops/NAME.cu` and `ops/NAME.rs`, and are compiled by NVRTC
//! when they are first needed. Convolutions are cuDNN's, matrix products cuBLAS's. Nothing of CUDA is needed to build this
//! crate or to start a program that uses it: libraries are loaded at run time, and what is missing is an error.
//!
//! Shapes are N×H×W×C; what they mean, and in what order operators run, is `arclab-nn`'s business.

mod compile;
mod cublas;
mod cudnn;
mod driver;
mod element;
#[cfg(feature = "emulator")]
mod emulator;
mod error;
mod gpu;
pub mod libraries;
mod memory;
mod nccl;
pub mod ops;
mod recording;
mod runtime;
mod source;
mod staged;
mod times;

pub use compile::{compile, default_cache};
pub use driver::gpus;
pub use element::{Element, Precision};
pub use error::GpuError;
pub use gpu::{Gpu, Options};
pub use memory::Buffer;
pub use nccl::Nccl;
pub use recording::{Recorder, Recording};
pub use staged::Staged;
pub use times::{Timed, Work};
