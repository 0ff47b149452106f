//! Which device a run gets.

use std::env;

use arclab_nn::{Candle, Cuda, Gpu, GpuError, GpuOptions};
use arclab_spec::{
    Assignment,
    config::{CUDA_CONTEXT_BYTES, DeviceRequest, HeadPrecision, Precision, TrainingConfig},
};

/// Where the network runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    /// The CPU.
    Cpu,
    /// The first GPU that this process sees.
    Cuda,
    /// The same, through candle.
    Candle,
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
    /// A head that the network's precision has no kernels for.
    #[error(
        "the spec asks for `training.head_precision: bf16` with `training.precision: {0}`, and a GPU multiplies in bf16 beside \
         `precision: bf16` alone. Write `head_precision: float32`"
    )]
    Head(Precision),
    /// candle, for what it does not do.
    #[error("{CANDLE}=1 has candle compute runs on a GPU, but {0}")]
    Candle(String),
    /// One that is there and does not work.
    #[error("failed to open the GPU")]
    Open(#[source] GpuError),
}

/// Lets runs have a GPU.
const TRY: &str = "ARCLAB_TRY_CUDA";
/// Lets runs have a GPU through candle: the numeric reference, which is slow.
const CANDLE: &str = "ARCLAB_CANDLE";

fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| value == "1")
}

/// Why no GPU can be used by this worker on this machine.
pub(crate) fn why_no_gpu() -> Option<String> {
    let without = is_set(CANDLE) && !Candle::HAS_CUDA;
    without.then(no_candle).or_else(|| reason(is_set(TRY) || is_set(CANDLE), arclab_gpu::gpus()))
}

fn no_candle() -> String {
    format!(
        "{CANDLE}=1 asks for candle's CUDA device, and this worker was built without the feature `candle-cuda` \
         (`crates/gpu/cuda-toolkit --help` says how to build one)"
    )
}

