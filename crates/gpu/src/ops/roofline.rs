//! What a GPU reaches at most, measured on it: an operator takes as long as its bytes do at the speed of a copy, and as long as
//! its computations do at that of a large product.

use super::{
    elementwise,
    matmul::{Factor, Product},
};
use crate::{Element, Gpu, Precision, error::GpuError, gpu::Arg, times::Work};

/// Runs before those that count, in which clocks rise and algorithms are chosen.
const WARM_UP: usize = 3;
/// Runs of which the fastest counts.
const RUNS: usize = 10;

/// What bounds every operator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Roofline {
    /// Multiplications and additions in the GPU's precision.
    pub flops_per_second: f64,
    /// Read and written.
    pub bytes_per_second: f64,
}

impl Roofline {
    /// By products of square matrices of `side` rows, and copies of `bytes`, which are to be more than caches hold.
    pub fn measure(gpu: &Gpu, side: usize, bytes: usize) -> Result<Self, GpuError> {
        let (product, copy) = (product_seconds(gpu, side), copy_seconds(gpu, bytes));
        gpu.check()?;
        let flops = 2.0 * (side as f64).powi(3);
        Ok(Self { flops_per_second: flops / product, bytes_per_second: 2.0 * bytes as f64 / copy })
    }

    /// What the work takes at least.
    pub fn seconds(&self, work: Work) -> f64 {
        let [flops, bytes] = [work.flops, work.bytes].map(|count| count as f64);
        (flops / self.flops_per_second).max(bytes / self.bytes_per_second)
    }
}

fn product_seconds(gpu: &Gpu, side: usize) -> f64 {
    // Bits that change cost power, and zeros would be faster than any network.
    let value = |at: usize| (at.wrapping_mul(2_654_435_761) >> 16 & 0xFF) as f32 / 128.0 - 1.0;
    let values = gpu.upload(&(0..side * side).map(value).collect::<Vec<_>>());
    let values = elementwise::convert(gpu, &values, gpu.element()).unwrap_or(values);
    let mut out = gpu.take(side * side, gpu.element());
    let is_tf32 = gpu.options().precision == Precision::Tf32;
    let product = Product { is_tf32, ..Product::new([Factor::plain(&values, side); 2], [side; 3]) };
    shortest(gpu, || product.write(gpu, &mut out))
}

fn copy_seconds(gpu: &Gpu, bytes: usize) -> f64 {
    let packs = bytes / 16;
    let [from, to] = [(); 2].map(|()| gpu.take(4 * packs, Element::Float32));
    let arguments = [Arg::Buffer(&from), Arg::Buffer(&to), Arg::Long(packs as i64)];
    shortest(gpu, || gpu.launch("copy_packs", gpu.over(packs), &arguments))
}

/// Seconds of the fastest run; not a number where one failed.
fn shortest(gpu: &Gpu, mut work: impl FnMut()) -> f64 {
    let mut seconds = || {
        let from = gpu.unless_failed(|| gpu.runtime.now())?;
        work();
        gpu.unless_failed(|| from.until(&gpu.runtime.now()?))
    };
    let all: Vec<f64> = (0..WARM_UP + RUNS).map(|_| seconds().unwrap_or(f64::NAN)).collect();
    all[WARM_UP..].iter().copied().fold(f64::INFINITY, f64::min)
}
