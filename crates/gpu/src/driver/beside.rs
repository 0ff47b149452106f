//! Uploads beside what is computed: a stream of their own, and two events a lane that order it and the stream of all other
//! work.
#![expect(unsafe_code, reason = "streams and events are the driver's")]

use std::sync::Arc;

use cudarc::driver::{
    CudaContext, CudaStream,
    result::{DriverError, event, stream},
    sys,
};

use super::staging::Staging;
use crate::runtime::{Address, LANES};

/// The stream, with memory that its uploads go through.
pub(super) struct Beside {
    lanes: [Lane; LANES],
    /// As the events, it goes before the context does.
    staging: Staging,
    stream: Arc<CudaStream>,
    context: Arc<CudaContext>,
}

struct Lane {
    /// Recorded behind its last upload.
    filled: sys::CUevent,
    /// Recorded behind the last work that reads what was uploaded; before there is any it holds nothing up.
    left: sys::CUevent,
}

// SAFETY: events may be used from any thread in which their context is current.
unsafe impl Send for Lane {}

impl Lane {
    fn new() -> Result<Self, DriverError> {
        let event = || event::create(sys::CUevent_flags::CU_EVENT_DISABLE_TIMING);
        Ok(Self { filled: event()?, left: event()? })
    }
}

impl Beside {
    /// In `context`, which must be that of the calling thread.
    pub(super) fn new(context: &Arc<CudaContext>) -> Result<Self, DriverError> {
        let (staging, stream) = (Staging::new(context)?, context.new_stream()?);
        Ok(Self { lanes: [Lane::new()?, Lane::new()?], staging, stream, context: Arc::clone(context) })
    }

    /// Returns when `from` has been read.
    pub(super) fn upload(&mut self, lane: usize, to: Address, from: &[u8]) -> Result<(), DriverError> {
        let (Lane { filled, left }, stream) = (&self.lanes[lane], self.stream.cu_stream());
        wait(stream, *left)?;
        self.staging.upload(to, from, stream)?;
        // SAFETY: the event is one of this context's, as the stream is.
        unsafe { event::record(*filled, stream) }
    }

    /// Has `stream` wait for a lane's uploads.
    pub(super) fn await_lane(&self, lane: usize, stream: sys::CUstream) -> Result<(), DriverError> {
        wait(stream, self.lanes[lane].filled)
    }

    /// Has a lane's next uploads wait for what `stream` was given so far.
    pub(super) fn leave_lane(&self, lane: usize, stream: sys::CUstream) -> Result<(), DriverError> {
        // SAFETY: the event is one of this context's, as the stream is.
        unsafe { event::record(self.lanes[lane].left, stream) }
    }
}

fn wait(stream: sys::CUstream, event: sys::CUevent) -> Result<(), DriverError> {
    // SAFETY: both are of this context; an event that was never recorded is waited for by nobody.
    unsafe { stream::wait_event(stream, event, sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT) }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if self.context.bind_to_thread().is_err() {
            return;
        }
        for Lane { filled, left } in &self.lanes {
            // SAFETY: both came from `new`, in this context, and nobody else has them; the driver lets go of what still
            // waits for them only once it has done so.
            unsafe {
                let _ = event::destroy(*filled);
                let _ = event::destroy(*left);
            }
        }
    }
}
