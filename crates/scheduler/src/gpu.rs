//! Finding GPUs, without needing a driver to start.
#![expect(unsafe_code, reason = "the one safe way to ask whether CUDA's driver is there panics without it")]

use std::env;

use cudarc::driver::{CudaContext, result, sys};

/// A GPU of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gpu {
    /// Its number among those that this program sees.
    pub index: u32,
    /// What a worker's `CUDA_VISIBLE_DEVICES` is set to, so that it sees this one alone.
    pub visible: String,
    /// `NVIDIA H200`.
    pub name: String,
    /// Its memory.
    pub memory_bytes: u64,
}

/// Why no GPU was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// No `libcuda.so`.
    #[error("this machine has no CUDA driver")]
    NoDriver,
    /// The driver is there and does not work.
    #[error("the CUDA driver does not answer: {0}")]
    Driver(String),
    /// The driver works and sees nothing.
    #[error("the CUDA driver sees no GPU")]
    None,
}

/// The GPUs that this program sees; at least one.
pub fn gpus() -> Result<Vec<Gpu>, GpuError> {
    // SAFETY: only tries to load the driver's library, whose initialisers run as in any program that uses CUDA.
    if !unsafe { sys::is_culib_present() } {
        return Err(GpuError::NoDriver);
    }
    let count = match CudaContext::device_count() {
        Ok(count) => count,
        Err(result::DriverError(sys::CUresult::CUDA_ERROR_NO_DEVICE)) => 0,
        Err(error) => return Err(GpuError::Driver(error.to_string())),
    };
    let list = env::var("CUDA_VISIBLE_DEVICES").ok();
    let found: Result<Vec<_>, _> = (0..count).map(|index| describe(index, list.as_deref())).collect();
    let found = found.map_err(|error| GpuError::Driver(error.to_string()))?;
    if found.is_empty() { Err(GpuError::None) } else { Ok(found) }
}

fn describe(index: i32, list: Option<&str>) -> Result<Gpu, result::DriverError> {
    let device = result::device::get(index)?;
    // SAFETY: `device` comes from the driver, just now.
    let memory = unsafe { result::device::total_mem(device) }?;
    Ok(Gpu {
        index: index as u32,
        visible: visible(index as usize, list),
        name: result::device::get_name(device)?,
        memory_bytes: memory as u64,
    })
}

/// Numbers count within `CUDA_VISIBLE_DEVICES` where it is set: a worker must be told the entry, not the number.
fn visible(index: usize, list: Option<&str>) -> String {
    let entry = list.and_then(|list| list.split(',').nth(index)).map(str::trim);
    entry.filter(|entry| !entry.is_empty()).map_or_else(|| index.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_for_gpus_without_a_driver_is_an_answer_and_no_panic() {
        match gpus() {
            Ok(found) => assert!(!found.is_empty() && found[0].memory_bytes > 0),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn numbers_count_within_the_devices_that_are_visible_already() {
        assert_eq!(visible(1, None), "1");
        assert_eq!(visible(1, Some("3, 5")), "5");
        assert_eq!(visible(0, Some("GPU-8f2a,1")), "GPU-8f2a");
    }
}
