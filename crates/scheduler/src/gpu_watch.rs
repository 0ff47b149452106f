//! Measuring what others hold of the GPUs' memory, and saying when it must be waited for.

use std::cell::OnceCell;

use crate::{Action, Busy, Gpu, GpuError, Progress, gpu::Meter, scheduler::Session};

/// What is kept from one look to the next.
#[derive(Debug, Default)]
pub(crate) struct GpuWatch {
    /// Opened when the first run asks for a share; none where it did not open.
    meter: OnceCell<Option<Meter>>,
    /// Whether it was said that memory cannot be read.
    is_warned: bool,
    /// Whether a person was told that others hold what is needed.
    is_told: bool,
}

impl Session<'_> {
    /// Takes in what others hold now, where a run that waits asks for a share of a GPU.
    pub(crate) fn measure_gpus(&mut self, running: &[Busy]) {
        if self.waiting.iter().all(|waiting| waiting.request.gpu_memory_bytes.is_none()) {
            return;
        }
        let gpus = self.scheduler.gpus.iter().flatten();
        for (gpu, room) in gpus.zip(self.slots.gpus.iter_mut().flatten()) {
            // Where it cannot be read, what was known of it stands; a worker that finds too little says so.
            if let Some(free) = self.gpu_watch.free_bytes(gpu) {
                room.measured(free, running);
            }
        }
    }

    /// Tells once where nothing starts though nothing is at work: others hold what the first run in line asks for.
    pub(crate) fn tell_full_gpus(&mut self, running: &[Busy], actions: &[Action]) {
        let is_idle = running.is_empty() && actions.is_empty();
        let Some(first) = self.waiting.first().filter(|_| is_idle && !self.gpu_watch.is_told) else { return };
        let run = first.run.clone();
        let asked_bytes = first.request.gpu_memory_bytes.unwrap_or(0);
        let rooms = self.slots.gpus.iter().flatten();
        let free = rooms.map(|room| room.memory_bytes.saturating_sub(room.others_bytes));
        let free_bytes = free.max().unwrap_or(0);
        tracing::warn!(%run, asked_bytes, free_bytes, "waiting for other programs to free a GPU's memory");
        self.say(Progress::GpusFull { run, asked_bytes, free_bytes });
        self.gpu_watch.is_told = true;
    }
}

impl GpuWatch {
    /// None where it cannot be read, which is said once.
    fn free_bytes(&mut self, gpu: &Gpu) -> Option<u64> {
        let mut warn = |error: GpuError| {
            if !std::mem::replace(&mut self.is_warned, true) {
                tracing::warn!(gpu = gpu.index, %error, "a GPU's free memory cannot be read");
            }
        };
        let meter = self.meter.get_or_init(|| Meter::open().map_err(&mut warn).ok());
        meter.as_ref()?.free_bytes(gpu).map_err(warn).ok()
    }
}
