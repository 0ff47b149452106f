//! Where kernels run: a GPU's driver, or in tests an emulator.

use std::ffi::c_void;

use crate::{Element, cublas::Cublas, cudnn::Cudnn, error::GpuError};

/// A place in the GPU's memory. 0 is none.
pub(crate) type Address = u64;

/// How many threads a kernel gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    /// Blocks, in two directions.
    pub(crate) blocks: [u32; 2],
    /// Threads of a block.
    pub(crate) threads: u32,
}

/// How wide a device is, which grids are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Width {
    /// Blocks that keep the whole device busy.
    pub(crate) blocks: u32,
    /// Threads of a block.
    pub(crate) threads: u32,
}

/// What can be done on a device. All is done in the order in which it was asked for, and a kernel or copy may still be
/// under way when its call returns, but for [`Runtime::download`].
pub(crate) trait Runtime: Send + Sync + std::fmt::Debug {
    /// What it is: `NVIDIA H200`.
    fn name(&self) -> &str;

    fn width(&self) -> Width;

    /// Fresh memory, whatever is in it; none where there is too little. `bytes` is not 0.
    fn allocate(&self, bytes: usize) -> Result<Option<Address>, GpuError>;

    fn free(&self, at: Address);

    /// Free and total bytes of the device.
    fn memory(&self) -> (u64, u64);

    fn upload(&self, to: Address, from: &[u8]) -> Result<(), GpuError>;

    /// Waits until all that was asked for is done.
    fn download(&self, from: Address, to: &mut [u8]) -> Result<(), GpuError>;

    fn copy(&self, from: Address, to: Address, bytes: usize) -> Result<(), GpuError>;

    /// Runs a kernel of the source that was compiled for `element`; `arguments` point to as many values as it takes.
    fn launch(
        &self,
        kernel: &'static str,
        element: Element,
        grid: Grid,
        arguments: &mut [*mut c_void],
    ) -> Result<(), GpuError>;

    /// What matrices are multiplied by, ready for the calling thread; none: a kernel does it.
    fn cublas(&self) -> Result<Option<&Cublas>, GpuError>;

    /// The stream that everything happens on, ready for the calling thread; none: there is no GPU behind it.
    fn bound_stream(&self) -> Result<Option<*mut c_void>, GpuError> {
        Ok(None)
    }

    /// What computes dense convolutions, ready for the calling thread; none: kernels do it.
    fn cudnn(&self) -> Result<Option<&Cudnn>, GpuError>;
}
