//! Pinned host memory that uploads go through: from pageable memory the driver would first wait for all work before.
//!
//! Two halves take turns. A half is used again only once the copies out of it are done, which its event tells.
#![expect(unsafe_code, reason = "pinned memory and events are the driver's")]

use std::sync::Arc;

use cudarc::driver::{
    CudaContext,
    result::{self, DriverError, event},
    sys,
};

use crate::runtime::Address;

/// Of one half: several batches of images.
const BYTES: usize = 32 << 20;
/// Where a copy begins.
const ALIGNMENT: usize = 256;

/// Two halves of pinned memory.
pub(super) struct Staging {
    halves: [Half; 2],
    context: Arc<CudaContext>,
    /// Which is filled, and how far.
    now: usize,
    filled: usize,
}

struct Half {
    memory: *mut u8,
    /// Recorded behind the last copy out of it.
    done: sys::CUevent,
    is_waited_for: bool,
}

// SAFETY: pinned memory and events may be used from any thread in which their context is current.
unsafe impl Send for Staging {}

impl Half {
    fn new() -> Result<Self, DriverError> {
        let done = event::create(sys::CUevent_flags::CU_EVENT_DISABLE_TIMING)?;
        // SAFETY: the memory is written before a copy reads it.
        let memory = unsafe { result::malloc_host(BYTES, 0) }?.cast();
        Ok(Self { memory, done, is_waited_for: false })
    }
}

impl Staging {
    /// In `context`, which must be that of the calling thread.
    pub(super) fn new(context: &Arc<CudaContext>) -> Result<Self, DriverError> {
        let context = Arc::clone(context);
        Ok(Self { halves: [Half::new()?, Half::new()?], context, now: 0, filled: 0 })
    }

    /// Has `stream` copy `from` to `to`, in pieces where it is long. Returns when `from` has been read.
    pub(super) fn upload(
        &mut self,
        to: Address,
        from: &[u8],
        stream: sys::CUstream,
    ) -> Result<(), DriverError> {
        let mut pieces = (to..).step_by(BYTES).zip(from.chunks(BYTES));
        pieces.try_for_each(|(to, from)| self.piece(to, from, stream))
    }

    fn piece(&mut self, to: Address, from: &[u8], stream: sys::CUstream) -> Result<(), DriverError> {
        let mut begin = self.filled.next_multiple_of(ALIGNMENT);
        if begin + from.len() > BYTES {
            self.turn()?;
            begin = 0;
        }
        self.filled = begin + from.len();
        // SAFETY: the half is as long, all copies out of it are done where it was filled before, and nothing else writes to it.
        let staged = unsafe {
            let staged = self.halves[self.now].memory.add(begin);
            std::ptr::copy_nonoverlapping(from.as_ptr(), staged, from.len());
            std::slice::from_raw_parts(staged, from.len())
        };
        // SAFETY: `to` is as long as `from`, and the half stays as it is until its event says that the copy is done.
        unsafe { result::memcpy_htod_async(to, staged, stream) }?;
        let half = &mut self.halves[self.now];
        half.is_waited_for = true;
        // SAFETY: the event is one of this context's, as the stream is.
        unsafe { event::record(half.done, stream) }
    }

    /// Goes over to the other half.
    fn turn(&mut self) -> Result<(), DriverError> {
        self.now = 1 - self.now;
        let next = &mut self.halves[self.now];
        if std::mem::take(&mut next.is_waited_for) {
            // SAFETY: the event was recorded behind the last copy out of this half.
            unsafe { event::synchronize(next.done) }?;
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if self.context.bind_to_thread().is_err() {
            return;
        }
        for half in &self.halves {
            // SAFETY: both came from `new`, in this context, and nobody else has them.
            unsafe {
                let _ = event::synchronize(half.done);
                let _ = event::destroy(half.done);
                let _ = result::free_host(half.memory.cast());
            }
        }
    }
}
