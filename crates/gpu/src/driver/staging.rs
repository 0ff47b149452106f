//! Pinned host memory that uploads go through: from pageable memory the driver would first wait for all work before.
//!
//! Two halves take turns. A half is used again only once the copies out of it are done, which its event tells.
#![expect(unsafe_code, reason = "pinned memory and events are the driver's")]

use cudarc::driver::{
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
        // SAFETY: the memory is written before a copy reads it.
        let memory = unsafe { result::malloc_host(BYTES, 0) }?.cast();
        let done = event::create(sys::CUevent_flags::CU_EVENT_DISABLE_TIMING)?;
        Ok(Self { memory, done, is_waited_for: false })
    }
}

impl Staging {
    /// In the context of the calling thread.
    pub(super) fn new() -> Result<Self, DriverError> {
        Ok(Self { halves: [Half::new()?, Half::new()?], now: 0, filled: 0 })
    }

    /// Whether so many bytes fit.
    pub(super) fn takes(bytes: usize) -> bool {
        bytes <= BYTES
    }

    /// Has `stream` copy `from`, which [`Staging::takes`], to `to`. Returns when `from` has been read.
    pub(super) fn upload(
        &mut self,
        to: Address,
        from: &[u8],
        stream: sys::CUstream,
    ) -> Result<(), DriverError> {
        let mut begin = self.filled.next_multiple_of(ALIGNMENT);
        if begin + from.len() > BYTES {
            self.turn(stream)?;
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
        unsafe { result::memcpy_htod_async(to, staged, stream) }
    }

    /// Goes over to the other half.
    fn turn(&mut self, stream: sys::CUstream) -> Result<(), DriverError> {
        let full = &mut self.halves[self.now];
        // SAFETY: the event is one of this context's, as the stream is.
        unsafe { event::record(full.done, stream) }?;
        full.is_waited_for = true;
        self.now = 1 - self.now;
        let next = &mut self.halves[self.now];
        if std::mem::take(&mut next.is_waited_for) {
            // SAFETY: the event was recorded when this half was full.
            unsafe { event::synchronize(next.done) }?;
        }
        Ok(())
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        // SAFETY: both came from `new`; where the context is gone they went with it, and the calls are refused.
        unsafe {
            let _ = event::synchronize(self.done);
            let _ = event::destroy(self.done);
            let _ = result::free_host(self.memory.cast());
        }
    }
}
