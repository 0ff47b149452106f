//! Work that is recorded once and then done again and again: on a GPU, CUDA graphs.
//!
//! Launching a kernel costs the program some microseconds, and a step has hundreds. A graph is launched at once.
//!
//! What is recorded is not done. It holds the addresses and numbers that kernels were given, so that all of them must mean the
//! same whenever it is done: what changes goes into buffers beforehand, and nothing is uploaded, downloaded or drawn anew. Memory
//! that is taken meanwhile is the recording's own, as nobody else may keep numbers there between one time and the next.

use std::sync::{Arc, MutexGuard, PoisonError};

use crate::{Buffer, Gpu, error::GpuError, memory::Memory, runtime::Replay};

/// Work in parts, each of which is done as a whole, as often as one likes.
#[derive(Debug)]
pub struct Recording {
    parts: Vec<Box<dyn Replay>>,
    /// What parts use and others do, too.
    shared: Vec<Arc<Buffer>>,
    memory: Arc<Memory>,
}

/// A recording that is being made.
#[derive(Debug)]
pub struct Recorder<'a> {
    gpu: &'a Gpu,
    recording: Recording,
}

/// What is asked for while a part is recorded.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) memory: Arc<Memory>,
    pub(crate) shared: Vec<Arc<Buffer>>,
}

impl Gpu {
    /// What `work` records, which does nothing but that, and what it gives. All kernels and libraries that it uses must have been
    /// used before, with maps of the same shapes.
    ///
    /// Where it fails nothing was done, and the GPU can be used as before.
    pub fn record<T>(&self, work: impl FnOnce(&mut Recorder<'_>) -> T) -> Result<(Recording, T), GpuError> {
        self.check()?;
        let memory = Arc::new(Memory::within(self.pool()));
        let recording = Recording { parts: Vec::new(), shared: Vec::new(), memory };
        let mut recorder = Recorder { gpu: self, recording };
        let outcome = work(&mut recorder);
        match self.failure().take() {
            Some(error) => Err(error),
            None => Ok((recorder.recording, outcome)),
        }
    }

    /// Does a part of a recording of this GPU's.
    pub fn replay(&self, recording: &Recording, part: usize) {
        self.unless_failed(|| recording.parts[part].launch());
    }

    /// As [`Gpu::unless_failed`], of what cannot be recorded.
    pub(crate) fn unrecorded<T>(
        &self,
        what: &'static str,
        work: impl FnOnce() -> Result<T, GpuError>,
    ) -> Option<T> {
        let is_recording = self.part().is_some();
        self.unless_failed(|| if is_recording { Err(GpuError::NotRecordable { what }) } else { work() })
    }

    /// The part that is being recorded.
    pub(crate) fn part(&self) -> MutexGuard<'_, Option<Part>> {
        self.part.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder<'_> {
    /// Records what `work` asks for, as the next part. After a failure nothing more is recorded, and nothing done.
    pub fn part<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let Self { gpu, recording } = self;
        if gpu.unless_failed(|| gpu.runtime.begin_recording()).is_none() {
            return work();
        }
        let memory = Arc::clone(&recording.memory);
        *gpu.part() = Some(Part { memory, shared: Vec::new() });
        let outcome = work();
        let shared = gpu.part().take().map(|part| part.shared);
        recording.shared.extend(shared.into_iter().flatten());
        // Whatever failed: as long as this was not called, a stream does nothing but record.
        let part = gpu.runtime.end_recording();
        recording.parts.extend(gpu.unless_failed(|| part));
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Precision};

    #[test]
    fn the_workspace_that_a_recording_uses_stays_when_a_larger_one_takes_its_place() {
        let precision = Precision::Float32;
        let gpu = Gpu::emulated(Options { precision, deterministic: true, memory_bytes: None, cache: None });
        gpu.workspace(1000);
        let (recording, at) = gpu.record(|recorder| recorder.part(|| gpu.workspace(1000).address)).unwrap();
        gpu.workspace(100_000);
        let others: Vec<Buffer> = (0..3).map(|_| gpu.upload(&[0.0; 250])).collect();
        assert!(others.iter().all(|other| other.address != at), "{at} is the recording's");
        drop(recording);
        assert_eq!(gpu.upload(&[0.0; 250]).address, at);
    }
}
