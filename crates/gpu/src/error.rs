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
    #[error("the GPU is out of memory: {}", out_of_memory(*wanted, *held, *limit, *free, *total))]
    OutOfMemory {
        /// Bytes that were asked for.
        wanted: u64,
        /// Bytes that this process holds in its pool.
        held: u64,
        /// Bytes that it may hold there; none: all that there are.
        limit: Option<u64>,
        /// Bytes of the GPU that nobody holds.
        free: u64,
        /// Bytes of the GPU.
        total: u64,
    },
    /// Too little memory for what a library or the driver takes by itself.
    #[error(
        "the GPU is out of memory: {what} found too little. Where no other program holds it, make `training.batch_size` \
             smaller, or split it with `training.accumulate`"
    )]
    NoRoom {
        /// `cublasCreate`.
        what: &'static str,
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

/// The numbers, and what to do.
fn out_of_memory(wanted: u64, held: u64, limit: Option<u64>, free: u64, total: u64) -> String {
    let [wanted, held, free, total] = [wanted, held, free, total].map(amount);
    let of = limit.map(|limit| format!(" of the {} that it may hold", amount(limit))).unwrap_or_default();
    let remedy = match limit {
        None => "or split it with `training.accumulate`",
        Some(_) => "split it with `training.accumulate`, or give the run more with `resources.gpu_memory`",
    };
    format!(
        "{wanted} were asked for, this run holds {held}{of}, and {free} of the GPU's {total} are free; make \
         `training.batch_size` smaller, {remedy}"
    )
}

fn amount(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    if mib < 1024.0 { format!("{mib:.1} MiB") } else { format!("{:.2} GiB", mib / 1024.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_memory_is_told_with_what_was_asked_held_and_free_and_what_to_do() {
        let error = |limit| GpuError::OutOfMemory {
            wanted: 3 << 19,
            held: 70 << 20,
            limit,
            free: 5 << 29,
            total: 80 << 30,
        };
        assert_eq!(
            error(None).to_string(),
            "the GPU is out of memory: 1.5 MiB were asked for, this run holds 70.0 MiB, and 2.50 GiB of the GPU's \
             80.00 GiB are free; make `training.batch_size` smaller, or split it with `training.accumulate`"
        );
        assert_eq!(
            error(Some(71 << 20)).to_string(),
            "the GPU is out of memory: 1.5 MiB were asked for, this run holds 70.0 MiB of the 71.0 MiB that it may \
             hold, and 2.50 GiB of the GPU's 80.00 GiB are free; make `training.batch_size` smaller, split it with \
             `training.accumulate`, or give the run more with `resources.gpu_memory`"
        );
    }
}
