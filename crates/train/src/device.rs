//! Which device a run gets.

use arclab_gpu::GpuError;
use arclab_spec::config::{DeviceRequest, Precision};

/// Where the network runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    /// The CPU.
    Cpu,
}

/// What was asked for and this worker cannot do here, and why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoDevice {
    /// A GPU.
    #[error("the spec asks for `resources.device: cuda`, but {0}. Use `device: auto` or `device: cpu`")]
    Cuda(String),
    /// Numbers that a CPU does not compute in.
    #[error(
        "the spec asks for `training.precision: {0}`, which a GPU alone computes in, but {1}. Write `precision: float32`"
    )]
    Precision(Precision, String),
}

/// Why `cuda` is refused wherever it is.
const NO_CUDA: &str = "this worker is built without CUDA operators";

/// Why no GPU can be used by this worker on this machine.
pub(crate) fn why_no_gpu() -> String {
    reason(arclab_gpu::gpus())
}

fn reason(found: Result<usize, GpuError>) -> String {
    match found {
        Ok(0) => format!("{NO_CUDA}; besides, NVIDIA's driver sees no GPU"),
        Ok(_) => NO_CUDA.to_owned(),
        Err(error) => format!("{NO_CUDA}; besides, {error}"),
    }
}

impl Device {
    /// The device for a request, which must compute in `precision`. `auto` takes a GPU that this worker can use, else the
    /// CPU; as long as there are no CUDA operators it always takes the CPU.
    pub(crate) fn resolve(request: DeviceRequest, precision: Precision) -> Result<Self, NoDevice> {
        match request {
            DeviceRequest::Cuda => Err(NoDevice::Cuda(why_no_gpu())),
            DeviceRequest::Auto | DeviceRequest::Cpu if precision.needs_gpu() => {
                Err(NoDevice::Precision(precision, why_no_gpu()))
            }
            DeviceRequest::Auto | DeviceRequest::Cpu => Ok(Self::Cpu),
        }
    }
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cpu => f.pad("cpu"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_takes_the_cpu_and_cuda_is_refused_with_the_reason() {
        let precision = Precision::Float32;
        assert_eq!(Device::resolve(DeviceRequest::Auto, precision), Ok(Device::Cpu));
        let error = Device::resolve(DeviceRequest::Cuda, precision).unwrap_err().to_string();
        assert!(error.contains("`resources.device: cuda`"), "{error}");
        assert!(error.contains("built without CUDA operators"), "{error}");
    }

    #[test]
    fn what_a_cpu_does_not_compute_in_is_refused_by_the_name_of_its_key() {
        for precision in [Precision::Tf32, Precision::Bf16, Precision::Fp16] {
            let error = Device::resolve(DeviceRequest::Auto, precision).unwrap_err().to_string();
            assert!(error.contains(&format!("`training.precision: {precision}`")), "{error}");
            assert!(error.contains("built without CUDA operators"), "{error}");
        }
    }

    #[test]
    fn what_is_missing_on_the_machine_is_said_beside_what_is_missing_in_the_worker() {
        let missing = GpuError::Missing { library: "cuDNN (libcudnn.so.9)" };
        let both = reason(Err(missing));
        assert!(both.starts_with("this worker is built without CUDA operators; besides, cuDNN"), "{both}");
        assert!(reason(Ok(0)).ends_with("sees no GPU"));
        assert_eq!(reason(Ok(8)), NO_CUDA);
    }
}
