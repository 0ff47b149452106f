//! The GPU, and how near the CPU's numbers its own must be.

use std::env;

use arclab_gpu::{Element, Gpu, Options, Precision, default_cache};
use arclab_nn::Cuda;

use crate::cases::assert_all_near;
pub(crate) use crate::cases::{activation, cpu, exact, maps, shape, shapes};

/// What is tested.
pub(crate) type Device = Cuda;

/// A GPU for each way of keeping feature maps.
pub(crate) fn every_gpu() -> impl Iterator<Item = Cuda> {
    [Precision::Float32, Precision::Bfloat16, Precision::Float16].into_iter().map(gpu)
}

/// That of the CPU's numbers.
pub(crate) fn float32() -> Cuda {
    gpu(Precision::Float32)
}

/// The emulator, or this machine's first GPU: tests that run side by side share its context, and have streams of their own.
pub(crate) fn gpu(precision: Precision) -> Cuda {
    gpu_that(precision, true)
}

/// The same, which records steps or does not.
pub(crate) fn gpu_that(precision: Precision, does_record: bool) -> Cuda {
    let options = |cache| Options { precision, deterministic: true, memory_bytes: None, cache };
    let gpu = if is_real() {
        Gpu::open(0, options(default_cache())).unwrap()
    } else {
        Gpu::emulated(options(None))
    };
    Cuda::new(gpu.recording(does_record))
}

/// Whether the tests run on a GPU rather than in the emulator: `ARCLAB_TEST_GPU=1` has them do so.
pub(crate) fn is_real() -> bool {
    env::var_os("ARCLAB_TEST_GPU").is_some_and(|value| value == "1")
}

/// Relative error that a number kept in feature maps may have: 1e-4 in float32, else what rounding to it makes.
pub(crate) fn tolerance(gpu: &Cuda) -> f32 {
    match gpu.gpu().element() {
        Element::Float32 => 1e-4,
        Element::Bfloat16 => 1.0 / 128.0,
        Element::Float16 => 1.0 / 1024.0,
    }
}

/// Every number of the GPU within `tolerance` of the largest of the CPU's, and nothing failed.
pub(crate) fn assert_near(gpu: &Cuda, found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    gpu.gpu().check().unwrap();
    assert_all_near(found, expected, tolerance, &format!("{what} ({:?})", gpu.gpu().element()));
}
