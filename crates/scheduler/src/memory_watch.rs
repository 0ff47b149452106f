//! Measuring what others hold of this machine's and of the GPUs' memory, and saying when it must be waited for.

use std::cell::OnceCell;

use crate::{Action, Busy, Gpu, GpuError, Memory, Progress, gpu::Meter, scheduler::Session};

/// What is kept from one look to the next.
#[derive(Debug, Default)]
pub(crate) struct MemoryWatch {
    /// Opened when the first run asks for a share of a GPU; none where it did not open.
    meter: OnceCell<Option<Meter>>,
    /// Whether it was said that a GPU's memory cannot be read.
    is_warned: bool,
    /// Whether a person was told that others hold what is needed.
    is_told: bool,
}

impl Session<'_> {
    /// Takes in what others hold now, where a run that waits asks for memory.
    pub(crate) fn measure_memory(&mut self, running: &[Busy]) {
        let asks =
            |memory: fn(&crate::Waiting) -> Option<u64>| self.waiting.iter().any(|run| memory(run).is_some());
        let (of_machine, of_gpus) =
            (asks(|run| run.request.memory_bytes), asks(|run| run.request.gpu_memory_bytes));
        // Where it cannot be read, what was known of it stands; a worker that finds too little says so.
        if of_machine && let Some(free) = (self.scheduler.options.free_memory_bytes)() {
            // A run that asks for none may hold any.
            let share = |busy: &Busy| (busy.memory_bytes > 0).then_some(busy.memory_bytes);
            self.slots.memory.measured(free, running.iter().map(share));
        }
        if !of_gpus {
            return;
        }
        let gpus = self.scheduler.gpus.iter().flatten();
        for (gpu, room) in gpus.zip(self.slots.gpus.iter_mut().flatten()) {
            if let Some(free) = self.memory_watch.free_bytes(gpu) {
                let places = running.iter().filter_map(|busy| busy.gpu).filter(|place| place.gpu == room.gpu);
                room.memory.measured(free, places.map(|place| place.share_bytes));
            }
        }
    }

    /// Tells once where nothing starts though nothing is at work: others hold what the first run in line asks for.
    pub(crate) fn tell_full_memory(&mut self, running: &[Busy], actions: &[Action]) {
        let is_idle = running.is_empty() && actions.is_empty();
        let Some(first) = self.waiting.first().filter(|_| is_idle && !self.memory_watch.is_told) else {
            return;
        };
        let (run, request) = (first.run.clone(), &first.request);
        let of_machine = self.slots.memory.left();
        let (memory, asked, free_bytes) = if request.memory_bytes > Some(of_machine) {
            (Memory::Machine, request.memory_bytes, of_machine)
        } else {
            let of_gpus = self.slots.gpus.iter().flatten().map(|room| room.memory.left());
            (Memory::Gpu, request.gpu_memory_bytes, of_gpus.max().unwrap_or(0))
        };
        let asked_bytes = asked.unwrap_or(0);
        tracing::warn!(%run, ?memory, asked_bytes, free_bytes, "waiting for other programs to free memory");
        self.say(Progress::MemoryFull { run, memory, asked_bytes, free_bytes });
        self.memory_watch.is_told = true;
    }
}

impl MemoryWatch {
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
