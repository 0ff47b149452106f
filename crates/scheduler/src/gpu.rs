//! Finding GPUs through NVML, which comes with NVIDIA's driver and is loaded when it is asked: no program needs it to start.

use std::env;

use nvml_wrapper::{Device, Nvml, enum_wrappers::device::TemperatureSensor, error::NvmlError};

/// A GPU of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gpu {
    /// Its number among those that this program sees.
    pub index: u32,
    /// What a worker's `CUDA_VISIBLE_DEVICES` is set to, so that it sees this one alone.
    pub visible: String,
    /// `GPU-8f2a…`, which names it on this machine and no other.
    pub uuid: String,
    /// `NVIDIA H200`.
    pub name: String,
    /// Its memory.
    pub memory_bytes: u64,
    /// What of it nobody holds now.
    pub free_bytes: u64,
    /// Share of the last moments in which kernels ran, where the driver tells.
    pub utilisation_percent: Option<u32>,
    /// Where the driver tells.
    pub temperature_celsius: Option<u32>,
}

/// Why no GPU was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// No `libnvidia-ml.so.1`.
    #[error("this machine has no NVIDIA driver (libnvidia-ml.so.1 cannot be loaded)")]
    NoDriver,
    /// The driver is there and does not work.
    #[error("NVIDIA's driver does not answer: {0}")]
    Driver(String),
    /// The driver works and sees nothing.
    #[error("NVIDIA's driver sees no GPU")]
    None,
    /// There are GPUs, and this program is to see none.
    #[error("CUDA_VISIBLE_DEVICES ({0}) names none of the GPUs of this machine")]
    Hidden(String),
}

impl From<NvmlError> for GpuError {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of a library's forty errors one is another case here"
    )]
    fn from(error: NvmlError) -> Self {
        match error {
            NvmlError::LibloadingError(_) => Self::NoDriver,
            other => Self::Driver(other.to_string()),
        }
    }
}

/// The GPUs that this program sees; at least one. Numbers in `CUDA_VISIBLE_DEVICES` are those of `nvidia-smi`.
pub fn gpus() -> Result<Vec<Gpu>, GpuError> {
    let nvml = Nvml::init()?;
    let count = nvml.device_count()?;
    let uuids = (0..count).map(|number| nvml.device_by_index(number)?.uuid());
    let uuids = uuids.collect::<Result<Vec<_>, _>>()?;
    if uuids.is_empty() {
        return Err(GpuError::None);
    }
    let list = env::var("CUDA_VISIBLE_DEVICES").ok();
    let chosen = chosen(list.as_deref(), &uuids);
    if chosen.is_empty() {
        return Err(GpuError::Hidden(list.unwrap_or_default()));
    }
    let describe =
        |(index, Chosen { visible, uuid })| describe(index as u32, visible, &nvml.device_by_uuid(uuid)?);
    chosen.into_iter().enumerate().map(describe).collect::<Result<_, _>>().map_err(GpuError::from)
}

/// The driver's version, such as `580.65.06`.
pub fn driver_version() -> Result<String, GpuError> {
    Ok(Nvml::init()?.sys_driver_version()?)
}

/// Free memory of GPUs, asked for again and again. The library's table of functions is many kilobytes, too large for a future.
#[derive(Debug)]
pub(crate) struct Meter(Box<Nvml>);

impl Meter {
    pub(crate) fn open() -> Result<Self, GpuError> {
        Ok(Self(Box::new(Nvml::init()?)))
    }

    /// What of the GPU's memory nobody holds now.
    pub(crate) fn free_bytes(&self, gpu: &Gpu) -> Result<u64, GpuError> {
        Ok(self.0.device_by_uuid(gpu.uuid.as_str())?.memory_info()?.free)
    }
}

fn describe(index: u32, visible: String, device: &Device<'_>) -> Result<Gpu, NvmlError> {
    let memory = device.memory_info()?;
    Ok(Gpu {
        index,
        visible,
        uuid: device.uuid()?,
        name: device.name()?,
        memory_bytes: memory.total,
        free_bytes: memory.free,
        utilisation_percent: device.utilization_rates().ok().map(|rates| rates.gpu),
        temperature_celsius: device.temperature(TemperatureSensor::Gpu).ok(),
    })
}