fn reason(is_tried: bool, found: Result<usize, GpuError>) -> Option<String> {
    let found = match found {
        Ok(0) => Err("NVIDIA's driver sees no GPU".to_owned()),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    match found {
        Err(missing) => Some(missing),
        Ok(()) if is_tried => None,
        Ok(()) => Some(format!(
            "training on a GPU has not been tried on one yet: it is tested by an emulator. {TRY}=1 has it tried"
        )),
    }
}

impl Device {
    /// The device that trains as a plan asks.
    pub(crate) fn for_training(request: DeviceRequest, training: &TrainingConfig) -> Result<Self, NoDevice> {
        if !training.head_precision.suits(training.precision) {
            return Err(NoDevice::Head(training.precision));
        }
        Self::resolve(request, training.precision)
    }

    /// The device for a request, which must compute in `precision`. `auto` takes a GPU that this worker can use, else the
    /// CPU.
    pub(crate) fn resolve(request: DeviceRequest, precision: Precision) -> Result<Self, NoDevice> {
        let device = Self::choose(request, precision, why_no_gpu)?;
        if is_set(CANDLE) { device.through_candle(precision, why_no_gpu()) } else { Ok(device) }
    }

    /// candle in the place of the GPU's own operators, or why that is not what the run asks for.
    fn through_candle(self, precision: Precision, why_no_gpu: Option<String>) -> Result<Self, NoDevice> {
        match self {
            Self::Cpu => Err(NoDevice::Candle(why_no_gpu.unwrap_or_else(|| {
                "this one is to be on the CPU. Write `resources: {device: cuda}`".to_owned()
            }))),
            Self::Cuda | Self::Candle if precision == Precision::Float32 => Ok(Self::Candle),
            Self::Cuda | Self::Candle => Err(NoDevice::Candle(format!(
                "in float32 alone. Write `training: {{precision: float32}}` in place of `{precision}`"
            ))),
        }
    }

    /// Nothing is looked for where the CPU is asked for.
    fn choose(
        request: DeviceRequest,
        precision: Precision,
        why_no_gpu: impl FnOnce() -> Option<String>,
    ) -> Result<Self, NoDevice> {
        match request {
            DeviceRequest::Cpu if precision.needs_gpu() => {
                Err(NoDevice::Precision(precision, "`resources.device` is `cpu`".to_owned()))
            }
            DeviceRequest::Cpu => Ok(Self::Cpu),
            DeviceRequest::Auto => match why_no_gpu() {
                None => Ok(Self::Cuda),
                Some(reason) if precision.needs_gpu() => Err(NoDevice::Precision(precision, reason)),
                Some(_) => Ok(Self::Cpu),
            },
            DeviceRequest::Cuda => why_no_gpu().map_or(Ok(Self::Cuda), |reason| Err(NoDevice::Cuda(reason))),
        }
    }
}

/// candle's device of a run.
pub(crate) fn open_candle() -> Result<Candle, NoDevice> {
    Candle::on_gpu(0).map_err(NoDevice::Open)
}

/// The GPU of a run, of which it may have no more than its share.
pub(crate) fn open_gpu(assignment: &Assignment) -> Result<Cuda, NoDevice> {
    let cuda = Cuda::new(Gpu::open(0, gpu_options(assignment)).map_err(NoDevice::Open)?);
    Ok(match assignment.plan.config.training.head_precision {
        HeadPrecision::Float32 => cuda,
        HeadPrecision::Bf16 => cuda.with_head_as_maps(),
    })
}

pub(crate) fn gpu_options(assignment: &Assignment) -> GpuOptions {
    GpuOptions {
        precision: precision(assignment.plan.config.training.precision),
        deterministic: assignment.deterministic,
        memory_bytes: assignment.gpu_memory_bytes.map(|share| share.saturating_sub(CUDA_CONTEXT_BYTES)),
        cache: arclab_gpu::default_cache(),
    }
}

fn precision(precision: Precision) -> arclab_nn::Precision {
    match precision {
        Precision::Float32 => arclab_nn::Precision::Float32,
        Precision::Tf32 => arclab_nn::Precision::Tf32,
        Precision::Bf16 => arclab_nn::Precision::Bfloat16,
        Precision::Fp16 => arclab_nn::Precision::Float16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOAT32: Precision = Precision::Float32;

    #[test]
    fn auto_takes_a_gpu_that_can_be_used_and_else_the_cpu() {
        assert_eq!(Device::choose(DeviceRequest::Auto, FLOAT32, || None), Ok(Device::Cuda));
        let why = || Some("there is none".to_owned());
        assert_eq!(Device::choose(DeviceRequest::Auto, FLOAT32, why), Ok(Device::Cpu));
        assert_eq!(Device::choose(DeviceRequest::Cpu, FLOAT32, || None), Ok(Device::Cpu));
        let error = Device::choose(DeviceRequest::Cuda, FLOAT32, why).unwrap_err().to_string();
        assert!(error.contains("`resources.device: cuda`, but there is none"), "{error}");
    }

    #[test]
    fn what_a_cpu_does_not_compute_in_is_refused_by_the_name_of_its_key() {
        for precision in [Precision::Tf32, Precision::Bf16, Precision::Fp16] {
            for request in [DeviceRequest::Auto, DeviceRequest::Cpu] {
                let error = Device::choose(request, precision, || Some("no driver".to_owned()))
                    .unwrap_err()
                    .to_string();
                assert!(error.contains(&format!("`training.precision: {precision}`")), "{error}");
            }
            assert_eq!(Device::choose(DeviceRequest::Auto, precision, || None), Ok(Device::Cuda));
        }
    }

    #[test]
    fn candle_takes_runs_of_float32_on_a_gpu_and_refuses_all_others() {
        assert_eq!(Device::Cuda.through_candle(FLOAT32, None), Ok(Device::Candle));
        let refusal = |device: Device, precision, why_no_gpu: Option<&str>| {
            device.through_candle(precision, why_no_gpu.map(str::to_owned)).unwrap_err().to_string()
        };
        let error = refusal(Device::Cuda, Precision::Bf16, None);
        assert!(error.contains("`training: {precision: float32}` in place of `bf16`"), "{error}");
        assert!(refusal(Device::Cpu, FLOAT32, None).contains("`resources: {device: cuda}`"));
        let error = refusal(Device::Cpu, FLOAT32, Some("there is none"));
        assert_eq!(error, "ARCLAB_CANDLE=1 has candle compute runs on a GPU, but there is none");
    }

    #[test]
    fn a_gpu_is_not_used_before_somebody_asks_to_try_it() {
        let missing = || GpuError::Missing { library: "cuDNN (libcudnn.so.9)" };
        for is_tried in [false, true] {
            assert!(reason(is_tried, Err(missing())).unwrap().starts_with("cuDNN"));
            assert!(reason(is_tried, Ok(0)).unwrap().ends_with("sees no GPU"));
        }
        assert!(reason(false, Ok(8)).unwrap().contains("ARCLAB_TRY_CUDA=1"));
        assert_eq!(reason(true, Ok(8)), None);
    }
}
