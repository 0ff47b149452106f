//! NCCL: what several GPUs of one process say to each other, in float32, each on its own stream and from its own thread.
//!
//! A call is only asked for, as a kernel is, and waits on the GPU until all others have asked for theirs; the first ones may
//! wait before that, while connections are made. If one never asks, the others would wait for ever: so whoever fails ends all
//! communicators, and what waits for them goes on with numbers that nobody believes. `ncclCommAbort` is there to be called
//! beside a call that waits, so nothing is locked while a call is asked for.
#![expect(unsafe_code, reason = "a library's calls are unsafe, and each one here says why it is right")]

use std::{
    ffi::c_void,
    ptr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicPtr, Ordering},
    },
};

use cudarc::nccl::{
    result::{self, NcclError},
    sys::{self, ncclDataType_t, ncclRedOp_t, ncclResult_t},
};

use crate::{
    Buffer, Element, Gpu,
    error::GpuError,
    libraries::{self, Library},
};

/// One GPU among those that speak to each other.
#[derive(Debug)]
pub struct Nccl {
    rank: usize,
    all: Arc<All>,
}

#[derive(Debug)]
struct All {
    /// By rank; null once it has ended.
    communicators: Vec<AtomicPtr<sys::ncclComm>>,
    failed: Mutex<Option<Failure>>,
}

/// Why GPUs no longer speak to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A rank's thread has panicked.
    Panicked(usize),
    /// A rank's GPU has failed.
    Gpu(usize, GpuError),
    /// What lies between them has.
    Between(GpuError),
}

fn failed(what: &'static str) -> impl Fn(NcclError) -> GpuError {
    move |NcclError(code)| GpuError::Call { what, reason: format!("{code:?}") }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Nccl {
    /// Of the GPUs 0 to `count` - 1 that this process sees, each of which must be open and each for its own rank.
    pub fn open(count: usize) -> Result<Vec<Self>, GpuError> {
        libraries::load().of(Library::Nccl)?;
        let mut communicators = vec![std::ptr::null_mut(); count];
        // SAFETY: there is room for `count` of them. Without a list of GPUs it takes the first ones.
        unsafe { result::comm_init_all(communicators.as_mut_ptr(), count as i32, std::ptr::null()) }
            .map_err(failed("ncclCommInitAll"))?;
        let communicators = communicators.into_iter().map(AtomicPtr::new).collect();
        let all = Arc::new(All { communicators, failed: Mutex::default() });
        Ok((0..count).map(|rank| Self { rank, all: Arc::clone(&all) }).collect())
    }

    /// Which rank, of how many.
    pub fn place(&self) -> (usize, usize) {
        (self.rank, self.all.communicators.len())
    }

    /// Replaces each buffer by its sum over the ranks. As one group, in which NCCL puts small buffers together.
    pub fn sum(&self, gpu: &Gpu, buffers: &[&mut Buffer]) {
        self.call(gpu, "ncclAllReduce", |communicator, stream| {
            result::group_start()?;
            let asked = buffers.iter().try_for_each(|buffer| {
                let (place, len) = (place(buffer), buffer.len());
                // SAFETY: the buffer is so long, and is read and written in the stream's order.
                unsafe { reduce(place, len, ncclRedOp_t::ncclSum, communicator, stream) }
            });
            result::group_end()?;
            asked
        });
    }

    /// Replaces each number by the largest that a rank has in its place.
    pub fn largest(&self, gpu: &Gpu, buffer: &mut Buffer) {
        self.call(gpu, "ncclAllReduce", |communicator, stream| {
            // SAFETY: as in `sum`.
            unsafe { reduce(place(buffer), buffer.len(), ncclRedOp_t::ncclMax, communicator, stream) }
        });
    }

    /// The buffers of all ranks, equally long, one after the other.
    pub fn gather(&self, gpu: &Gpu, buffer: &Buffer) -> Buffer {
        let (_, count) = self.place();
        let gathered = gpu.take(count * buffer.len(), Element::Float32);
        self.call(gpu, "ncclAllGather", |communicator, stream| {
            let (from, to, float32) = (place(buffer), place(&gathered), ncclDataType_t::ncclFloat32);
            // SAFETY: each rank sends as many numbers, and there is room for those of all.
            unsafe { result::all_gather(from, to, buffer.len(), float32, communicator, stream) }.map(|_| ())
        });
        gathered
    }

    /// What failed first, on any rank.
    pub fn check(&self) -> Result<(), Failure> {
        if let Some(known) = locked(&self.all.failed).clone() {
            return Err(known);
        }
        let own = self.own();
        if own.is_null() { Ok(()) } else { asynchronous(own).map_err(Failure::Between) }
    }

    fn own(&self) -> sys::ncclComm_t {
        self.all.communicators[self.rank].load(Ordering::Acquire)
    }

    /// Ends all communicators, so that nobody waits for a rank that will not go on.
    pub fn end(&self, why: Failure) {
        locked(&self.all.failed).get_or_insert(why);
        self.all.abort();
    }

    /// Asks for a call on a rank's stream, unless its GPU or another rank has failed; what fails ends all.
    fn call(
        &self,
        gpu: &Gpu,
        what: &'static str,
        ask: impl FnOnce(sys::ncclComm_t, sys::cudaStream_t) -> Result<(), NcclError>,
    ) {
        let own = self.own();
        // Another rank has failed, which is no failure of this GPU.
        if own.is_null() || self.check().is_err() {
            return;
        }
        let done = gpu.unless_failed(|| {
            let no_stream = || GpuError::Call { what, reason: "NCCL needs a GPU's stream".to_owned() };
            let stream = gpu.runtime.bound_stream()?.ok_or_else(no_stream)?;
            ask(own, stream.cast()).map_err(failed(what))
        });
        if let (None, Err(why)) = (done, gpu.check()) {
            self.end(Failure::Gpu(self.rank, why));
        }
    }
}

fn place(buffer: &Buffer) -> *mut c_void {
    buffer.address as *mut c_void
}

/// In place.
///
/// # Safety
/// There are `len` float32 at `place`, in the memory of the communicator's GPU.
unsafe fn reduce(
    place: *mut c_void,
    len: usize,
    by: ncclRedOp_t,
    communicator: sys::ncclComm_t,
    stream: sys::cudaStream_t,
) -> Result<(), NcclError> {
    let float32 = ncclDataType_t::ncclFloat32;
    // SAFETY: as the caller says; NCCL reduces in place where both are the same.
    unsafe { result::all_reduce(place, place, len, float32, by, communicator, stream) }.map(|_| ())
}

/// What went wrong after a call had returned.
fn asynchronous(communicator: sys::ncclComm_t) -> Result<(), GpuError> {
    let mut state = ncclResult_t::ncclSuccess;
    // SAFETY: the communicator had not ended when it was found; whoever ends it meanwhile has noted a failure, which counts first.
    unsafe { sys::ncclCommGetAsyncError(communicator, &raw mut state) }
        .result()
        .and_then(|_| state.result())
        .map(|_| ())
        .map_err(failed("NCCL"))
}

impl All {
    fn abort(&self) {
        for communicator in &self.communicators {
            let communicator = communicator.swap(ptr::null_mut(), Ordering::AcqRel);
            if !communicator.is_null() {
                // SAFETY: it has not ended, and nobody finds it any more. Nobody will read what its calls still write.
                let _ = unsafe { result::comm_abort(communicator) };
            }
        }
    }
}

impl Drop for All {
    fn drop(&mut self) {
        self.abort();
    }
}