/// A GPU that this program sees.
#[derive(Debug, PartialEq, Eq)]
struct Chosen {
    /// Its entry in `CUDA_VISIBLE_DEVICES`, or its number.
    visible: String,
    uuid: String,
}

/// Those of the GPUs `uuids` that `list` names, in its order: by number, by the beginning of a UUID, or as a part of a GPU
/// (MIG), whose name is taken as it is. As CUDA has it, the first entry that names none ends the list.
fn chosen(list: Option<&str>, uuids: &[String]) -> Vec<Chosen> {
    let Some(list) = list else {
        let all = uuids.iter().enumerate();
        return all
            .map(|(number, uuid)| Chosen { visible: number.to_string(), uuid: uuid.clone() })
            .collect();
    };
    let named = |entry: &str| match entry.parse::<usize>() {
        Ok(number) => uuids.get(number).cloned(),
        Err(_) if entry.starts_with("MIG-") => Some(entry.to_owned()),
        Err(_) if entry.starts_with("GPU-") => uuids.iter().find(|uuid| uuid.starts_with(entry)).cloned(),
        Err(_) => None,
    };
    let entries = list.split(',').map(str::trim);
    entries.map_while(|entry| Some(Chosen { visible: entry.to_owned(), uuid: named(entry)? })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(list: Option<&str>) -> Vec<(String, String)> {
        let uuids = ["GPU-8f2a", "GPU-13", "GPU-27", "GPU-31", "GPU-44", "GPU-5c"].map(str::to_owned);
        chosen(list, &uuids).into_iter().map(|one| (one.visible, one.uuid)).collect()
    }

    fn pairs<const N: usize>(expected: [(&str, &str); N]) -> Vec<(String, String)> {
        expected.map(|(visible, uuid)| (visible.to_owned(), uuid.to_owned())).into()
    }

    #[test]
    fn asking_for_gpus_without_a_driver_is_an_answer_and_no_panic() {
        match gpus() {
            Ok(found) => assert!(!found.is_empty() && found[0].memory_bytes > 0),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn numbers_count_within_the_devices_that_are_visible_already() {
        assert_eq!(seen(None)[1], ("1".to_owned(), "GPU-13".to_owned()));
        assert_eq!(seen(Some("3, 5")), pairs([("3", "GPU-31"), ("5", "GPU-5c")]));
        assert_eq!(seen(Some("GPU-8f2a,1")), pairs([("GPU-8f2a", "GPU-8f2a"), ("1", "GPU-13")]));
    }

    #[test]
    fn gpus_are_named_by_the_beginning_of_their_uuid_and_parts_of_gpus_as_they_are() {
        assert_eq!(seen(Some("GPU-2")), pairs([("GPU-2", "GPU-27")]));
        assert_eq!(seen(Some("MIG-7f,0")), pairs([("MIG-7f", "MIG-7f"), ("0", "GPU-8f2a")]));
    }

    #[test]
    fn the_first_entry_that_names_no_gpu_ends_the_list() {
        for list in ["", "-1", "6", "NoDevFiles", "GPU-99,1"] {
            assert_eq!(seen(Some(list)), []);
        }
        assert_eq!(seen(Some("1,6,2")), pairs([("1", "GPU-13")]));
    }

    #[test]
    fn a_driver_that_is_not_there_is_told_from_one_that_fails() {
        let Err(missing) = Nvml::builder().lib_path("/nowhere/libnvidia-ml.so.1".as_ref()).init() else {
            panic!("there is no such library");
        };
        assert_eq!(GpuError::from(missing), GpuError::NoDriver);
        let failing = GpuError::from(NvmlError::DriverNotLoaded);
        assert!(failing.to_string().starts_with("NVIDIA's driver does not answer: "), "{failing}");
    }
}
