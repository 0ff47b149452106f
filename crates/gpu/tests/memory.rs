//! How much of a GPU's memory buffers hold.

use arclab_gpu::{Element, Gpu, GpuError, Options, Precision};

const MIB: usize = 1 << 20;

/// A GPU of whose memory so much may be held.
fn bounded(memory_bytes: u64) -> Gpu {
    let (precision, memory_bytes) = (Precision::Float32, Some(memory_bytes));
    Gpu::emulated(Options { precision, deterministic: true, memory_bytes, cache: None })
}

/// A number of float32 that take so many MiB.
fn mib(mib: usize) -> usize {
    mib * MIB / 4
}

#[test]
fn what_is_unused_goes_back_before_more_is_held_than_may_be() {
    let gpu = bounded(10 * MIB as u64);
    for size in [6, 8, 3, 10, 1] {
        drop(gpu.take(mib(size), Element::Float32));
    }
    gpu.check().unwrap();
    assert_eq!(gpu.peak_memory(), 10 * MIB as u64);
}

#[test]
fn more_than_may_be_held_is_refused_with_what_is_held() {
    let gpu = bounded(10 * MIB as u64);
    let _held = gpu.take(mib(7), Element::Float32);
    drop(gpu.take(mib(1), Element::Float32));
    gpu.take(mib(4), Element::Float32);
    let GpuError::OutOfMemory { wanted, held, limit, .. } = gpu.check().unwrap_err() else {
        panic!("{:?}", gpu.check());
    };
    assert_eq!([wanted, held, limit.unwrap()].map(|bytes| bytes as usize / MIB), [4, 7, 10]);
}
