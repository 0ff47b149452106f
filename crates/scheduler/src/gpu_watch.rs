//! Measuring what others hold of the GPUs' memory, and saying when it must be waited for.

use crate::{Action, Busy, Gpu, GpuError, Progress, gpu::Meter, scheduler::Session};

/// What is kept from one look to the next.
#[derive(Debug, Default)]
pub(crate) struct GpuWatch {
    /// Opened when the first run asks for a share.
    meter: Option<Meter>,
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
            match self.gpu_watch.free_bytes(gpu) {
                Ok(free) => room.measured(free, running),
                // What was known of it stands; a worker that finds too little says so.
                Err(error) => tracing::warn!(gpu = gpu.index, %error, "a GPU's free memory cannot be read"),
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
    fn free_bytes(&mut self, gpu: &Gpu) -> Result<u64, GpuError> {
        let meter = match &self.meter {
            Some(meter) => meter,
            None => self.meter.insert(Meter::open()?),
        };
        meter.free_bytes(gpu)
    }
}
