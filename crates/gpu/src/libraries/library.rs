//! Which libraries there are: what each is called, what it is for, and what installs it.

/// CUDA that cudarc's bindings are of, and the first one whose driver reads what NVRTC 13 writes.
pub const CUDA_MAJOR: u32 = 13;
/// NVIDIA's first driver for Linux with CUDA 13.0.
pub const DRIVER: &str = "580.65.06";

/// A library of NVIDIA's, in the order of loading: each after those that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Library {
    /// What comes with the kernel's module.
    Driver,
    /// The compiler of kernels.
    Nvrtc,
    /// What cuBLAS calls.
    CublasLt,
    /// Matrix products.
    Cublas,
    /// Convolutions.
    Cudnn,
    /// Several GPUs.
    Nccl,
    /// Random numbers, without which candle's device does not open.
    Curand,
}

impl Library {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Driver, Self::Nvrtc, Self::CublasLt, Self::Cublas, Self::Cudnn, Self::Nccl, Self::Curand];
    /// Those that training on one GPU needs.
    pub const NEEDED: [Self; 5] = [Self::Driver, Self::Nvrtc, Self::CublasLt, Self::Cublas, Self::Cudnn];

    /// `cuDNN (libcudnn.so.9)`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Driver => "NVIDIA's driver (libcuda.so.1)",
            Self::Nvrtc => "NVRTC (libnvrtc.so.13)",
            Self::CublasLt => "cuBLASLt (libcublasLt.so.13)",
            Self::Cublas => "cuBLAS (libcublas.so.13)",
            Self::Cudnn => "cuDNN (libcudnn.so.9)",
            Self::Nccl => "NCCL (libnccl.so.2)",
            Self::Curand => "cuRAND (libcurand.so.10)",
        }
    }

    /// What cudarc asks for first: `libcudnn.so`.
    pub(super) fn bare(self) -> &'static str {
        match self {
            Self::Driver => "libcuda.so",
            Self::Nvrtc => "libnvrtc.so",
            Self::CublasLt => "libcublasLt.so",
            Self::Cublas => "libcublas.so",
            Self::Cudnn => "libcudnn.so",
            Self::Nccl => "libnccl.so",
            Self::Curand => "libcurand.so",
        }
    }

    /// The function that says its version.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Driver => "cuDriverGetVersion",
            Self::Nvrtc => "nvrtcVersion",
            Self::CublasLt => "cublasLtGetProperty",
            Self::Cublas => "cublasGetProperty",
            Self::Cudnn => "cudnnGetVersion",
            Self::Nccl => "ncclGetVersion",
            Self::Curand => "curandGetVersion",
        }
    }

    /// The number of the interface, which its file's name ends in.
    pub(super) fn interface(self) -> u32 {
        match self {
            Self::Driver => 1,
            Self::Nvrtc | Self::CublasLt | Self::Cublas => CUDA_MAJOR,
            Self::Cudnn => 9,
            Self::Nccl => 2,
            Self::Curand => 10,
        }
    }

    /// What it is needed for.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Driver => "any use of a GPU",
            Self::Nvrtc => "compiling the kernels, at the first run",
            Self::CublasLt | Self::Cublas => "matrix products",
            Self::Cudnn => "convolutions",
            Self::Nccl => "runs on several GPUs; one does without",
            Self::Curand => "runs with ARCLAB_CANDLE=1; all others do without",
        }
    }

    /// What brings it to a machine. NVRTC is of the first CUDA 13, since drivers read what their own or an older one writes.
    pub fn install(self) -> &'static str {
        match self {
            Self::Driver => {
                "the distribution's package of NVIDIA's driver, 580 or newer (on Ubuntu `apt install nvidia-driver-580`)"
            }
            Self::Nvrtc => "pip install 'nvidia-cuda-nvrtc==13.0.*'",
            Self::CublasLt | Self::Cublas => "pip install 'nvidia-cublas==13.*'",
            Self::Cudnn => "pip install nvidia-cudnn-cu13",
            Self::Nccl => "pip install nvidia-nccl-cu13",
            Self::Curand => "pip install 'nvidia-curand==10.4.*'",
        }
    }
}
