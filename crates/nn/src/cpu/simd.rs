//! Which instruction set the kernels run on, chosen when the program runs.
//!
//! Kernels are written once, over `pulp`'s vectors, and compiled for each set.

#![expect(
    clippy::inline_always,
    reason = "what kernels call must be compiled for the instruction set they run on"
)]

use bytemuck::Zeroable;
#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};
use pulp::{Scalar256b, Simd, WithSimd};

/// A set of kernels.
#[derive(Debug, Clone, Copy)]
pub struct Kernels(Set);

#[derive(Debug, Clone, Copy)]
enum Set {
    #[cfg(target_arch = "x86_64")]
    Avx512(V4),
    #[cfg(target_arch = "x86_64")]
    Avx2(V3),
    Portable,
}

impl Kernels {
    /// The fastest that this processor has.
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(set) = V4::try_new() {
                return Self(Set::Avx512(set));
            }
            if let Some(set) = V3::try_new() {
                return Self(Set::Avx2(set));
            }
        }
        Self(Set::Portable)
    }

    /// All that this processor has, the fastest first.
    pub fn all() -> Vec<Self> {
        let mut sets = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            sets.extend(V4::try_new().map(Set::Avx512));
            sets.extend(V3::try_new().map(Set::Avx2));
        }
        sets.push(Set::Portable);
        sets.into_iter().map(Self).collect()
    }

    /// `avx512`, `avx2` or `portable`.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => "avx2",
            Set::Portable => "portable",
        }
    }

    /// Floats in a vector.
    pub(crate) fn lanes(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(_) => V4::F32_LANES,
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => V3::F32_LANES,
            Set::Portable => Scalar256b::F32_LANES,
        }
    }

    /// Runs a kernel.
    pub(crate) fn run<K: WithSimd>(self, kernel: K) -> K::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(set) => Simd::vectorize(set, kernel),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(set) => Simd::vectorize(set, kernel),
            Set::Portable => Simd::vectorize(Scalar256b, kernel),
        }
    }
}

/// A vector of channels: `len` of them from `at` on, and FULL where that is a whole vector.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lanes<const FULL: bool> {
    at: usize,
    len: usize,
}

impl<const FULL: bool> Lanes<FULL> {
    pub(crate) fn new(at: usize, len: usize) -> Self {
        Self { at, len }
    }

    /// This vector of the channels that begin at `start`.
    #[inline(always)]
    pub(crate) fn load<S: Simd>(self, _simd: S, values: &[f32], start: usize) -> S::f32s {
        let from = start + self.at;
        if FULL {
            S::as_simd_f32s(&values[from..from + S::F32_LANES]).0[0]
        } else {
            load_part::<S>(&values[from..from + self.len])
        }
    }

    /// This vector of `values`, if there are any.
    #[inline(always)]
    pub(crate) fn load_if_any<S: Simd>(self, simd: S, values: Option<&[f32]>) -> Option<S::f32s> {
        Some(self.load(simd, values?, 0))
    }

    /// Stores this vector of the channels that begin at `start`.
    #[inline(always)]
    pub(crate) fn store<S: Simd>(self, _simd: S, values: &mut [f32], start: usize, vector: S::f32s) {
        let from = start + self.at;
        if FULL {
            S::as_mut_simd_f32s(&mut values[from..from + S::F32_LANES]).0[0] = vector;
        } else {
            store_part::<S>(&mut values[from..from + self.len], vector);
        }
    }
}

/// Runs `$body` for every vector of `$channels` channels. A last one that is not whole has code of its own, so that
/// the others need not ask.
macro_rules! each_vector {
    ($simd:ty, $channels:expr, $lanes:ident => $body:expr) => {{
        let channels: usize = $channels;
        let full = channels / <$simd>::F32_LANES * <$simd>::F32_LANES;
        for at in (0..full).step_by(<$simd>::F32_LANES) {
            let $lanes = $crate::cpu::Lanes::<true>::new(at, <$simd>::F32_LANES);
            $body
        }
        if full < channels {
            let $lanes = $crate::cpu::Lanes::<false>::new(full, channels - full);
            $body
        }
    }};
}
pub(crate) use each_vector;

/// A vector from the first elements of `values`; those that are missing are 0.
#[inline(always)]
pub(crate) fn load<S: Simd>(_simd: S, values: &[f32]) -> S::f32s {
    match S::as_simd_f32s(values).0 {
        [vector, ..] => *vector,
        [] => load_part::<S>(values),
    }
}

/// Stores as many elements as `values` holds of a vector.
#[inline(always)]
pub(crate) fn store<S: Simd>(_simd: S, values: &mut [f32], vector: S::f32s) {
    if values.len() >= S::F32_LANES {
        S::as_mut_simd_f32s(values).0[0] = vector;
    } else {
        store_part::<S>(values, vector);
    }
}

/// Out of line, as channels seldom are no multiple of a vector and the loops around it shall stay small.
#[cold]
#[inline(never)]
fn load_part<S: Simd>(values: &[f32]) -> S::f32s {
    let mut vector: S::f32s = Zeroable::zeroed();
    bytemuck::cast_slice_mut(std::slice::from_mut(&mut vector))[..values.len()].copy_from_slice(values);
    vector
}

/// See [`load_part`].
#[cold]
#[inline(never)]
fn store_part<S: Simd>(values: &mut [f32], vector: S::f32s) {
    values.copy_from_slice(&bytemuck::cast_slice(&[vector])[..values.len()]);
}

/// z if z > 0, else slope·z.
#[inline(always)]
pub(crate) fn prelu<S: Simd>(simd: S, z: S::f32s, slope: S::f32s) -> S::f32s {
    simd.select_f32s(simd.greater_than_f32s(z, simd.splat_f32s(0.0)), z, simd.mul_f32s(z, slope))
}
