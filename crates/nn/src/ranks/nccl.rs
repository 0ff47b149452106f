//! Ranks on GPUs of one machine, which speak through NCCL.

use arclab_gpu::{Buffer, GpuError, Nccl};

use super::{Exchange, Place, RankError};
use crate::cuda::Cuda;

impl Exchange<Cuda> for Nccl {
    fn place(&self) -> Place {
        let (rank, count) = Self::place(self);
        Place { rank, count }
    }

    fn sum(&self, device: &Cuda, buffers: Vec<&mut Buffer>) {
        Self::sum(self, device.gpu(), &buffers);
    }

    fn largest(&self, device: &Cuda, buffer: &mut Buffer) {
        Self::largest(self, device.gpu(), buffer);
    }

    fn gather(&self, device: &Cuda, buffer: &Buffer) -> Buffer {
        Self::gather(self, device.gpu(), buffer)
    }

    fn leave(&self) {
        let (rank, _) = Self::place(self);
        self.end(GpuError::Call { what: "a rank", reason: RankError::Panicked(rank).to_string() });
    }

    fn check(&self) -> Result<(), RankError> {
        Self::check(self).map_err(RankError::Exchange)
    }
}
