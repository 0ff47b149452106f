//! Backbones, heads, optimisers, schedules, checkpoints, and the operators under them.

pub mod checkpoint;
pub mod heads;
pub mod optim;
pub mod random;
pub mod ranks;
pub mod schedule;
pub mod weight_files;

mod average;
mod backbones;
mod backend;
mod candle;
mod cpu;
mod cuda;
mod freeze;
mod grey;
mod init;
mod layers;
mod network;
mod ops;
mod param;
mod steps;
mod weights;

pub use arclab_gpu::{
    Gpu, GpuError, Nccl, Options as GpuOptions, Precision, ops::images::Change as ImageChange,
};
pub use average::MovingAverage;
pub use backbones::{BackboneKind, Design, Input, ShapeError};
pub use backend::{Activation, Affine, Backend, MapShape, Maps, Moments, NormGradients, NormState};
pub use candle::Candle;
pub use cpu::{Cpu, CpuBuffer, Kernels};
pub use cuda::Cuda;
pub use freeze::FreezeError;
pub use grey::to_grey;
pub use network::{Images, Network};
pub use ops::{Convolution, DropoutMask};
pub use param::Param;
pub use weights::StateError;
