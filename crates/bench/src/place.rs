//! Where a measurement takes place, and in which precision.

use std::{fmt, str::FromStr};

use anyhow::{anyhow, bail};
use arclab_gpu::{Gpu, Options, default_cache};
use clap::ValueEnum;
use serde::Serialize;

/// A sort of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Device {
    /// The CPU.
    Cpu,
    /// The first NVIDIA GPU that this process sees.
    Cuda,
}

/// What a network is computed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Precision {
    /// Feature maps in bfloat16.
    Bf16,
    /// Feature maps in float16, with a loss that is scaled up.
    Fp16,
    /// Float32, whose products round their factors to 10 bits.
    Tf32,
    /// Float32 throughout.
    Float32,
}

/// A device, and what it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// So many threads of the CPU, which computes in float32.
    Cpu { threads: usize },
    /// The GPU.
    Cuda(Precision),
}

impl Precision {
    /// Name of the variant on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bf16 => "bf16",
            Self::Fp16 => "fp16",
            Self::Tf32 => "tf32",
            Self::Float32 => "float32",
        }
    }

    fn on_gpu(self) -> arclab_gpu::Precision {
        match self {
            Self::Bf16 => arclab_gpu::Precision::Bfloat16,
            Self::Fp16 => arclab_gpu::Precision::Float16,
            Self::Tf32 => arclab_gpu::Precision::Tf32,
            Self::Float32 => arclab_gpu::Precision::Float32,
        }
    }
}

impl Place {
    pub(crate) fn precision(self) -> Precision {
        match self {
            Self::Cpu { .. } => Precision::Float32,
            Self::Cuda(precision) => precision,
        }
    }

    /// Of the CPU.
    pub(crate) fn threads(self) -> Option<usize> {
        match self {
            Self::Cpu { threads } => Some(threads),
            Self::Cuda(_) => None,
        }
    }

    /// Fails where it cannot be had, before anything long is begun.
    pub(crate) fn check(self) -> anyhow::Result<()> {
        match self {
            Self::Cpu { .. } => Ok(()),
            Self::Cuda(precision) => open_gpu(precision).map(drop),
        }
    }
}

/// The first GPU, with its fastest algorithms.
pub(crate) fn open_gpu(precision: Precision) -> anyhow::Result<Gpu> {
    let precision = precision.on_gpu();
    let options = Options { precision, deterministic: false, memory_bytes: None, cache: default_cache() };
    Gpu::open(0, options)
        .map_err(|error| anyhow!("`--device cuda` asks for a GPU, but {error}. Use `--device cpu`"))
}

/// As `case` is told by [`super::engine`]: `cpu:2`, `cuda:bf16`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu { threads } => write!(f, "cpu:{threads}"),
            Self::Cuda(precision) => write!(f, "cuda:{}", precision.name()),
        }
    }
}

impl FromStr for Place {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text.split_once(':') {
            Some(("cpu", threads)) => Ok(Self::Cpu { threads: threads.parse()? }),
            Some(("cuda", precision)) => {
                Precision::from_str(precision, false).map(Self::Cuda).map_err(anyhow::Error::msg)
            }
            _ => bail!("a place is `cpu:THREADS` or `cuda:PRECISION`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for place in [Place::Cpu { threads: 3 }, Place::Cuda(Precision::Bf16), Place::Cuda(Precision::Tf32)] {
            assert_eq!(place.to_string().parse::<Place>().unwrap(), place);
        }
        for wrong in ["cpu", "cpu:many", "cuda:bf17", "tpu:1"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
