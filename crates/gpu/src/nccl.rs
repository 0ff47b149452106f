//! NCCL: what several GPUs of one process say to each other, in float32, each on its own stream and from its own thread.
//!
//! A call is only asked for, as a kernel is, and waits on the GPU until all others have asked for theirs. If one never does,
//! the others would wait for ever: so whoever fails ends all communicators, and what waits for them goes on with numbers that
//! nobody believes. A communicator is locked while a call is asked for, since it must not end then.
#![expect(unsafe_code, reason = "a library's calls are unsafe, and each one here says why it is right")]

use std::{
    ffi::c_void,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
    /// By rank; none once it has ended.
    communicators: Vec<Mutex<Option<Communicator>>>,
    failed: Mutex<Option<GpuError>>,
}

#[derive(Debug, Clone, Copy)]
struct Communicator(sys::ncclComm_t);

// SAFETY: a communicator may be used from any thread in which its GPU's context is current, by one at a time.
unsafe impl Send for Communicator {}

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
        let communicators = communicators.into_iter().map(|one| Mutex::new(Some(Communicator(one))));
        let all = Arc::new(All { communicators: communicators.collect(), failed: Mutex::default() });
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
    pub fn check(&self) -> Result<(), GpuError> {
        let known = locked(&self.all.failed).clone().map_or(Ok(()), Err);
        let own = locked(&self.all.communicators[self.rank]);
        known.and((*own).map_or(Ok(()), asynchronous))
    }

    /// Ends all communicators, so that nobody waits for a rank that will not go on.
    pub fn end(&self, why: GpuError) {
        locked(&self.all.failed).get_or_insert(why);
        for communicator in &self.all.communicators {
            if let Some(Communicator(communicator)) = locked(communicator).take() {
                // SAFETY: it has not ended, and nobody finds it any more.
                let _ = unsafe { result::comm_abort(communicator) };
            }
        }
    }

    /// Asks for a call on a rank's stream, unless its GPU or another rank has failed; what fails ends all.
    fn call(
        &self,
        gpu: &Gpu,
        what: &'static str,
        ask: impl FnOnce(sys::ncclComm_t, sys::cudaStream_t) -> Result<(), NcclError>,
    ) {
        let done = gpu.unless_failed(|| {
            self.check()?;
            let own = locked(&self.all.communicators[self.rank]);
            let (Some(Communicator(communicator)), Some(stream)) = (*own, gpu.runtime.bound_stream()?) else {
                return Err(GpuError::Call {
                    what,
                    reason: "the ranks' communicators have ended".to_owned(),
                });
            };
            ask(communicator, stream.cast()).map_err(failed(what))
        });
        if let (None, Err(why)) = (done, gpu.check()) {
            self.end(why);
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
fn asynchronous(Communicator(communicator): Communicator) -> Result<(), GpuError> {
    let mut state = ncclResult_t::ncclSuccess;
    // SAFETY: the communicator has not ended: whoever ends it takes it away before.
    unsafe { sys::ncclCommGetAsyncError(communicator, &raw mut state) }
        .result()
        .and_then(|_| state.result())
        .map(|_| ())
        .map_err(failed("NCCL"))
}

impl Drop for All {
    fn drop(&mut self) {
        for communicator in &mut self.communicators {
            let communicator = communicator.get_mut().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(Communicator(communicator)) = communicator {
                // SAFETY: it has not ended. Its last call is done, or nobody will read what it writes.
                let _ = unsafe { result::comm_abort(communicator) };
            }
        }
    }
}
