//! What can go wrong on a GPU.

/// A GPU that cannot be used, or that failed at something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// A library that must be there is not.
    #[error(
        "{library} cannot be loaded (`arclab doctor` says where it was looked for, and what installs it)"
    )]
    Missing {
        /// `NVIDIA's driver (libcuda.so.1)`.
        library: &'static str,
    },
    /// A library is there and does not do.
    #[error("{library} cannot be used: {why}")]
    Unsuitable {
        /// `cuDNN (libcudnn.so.9)`.
        library: &'static str,
        /// What is wrong with it, and what would be right.
        why: String,
    },
    /// There is no such GPU.
    #[error("there is no GPU {wanted}: the driver sees {count}")]
    NoSuchGpu {
        /// The number that was asked for.
        wanted: usize,
        /// GPUs that there are.
        count: usize,
    },
    /// One that cannot compute in what was asked for.
    #[error(
        "{name} (compute capability {}.{}) computes in neither bfloat16 nor TF32, which begin with 8.0: use float32 or fp16",
        capability.0, capability.1
    )]
    TooOld {
        /// `Tesla T4`.
        name: String,
        /// 7 and 5.
        capability: (i32, i32),
    },
    /// A kernel's source was refused.
    #[error("NVRTC does not compile the kernels for {architecture}: {log}")]
    Compile {
        /// `compute_90`.
        architecture: String,
        /// What the compiler said.
        log: String,
    },
    /// Too little memory.
    #[error(
        "the GPU is out of memory: {wanted} bytes were asked for, {held} are held by this run, {free} are free of {total}; \
             make `training.batch_size` smaller, or split it with `training.accumulate`"
    )]
    OutOfMemory {
        /// Bytes that were asked for.
        wanted: u64,
        /// Bytes that this process holds.
        held: u64,
        /// Bytes that nobody holds.
        free: u64,
        /// Bytes of the GPU, or those that this process may hold.
        total: u64,
    },
    /// Something that is another one in each step, or that the program waits for.
    #[error("{what} cannot be part of a CUDA graph")]
    NotRecordable {
        /// `an upload`.
        what: &'static str,
    },
    /// A call failed.
    #[error("{what} failed: {reason}")]
    Call {
        /// `cuMemcpyHtoD`, or the name of a kernel.
        what: &'static str,
        /// What the library said.
        reason: String,
    },
}
