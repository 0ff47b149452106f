//! cuDNN on one stream: its convolutions over N×H×W×C, each by an algorithm that was measured once.
#![expect(unsafe_code, reason = "a library's calls are unsafe, and each one here says why it is right")]

mod descriptors;
mod search;

use std::{
    collections::BTreeMap,
    ffi::{CStr, c_void},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cudarc::{
    cudnn::{
        result::{self, CudnnError},
        sys,
    },
    driver::{CudaContext, CudaStream},
};

use crate::{Options, error::GpuError, ops::convolution::Convolution, runtime::Address};
use descriptors::Descriptors;
use search::Algorithm;

/// Which of a convolution's three computations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Direction {
    Forward,
    BackwardInput,
    BackwardWeight,
}

/// Maps, weight and their gradients: two are read, and the one that the direction names is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operands {
    /// The input or its gradient, N×H×W×I.
    pub(crate) x: Address,
    /// The weight or its gradient, O×KH×KW×I, kept as the maps are.
    pub(crate) weight: Address,
    /// The output's gradient or the output, N×P×Q×O.
    pub(crate) y: Address,
}

/// Memory that a call may use while it runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workspace {
    pub(crate) at: Address,
    pub(crate) bytes: usize,
}

/// How a convolution is computed.
struct Plan {
    descriptors: Descriptors,
    algorithm: Algorithm,
    bytes: usize,
}

/// cuDNN with the convolutions that were measured so far.
pub(crate) struct Cudnn {
    state: Mutex<State>,
    context: Arc<CudaContext>,
}

struct State {
    handle: sys::cudnnHandle_t,
    plans: BTreeMap<(Direction, Convolution), Plan>,
}

// SAFETY: a handle and descriptors may be used from any thread in which the context is current, by one at a time.
unsafe impl Send for State {}

impl std::fmt::Debug for Cudnn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cudnn").finish_non_exhaustive()
    }
}

/// An error in cuDNN's own words.
fn failed(what: &'static str) -> impl Fn(CudnnError) -> GpuError {
    move |CudnnError(status)| {
        if status == sys::cudnnStatus_t::CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED {
            return GpuError::NoRoom { what };
        }
        let mut why = [0_u8; 512];
        // SAFETY: the place is as long as is said, and what is written there ends in a zero byte.
        unsafe { sys::cudnnGetLastErrorString(why.as_mut_ptr().cast(), why.len()) };
        // SAFETY: the text is the library's own and ends in a zero byte.
        let status = unsafe { CStr::from_ptr(sys::cudnnGetErrorString(status)) }.to_string_lossy();
        let why = CStr::from_bytes_until_nul(&why).unwrap_or_default().to_string_lossy();
        let reason = if why.is_empty() { status.into_owned() } else { format!("{status}: {why}") };
        GpuError::Call { what, reason }
    }
}

impl Cudnn {
    /// The context of `stream` must be the calling thread's.
    pub(crate) fn open(stream: &CudaStream) -> Result<Self, GpuError> {
        // SAFETY: only tries to load the library, whose initialisers run as in any program that uses it.
        if !unsafe { sys::is_culib_present() } {
            return Err(GpuError::Missing { library: "cuDNN (libcudnn.so)" });
        }
        let handle = result::create_handle().map_err(failed("cudnnCreate"))?;
        let state = Mutex::new(State { handle, plans: BTreeMap::new() });
        let opened = Self { state, context: Arc::clone(stream.context()) };
        // SAFETY: the handle is fresh, and the stream lives as long as the driver that holds both.
        unsafe { result::set_stream(handle, stream.cu_stream().cast()) }.map_err(failed("cudnnSetStream"))?;
        Ok(opened)
    }

    /// Bytes of workspace that the convolution takes, once it was measured.
    pub(crate) fn bytes(&self, direction: Direction, conv: &Convolution) -> Option<usize> {
        self.lock().plans.get(&(direction, *conv)).map(|plan| plan.bytes)
    }

    /// Measures a convolution, which writes whatever it likes to what it would write, and remembers how it is computed;
    /// gives the bytes of workspace that it takes. The context must be the calling thread's.
    pub(crate) fn search(
        &self,
        direction: Direction,
        conv: &Convolution,
        options: &Options,
        operands: Operands,
        workspace: Workspace,
    ) -> Result<usize, GpuError> {
        let mut state = self.lock();
        let math = search::math(options.precision);
        let descriptors = Descriptors::new(conv, options.precision.element(), math)?;
        let measured = descriptors.measure(state.handle, direction, operands, workspace)?;
        let Some(chosen) = search::choose(&measured, math, options.deterministic) else {
            let tried: Vec<_> = measured.iter().map(|measured| format!("{measured:?}")).collect();
            let reason = format!("no algorithm suits {conv:?}; tried: {}", tried.join(", "));
            return Err(GpuError::Call { what: "cuDNN's search", reason });
        };
        descriptors.set_math(chosen.math)?;
        let (algorithm, bytes) = (chosen.algorithm, chosen.bytes);
        state.plans.insert((direction, *conv), Plan { descriptors, algorithm, bytes });
        Ok(bytes)
    }

    /// Computes a convolution that was measured; `beta` times what is there is added. The context must be the calling
    /// thread's, and the workspace as long as the search said.
    pub(crate) fn run(
        &self,
        direction: Direction,
        conv: &Convolution,
        operands: Operands,
        beta: f32,
        workspace: Workspace,
    ) -> Result<(), GpuError> {
        let state = self.lock();
        let Some(Plan { descriptors, algorithm, .. }) = state.plans.get(&(direction, *conv)) else {
            let reason = "the convolution was not measured before".to_owned();
            return Err(GpuError::Call { what: "cuDNN", reason });
        };
        descriptors.run(state.handle, *algorithm, operands, beta, workspace)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cudnn {
    fn drop(&mut self) {
        if self.context.bind_to_thread().is_ok() {
            // SAFETY: nobody else has the handle; destroying it waits for its work.
            let _ = unsafe { result::destroy_handle(self.lock().handle) };
        }
    }
}

/// A place in the GPU's memory as cuDNN takes it.
fn pointer(at: Address) -> *mut c_void {
    at as *mut c_void
}
