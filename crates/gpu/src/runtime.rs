//! Where kernels run: a GPU's driver, or in tests an emulator.

use std::ffi::c_void;

use crate::{Element, cublas::Cublas, cudnn::Cudnn, error::GpuError, times::Moment};

/// A place in the GPU's memory. 0 is none.
pub(crate) type Address = u64;

/// Places that [`Runtime::upload_beside`] keeps apart.
pub(crate) const LANES: usize = 2;

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
/// under way when its call returns, but for [`Runtime::download`]. Beside that order there are lanes, in which bytes are uploaded
/// while other work goes on.
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

    /// Uploads beside all other work, once what was asked for before the lane's last [`Runtime::leave_lane`] is done.
    fn upload_beside(&self, lane: usize, to: Address, from: &[u8]) -> Result<(), GpuError>;

    /// Has what is asked for from now on wait for a lane's uploads.
    fn await_lane(&self, lane: usize) -> Result<(), GpuError>;

    /// Has a lane's next uploads wait for what was asked for up to now.
    fn leave_lane(&self, lane: usize) -> Result<(), GpuError>;

    /// The bytes of each upload since this was last asked, lanes and all.
    #[cfg(feature = "emulator")]
    fn take_uploads(&self) -> Vec<usize> {
        Vec::new()
    }

    /// Waits until all that was asked for is done.
    fn download(&self, from: Address, to: &mut [u8]) -> Result<(), GpuError>;

    fn copy(&self, from: Address, to: Address, bytes: usize) -> Result<(), GpuError>;

    /// Runs a kernel of the source that was compiled for `element`; `arguments` are the bytes of as many values as it takes, each
    /// where a value of its type may lie.
    fn launch(
        &self,
        kernel: &'static str,
        element: Element,
        grid: Grid,
        arguments: &[&[u8]],
    ) -> Result<(), GpuError>;

    /// The moment at which all that was asked for is done.
    fn now(&self) -> Result<Moment, GpuError>;

    /// From here on copies and kernels are recorded rather than done.
    fn begin_recording(&self) -> Result<(), GpuError>;

    /// What was recorded; from here on all is done again.
    fn end_recording(&self) -> Result<Box<dyn Replay>, GpuError>;

    /// What matrices are multiplied by, ready for the calling thread; none: a kernel does it.
    fn cublas(&self) -> Result<Option<&Cublas>, GpuError>;

    /// The stream that everything happens on, ready for the calling thread; none: there is no GPU behind it.
    fn bound_stream(&self) -> Result<Option<*mut c_void>, GpuError> {
        Ok(None)
    }

    /// What computes dense convolutions, ready for the calling thread; none: kernels do it.
    fn cudnn(&self) -> Result<Option<&Cudnn>, GpuError>;
}

/// What was recorded on a device.
pub(crate) trait Replay: Send + Sync + std::fmt::Debug {
    /// Does all of it, in its order, after what was asked for before.
    fn launch(&self) -> Result<(), GpuError>;
}
