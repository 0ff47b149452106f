//! Which version a library is of, as it says itself.

use std::{ffi::c_int, fmt};

use libloading::os::unix::Library as Handle;
use serde::{Serialize, Serializer};

use super::Library;

/// `9.19.0`, or `13.0` where the library tells no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 9.
    pub major: u32,
    /// 19.
    pub minor: u32,
    /// 0.
    pub patch: Option<u32>,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        self.patch.map_or(Ok(()), |patch| write!(f, ".{patch}"))
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Version {
    /// 13020 is CUDA 13.2.
    fn of_cuda(number: usize) -> Self {
        Self { major: (number / 1000) as u32, minor: (number % 1000 / 10) as u32, patch: None }
    }

    /// 10402 is 10.4.2.
    fn of_curand(number: usize) -> Self {
        let [major, minor, patch] = [number / 1000, number % 1000 / 100, number % 100];
        Self { major: major as u32, minor: minor as u32, patch: Some(patch as u32) }
    }

    /// 91900 is 9.19.0, of cuDNN and NCCL.
    fn of_number(number: usize) -> Self {
        let [major, minor, patch] = [number / 10_000, number % 10_000 / 100, number % 100];
        Self { major: major as u32, minor: minor as u32, patch: Some(patch as u32) }
    }
}

/// What `handle` says that it is; nothing where it has no such function, or the function fails.
pub(super) fn version(library: Library, handle: &Handle) -> Option<Version> {
    let name = library.symbol();
    match library {
        Library::Driver => number(handle, name).map(Version::of_cuda),
        Library::Nvrtc => of_two(handle, name),
        Library::CublasLt | Library::Cublas => of_properties(handle, name),
        Library::Cudnn => returned(handle, name).map(Version::of_number),
        Library::Nccl => number(handle, name).map(Version::of_number),
        Library::Curand => number(handle, name).map(Version::of_curand),
    }
}

/// The CUDA that cuDNN was built for.
pub(super) fn cuda_of_cudnn(handle: &Handle) -> Option<Version> {
    returned(handle, "cudnnGetCudartVersion").map(Version::of_cuda)
}

fn function<F: Copy>(handle: &Handle, name: &str) -> Option<F> {
    // SAFETY: each caller gives the type that NVIDIA's headers declare, and the library is never closed.
    unsafe { handle.get::<F>(name.as_bytes()) }.ok().map(|symbol| *symbol)
}

/// Of a function that writes one number, and returns 0 where it did.
fn number(handle: &Handle, name: &str) -> Option<usize> {
    let ask: unsafe extern "C" fn(*mut c_int) -> c_int = function(handle, name)?;
    let mut number = 0;
    // SAFETY: the place is there for the whole call.
    let outcome = unsafe { ask(&raw mut number) };
    (outcome == 0).then_some(number).and_then(|number| number.try_into().ok())
}

/// Of a function that returns its number.
fn returned(handle: &Handle, name: &str) -> Option<usize> {
    let ask: unsafe extern "C" fn() -> usize = function(handle, name)?;
    // SAFETY: it takes nothing.
    Some(unsafe { ask() })
}

fn of_two(handle: &Handle, name: &str) -> Option<Version> {
    let ask: unsafe extern "C" fn(*mut c_int, *mut c_int) -> c_int = function(handle, name)?;
    let (mut major, mut minor) = (0, 0);
    // SAFETY: both places are there for the whole call.
    let outcome = unsafe { ask(&raw mut major, &raw mut minor) };
    (outcome == 0).then_some(Version { major: major as u32, minor: minor as u32, patch: None })
}

fn of_properties(handle: &Handle, name: &str) -> Option<Version> {
    let ask: unsafe extern "C" fn(c_int, *mut c_int) -> c_int = function(handle, name)?;
    let property = |which| {
        let mut value = 0;
        // SAFETY: the place is there for the whole call.
        let outcome = unsafe { ask(which, &raw mut value) };
        (outcome == 0).then_some(value as u32)
    };
    Some(Version { major: property(0)?, minor: property(1)?, patch: Some(property(2)?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_versions_are_read_as_nvidia_writes_them() {
        assert_eq!(Version::of_cuda(13_020).to_string(), "13.2");
        assert_eq!(Version::of_number(91_900).to_string(), "9.19.0");
        assert_eq!(Version::of_number(22_809).to_string(), "2.28.9");
    }
}
