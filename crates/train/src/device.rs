//! Which device a run gets.

use std::{env, sync::Arc};

use arclab_nn::{
    Candle, Cpu, Cuda, Gpu, GpuError, GpuOptions, Nccl,
    heads::HeadMemory,
    ranks::{Exchange, Threads},
};
use arclab_spec::{
    Assignment,
    config::{CUDA_CONTEXT_BYTES, DeviceRequest, HeadPrecision, Precision, TrainingConfig},
};

use crate::training::Seat;

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
    #[error(
        "the spec asks for `resources.device: cuda`, or for a GPU of a cluster, but {0}. Use `device: cpu`, or on this machine `device: auto`"
    )]
    Cuda(String),
    /// A GPU for each rank.
    #[error(
        "`training.ranks: {ranks}` needs as many GPUs, and this worker sees {found}. Use `device: cpu`, or `ranks: 1`"
    )]
    TooFew { ranks: u32, found: usize },
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
    /// What ranks on GPUs speak through.
    #[error("failed to have the GPUs of `training.ranks` speak to each other")]
    Ranks(#[source] GpuError),
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
    let found = || reason(is_set(TRY) || is_set(CANDLE), arclab_gpu::gpus());
    without.then(no_candle).or_else(found)
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
        Self::resolve(request, training.precision, training.ranks)
    }

    /// The device for a request, which must compute in `precision`. `auto` takes a GPU that this worker can use, else the
    /// CPU.
    pub(crate) fn resolve(
        request: DeviceRequest,
        precision: Precision,
        ranks: u32,
    ) -> Result<Self, NoDevice> {
        let device = Self::choose(request, precision, why_no_gpu)?.for_ranks(ranks, arclab_gpu::gpus)?;
        if !is_set(CANDLE) {
            return Ok(device);
        }
        if ranks > 1 {
            return Err(NoDevice::Candle("in one rank alone. Write `training: {ranks: 1}`".to_owned()));
        }
        device.through_candle(precision, why_no_gpu())
    }

    /// The same, where there is a GPU for each rank.
    fn for_ranks(self, ranks: u32, gpus: impl FnOnce() -> Result<usize, GpuError>) -> Result<Self, NoDevice> {
        match (self, ranks) {
            (Self::Cpu, _) | (_, 1) => Ok(self),
            (Self::Cuda | Self::Candle, _) => match gpus().map_err(NoDevice::Open)? {
                found if found < ranks as usize => Err(NoDevice::TooFew { ranks, found }),
                _ => Ok(self),
            },
        }
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
pub(crate) fn seat_with_candle() -> Result<Vec<Seat<Candle>>, NoDevice> {
    Ok(seats(vec![Candle::on_gpu(0).map_err(NoDevice::Open)?], Vec::<Threads>::new()))
}

/// The ranks of a run on the CPU, which share its threads.
pub(crate) fn seats_on_cpu(assignment: &Assignment) -> Vec<Seat<Cpu>> {
    let ranks = assignment.plan.config.training.ranks as usize;
    let threads = (assignment.threads as usize / ranks).max(1);
    seats((0..ranks).map(|_| Cpu::new(threads)).collect(), Threads::new(ranks))
}

/// The ranks of a run on GPUs: each has one to itself.
pub(crate) fn seats_on_gpus(assignment: &Assignment) -> Result<Vec<Seat<Cuda>>, NoDevice> {
    let ranks = assignment.plan.config.training.ranks as usize;
    let gpus = (0..ranks).map(|index| open_gpu(assignment, index)).collect::<Result<_, _>>()?;
    let exchanges = if ranks > 1 { Nccl::open(ranks).map_err(NoDevice::Ranks)? } else { Vec::new() };
    Ok(seats(gpus, exchanges))
}

/// A device for each rank; one alone has nobody to speak to.
fn seats<B: HeadMemory>(devices: Vec<B>, exchanges: Vec<impl Exchange<B> + 'static>) -> Vec<Seat<B>> {
    let is_alone = devices.len() == 1;
    let exchanges = exchanges.into_iter().map(|exchange| Arc::new(exchange) as Arc<dyn Exchange<B>>);
    let exchanges = exchanges.filter(|_| !is_alone).map(Some).chain(std::iter::repeat(None));
    let seat = |(device, exchange)| Seat { device: Arc::new(device), exchange };
    devices.into_iter().zip(exchanges).map(seat).collect()
}

/// GPU number `index` of a run, of which it may have no more than its share.
fn open_gpu(assignment: &Assignment, index: usize) -> Result<Cuda, NoDevice> {
    let training = &assignment.plan.config.training;
    let gpu = Gpu::open(index, gpu_options(assignment)).map_err(NoDevice::Open)?;
    // Ranks speak to each other in the middle of a step, on threads that are new in each.
    let cuda = Cuda::new(if training.ranks > 1 { gpu.recording(false) } else { gpu });
    Ok(match training.head_precision {
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
        assert!(
            error.contains("`resources.device: cuda`, or for a GPU of a cluster, but there is none"),
            "{error}"
        );
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
    fn each_rank_has_a_gpu_or_all_have_the_cpu() {
        let error = Device::Cuda.for_ranks(4, || Ok(2)).unwrap_err().to_string();
        assert!(
            error.starts_with("`training.ranks: 4` needs as many GPUs, and this worker sees 2"),
            "{error}"
        );
        assert_eq!(Device::Cuda.for_ranks(2, || Ok(2)), Ok(Device::Cuda));
        assert_eq!(Device::Cpu.for_ranks(4, || unreachable!("a CPU is enough for all")), Ok(Device::Cpu));
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
