//! CUDA graphs: what a stream was asked for, recorded as one piece of work.
#![expect(unsafe_code, reason = "a graph's handles may go to other threads")]

use std::sync::{Arc, Mutex, PoisonError};

use cudarc::driver::{
    CudaGraph, CudaStream,
    sys::{CUgraphInstantiate_flags, CUstreamCaptureMode},
};

use super::failed;
use crate::{error::GpuError, runtime::Replay};

/// A graph that can be launched on the stream that it was recorded on.
pub(super) struct Graph {
    /// CUDA's graphs are used by one thread at a time.
    graph: Mutex<CudaGraph>,
    stream: Arc<CudaStream>,
}

// SAFETY: a graph may be used from any thread in which its context is current, by one at a time.
unsafe impl Send for Graph {}
// SAFETY: the lock sees to that.
unsafe impl Sync for Graph {}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph").finish_non_exhaustive()
    }
}

/// Has `stream` record.
///
/// Relaxed, as a recording takes memory: in the other modes CUDA refuses calls like `cuMemAlloc` to whoever records, as they might
/// wait for the stream that is being recorded. This one waits for none: it is no part of the graph, and ours does not wait for the
/// default stream.
pub(super) fn begin(stream: &CudaStream) -> Result<(), GpuError> {
    let mode = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED;
    stream.begin_capture(mode).map_err(failed("cuStreamBeginCapture"))
}

/// What `stream` recorded.
pub(super) fn end(stream: &Arc<CudaStream>) -> Result<Graph, GpuError> {
    let graph = stream.end_capture(CUgraphInstantiate_flags(0)).map_err(failed("cuStreamEndCapture"))?;
    let graph = graph.ok_or_else(|| {
        let reason = "the stream was not recording".to_owned();
        GpuError::Call { what: "cuStreamEndCapture", reason }
    })?;
    Ok(Graph { graph: Mutex::new(graph), stream: Arc::clone(stream) })
}

impl Replay for Graph {
    fn launch(&self) -> Result<(), GpuError> {
        let graph = self.graph.lock().unwrap_or_else(PoisonError::into_inner);
        graph.launch().map_err(failed("cuGraphLaunch"))
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // A graph that is destroyed must not be under way.
        let _ = self.stream.synchronize();
    }
}
