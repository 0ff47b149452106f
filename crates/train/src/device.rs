//! Which device a run gets.

use arclab_spec::config::DeviceRequest;

/// Where the network runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    /// The CPU.
    Cpu,
}

/// A device that was asked for and that this worker cannot use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the spec asks for `device: cuda`, but {NO_CUDA}: use `device: auto` or `device: cpu`")]
pub(crate) struct NoDevice;

/// Why `cuda` is refused.
pub(crate) const NO_CUDA: &str = "this worker is built without CUDA operators";

impl Device {
    /// The device for a request. `auto` takes a GPU that this worker can use, else the CPU; as long as there are
    /// no CUDA operators it always takes the CPU.
    pub(crate) fn resolve(request: DeviceRequest) -> Result<Self, NoDevice> {
        match request {
            DeviceRequest::Auto | DeviceRequest::Cpu => Ok(Self::Cpu),
            DeviceRequest::Cuda => Err(NoDevice),
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
        assert_eq!(Device::resolve(DeviceRequest::Auto), Ok(Device::Cpu));
        let error = Device::resolve(DeviceRequest::Cuda).unwrap_err();
        assert!(error.to_string().contains("built without CUDA operators"), "{error}");
    }
}
