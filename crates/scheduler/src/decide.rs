//! Which waiting run starts now, and with what. Pure: the same question gets the same answer. `tests/simulation.rs` holds
//! thousands of runs with a clock of its own against it.

use arclab_spec::{
    RunId,
    config::{DeviceRequest, ResourceRequest, Threads},
};

use crate::{GpuPlace, GpuRoom, MemoryRoom, gpu_room::FreeGpus};

/// A run that waits for a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The run.
    pub run: RunId,
    /// What it asks for.
    pub request: ResourceRequest,
    /// For how long it has waited, in milliseconds.
    pub waited_ms: u64,
}

/// What a run at work holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy {
    /// CPU threads.
    pub threads: u32,
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// A GPU, or a share of one.
    pub gpu: Option<GpuPlace>,
}

/// What there is to share out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slots {
    /// Runs at once; not bounded where absent.
    pub jobs: Option<u32>,
    /// CPU threads.
    pub threads: u32,
    /// This machine's memory, for the runs that ask for some.
    pub memory: MemoryRoom,
    /// GPUs, or why the worker can use none.
    pub gpus: Result<Vec<GpuRoom>, String>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Start the run's next attempt.
    Start {
        /// The run.
        run: RunId,
        /// CPU threads of its worker.
        threads: u32,
        /// What it holds while it is at work.
        holds: Busy,
    },
    /// Never start it here.
    Refuse {
        /// The run.
        run: RunId,
        /// Why not.
        reason: Refusal,
    },
}

/// Why a run cannot be carried out here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It asks for a GPU.
    #[error("it asks for `device: cuda`, which cannot be had: {0}")]
    NoCuda(String),
    /// It asks for more memory than there is.
    #[error("it asks for {} of memory, and there are {}", gib(*.asked), gib(*.there))]
    Memory {
        /// Bytes asked for.
        asked: u64,
        /// Bytes in all.
        there: u64,
    },
    /// It asks for a larger share of a GPU than any has.
    #[error(
        "it asks for `resources.gpu_memory` of {}, and there are {} on the largest GPU", gib(*.asked), gib(*.there)
    )]
    GpuMemory {
        /// Bytes asked for.
        asked: u64,
        /// Bytes of the GPU that has most.
        there: u64,
    },
    /// Someone started a worker by hand.
    #[error("a worker that this scheduler did not start is at work in its folder")]
    FolderInUse,
    /// What an earlier attempt left cannot be taken away.
    #[error("its folder cannot be made ready: {0}")]
    Folder(String),
    /// Slurm does not take it.
    #[error("{0}")]
    Slurm(String),
    /// A person called it off.
    #[error("it was called off")]
    Cancelled,
    /// Another scheduler says so.
    #[error("{0}")]
    Elsewhere(String),
    /// What it comes after will not succeed.
    #[error("it comes after `{run}`, which {why}")]
    After {
        /// The other run.
        run: RunId,
        /// As "failed".
        why: &'static str,
    },
}

fn gib(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

/// For how long a run that does not fit is passed over by those behind it: afterwards what it needs is kept free for it.
pub const PATIENCE_MS: u64 = 10 * 60_000;

/// What to do now: refusals first, then starts in the order of `waiting`. A run that does not fit yet is passed over
/// by those behind it that do. The first in line that has waited for longer than [`PATIENCE_MS`] is not: what comes free of
/// what it needs is given to nobody behind it, so that it begins once enough of those at work have ended. One at a time is waited
/// for in this way, as each is the first in line some day.
pub fn decide(waiting: &[Waiting], running: &[Busy], slots: &Slots) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut able = Vec::new();
    for run in waiting {
        match refusal(&run.request, slots) {
            Some(reason) => actions.push(Action::Refuse { run: run.run.clone(), reason }),
            None => able.push(run),
        }
    }
    let mut free = Free::of(running, slots);
    let mut is_kept = false;
    for (index, run) in able.iter().enumerate() {
        let rest = (able.len() - index) as u32;
        if let Some((threads, holds)) = free.place(&run.request, rest) {
            free.take(&holds);
            actions.push(Action::Start { run: run.run.clone(), threads, holds });
        } else if run.waited_ms >= PATIENCE_MS && !is_kept {
            free.keep(&run.request);
            is_kept = true;
        }
    }
    actions
}

/// Why `request` can never be met by `slots`.
pub(crate) fn refusal(request: &ResourceRequest, slots: &Slots) -> Option<Refusal> {
    if let (DeviceRequest::Cuda, Err(reason)) = (request.device, &slots.gpus) {
        return Some(Refusal::NoCuda(reason.clone()));
    }
    if let (DeviceRequest::Auto | DeviceRequest::Cuda, Ok(gpus)) = (request.device, &slots.gpus) {
        let asked = request.gpu_memory_bytes.unwrap_or(0);
        let there = gpus.iter().map(|gpu| gpu.memory.bytes).max().unwrap_or(0);
        if asked > there {
            return Some(Refusal::GpuMemory { asked, there });
        }
    }
    let asked = request.memory_bytes.unwrap_or(0);
    let there = slots.memory.bytes;
    (asked > there).then_some(Refusal::Memory { asked, there })
}

/// What is left.
struct Free {
    jobs: u32,
    all_threads: u32,
    threads: u32,
    memory_bytes: u64,
    /// None where the worker can use none.
    gpus: Option<FreeGpus>,
}

impl Free {
    fn of(running: &[Busy], slots: &Slots) -> Self {
        let mut free = Self {
            jobs: slots.jobs.unwrap_or(u32::MAX),
            all_threads: slots.threads,
            threads: slots.threads,
            memory_bytes: slots.memory.left(),
            gpus: slots.gpus.as_deref().ok().map(FreeGpus::of),
        };
        for busy in running {
            free.take(busy);
        }
        free
    }

    fn take(&mut self, busy: &Busy) {
        self.jobs = self.jobs.saturating_sub(1);
        self.threads = self.threads.saturating_sub(busy.threads);
        self.memory_bytes = self.memory_bytes.saturating_sub(busy.memory_bytes);
        if let (Some(gpus), Some(place)) = (&mut self.gpus, busy.gpu) {
            gpus.take(place);
        }
    }

    /// Takes what a run that does not fit needs, as far as it is there.
    fn keep(&mut self, request: &ResourceRequest) {
        let threads = match request.threads {
            Threads::Auto => 1,
            Threads::Exactly(count) => count.get().min(self.all_threads),
        };
        let wants_gpu = request.device != DeviceRequest::Cpu;
        let gpus = self.gpus.as_ref().filter(|_| wants_gpu);
        let gpu = gpus.and_then(|gpus| gpus.emptiest(request.gpu_memory_bytes));
        self.take(&Busy { threads, memory_bytes: request.memory_bytes.unwrap_or(0), gpu });
    }

    /// Threads and holdings for a run, if it fits; `rest` runs, it included, share what is free.
    fn place(&self, request: &ResourceRequest, rest: u32) -> Option<(u32, Busy)> {
        let memory_bytes = request.memory_bytes.unwrap_or(0);
        if self.jobs == 0 || memory_bytes > self.memory_bytes {
            return None;
        }
        let gpu = match self.device(request)? {
            Device::Cpu => None,
            Device::Gpu(place) => Some(place),
        };
        let threads = match request.threads {
            // All that are left would go to waste if the share were taken of those in all.
            Threads::Auto => (self.threads / rest.min(self.jobs)).max(1),
            // More than there are would only stand in each other's way.
            Threads::Exactly(count) => count.get().min(self.all_threads),
        };
        (threads <= self.threads).then_some((threads, Busy { threads, memory_bytes, gpu }))
    }

    /// Where a run would go; nowhere while a GPU must be waited for.
    fn device(&self, request: &ResourceRequest) -> Option<Device> {
        match (request.device, &self.gpus) {
            (DeviceRequest::Cpu, _) | (DeviceRequest::Auto, None) => Some(Device::Cpu),
            (DeviceRequest::Auto | DeviceRequest::Cuda, Some(gpus)) => {
                gpus.place(request.gpu_memory_bytes).map(Device::Gpu)
            }
            (DeviceRequest::Cuda, None) => None,
        }
    }
}

enum Device {
    Cpu,
    Gpu(GpuPlace),
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    const GIB: u64 = 1 << 30;

    /// Since just now.
    fn waiting(name: &str, device: DeviceRequest, threads: Threads) -> Waiting {
        let (memory_bytes, gpu_memory_bytes) = (None, None);
        let request = ResourceRequest {
            device,
            threads,
            memory_bytes,
            gpu_memory_bytes,
            deterministic: true,
            time_limit_secs: None,
            executor: arclab_spec::config::Executor::Local,
        };
        Waiting { run: RunId::new(name).unwrap(), request, waited_ms: 0 }
    }

    fn automatic(count: usize) -> Vec<Waiting> {
        (0..count).map(|i| waiting(&format!("r{i}"), DeviceRequest::Auto, Threads::Auto)).collect()
    }

    fn cpus(threads: u32, jobs: Option<u32>) -> Slots {
        Slots { jobs, threads, memory: MemoryRoom::of(GIB), gpus: Err("no driver".to_owned()) }
    }

    /// GPUs of so many GiB.
    fn gpus<const N: usize>(gib: [u64; N]) -> Slots {
        let room = |(gib, gpu)| GpuRoom { gpu, memory: MemoryRoom::of(gib * GIB) };
        Slots { gpus: Ok(gib.into_iter().zip(0..).map(room).collect()), ..cpus(8, None) }
    }

    fn on_gpu(gpu: u32, share_gib: Option<u64>) -> Busy {
        let place = GpuPlace { gpu, share_bytes: share_gib.map(|gib| gib * GIB) };
        Busy { threads: 1, memory_bytes: 0, gpu: Some(place) }
    }

    fn starts(actions: &[Action]) -> Vec<(&str, u32, Option<u32>)> {
        let start = |action: &'_ Action| match action {
            Action::Start { threads, holds, .. } => Some((*threads, holds.gpu.map(|place| place.gpu))),
            Action::Refuse { .. } => None,
        };
        actions.iter().filter_map(|a| start(a).map(|(t, g)| (run_of(a).as_str(), t, g))).collect()
    }

    fn run_of(action: &Action) -> &RunId {
        match action {
            Action::Start { run, .. } | Action::Refuse { run, .. } => run,
        }
    }

    #[test]
    fn automatic_threads_are_an_even_share_of_the_cores() {
        let threads = |runs, cores, jobs| -> Vec<u32> {
            starts(&decide(&automatic(runs), &[], &cpus(cores, jobs))).iter().map(|s| s.1).collect()
        };
        assert_eq!(threads(6, 2, None), [1, 1]);
        assert_eq!(threads(1, 2, None), [2]);
        assert_eq!(threads(6, 8, Some(2)), [4, 4]);
        assert_eq!(threads(3, 8, None), [2, 3, 3]);
        assert_eq!(threads(5, 2, Some(1)), [2]);
    }

    #[test]
    fn the_last_run_gets_what_the_others_left() {
        let busy = Busy { threads: 1, memory_bytes: 0, gpu: None };
        let actions = decide(&automatic(1), &[busy], &cpus(4, None));
        assert_eq!(starts(&actions), [("r0", 3, None)]);
    }

    #[test]
    fn a_run_that_wants_more_threads_than_there_are_has_all_of_them() {
        let wide = waiting("wide", DeviceRequest::Cpu, Threads::Exactly(NonZeroU32::new(8).unwrap()));
        let mut runs = vec![wide];
        runs.extend(automatic(2));
        assert_eq!(starts(&decide(&runs, &[], &cpus(2, None))), [("wide", 2, None)]);
    }

    #[test]
    fn a_run_that_does_not_fit_yet_is_passed_over() {
        let gpus = Slots { threads: 4, ..gpus([80]) };
        let busy = on_gpu(0, None);
        let runs = [
            waiting("gpu", DeviceRequest::Cuda, Threads::Auto),
            waiting("cpu", DeviceRequest::Cpu, Threads::Auto),
        ];
        assert_eq!(starts(&decide(&runs, &[busy], &gpus)), [("cpu", 3, None)]);
    }

    #[test]
    fn what_the_first_in_line_has_waited_for_is_kept_for_it() {
        let all = waiting("all", DeviceRequest::Cpu, Threads::Exactly(NonZeroU32::new(4).unwrap()));
        let one = waiting("one", DeviceRequest::Cpu, Threads::Exactly(NonZeroU32::MIN));
        let busy = Busy { threads: 1, memory_bytes: 0, gpu: None };
        let starts_of = |waited_ms| {
            let runs = [Waiting { waited_ms, ..all.clone() }, one.clone()];
            starts(&decide(&runs, &[busy], &cpus(4, None))).iter().map(|start| start.0.to_owned()).collect()
        };
        let (soon, late): (Vec<String>, Vec<String>) = (starts_of(PATIENCE_MS - 1), starts_of(PATIENCE_MS));
        assert_eq!(soon, ["one"]);
        assert!(late.is_empty(), "{late:?}");
    }

    #[test]
    fn of_gpus_the_one_with_most_room_is_kept_for_a_run_that_waits_for_a_whole_one() {
        let whole = waiting("whole", DeviceRequest::Cuda, Threads::Auto);
        let mut share = waiting("share", DeviceRequest::Cuda, Threads::Auto);
        share.request.gpu_memory_bytes = Some(10 * GIB);
        let runs = [Waiting { waited_ms: PATIENCE_MS, ..whole }, share];
        let running = [on_gpu(0, Some(20)), on_gpu(1, Some(40))];
        assert_eq!(starts(&decide(&runs, &running, &gpus([80, 80]))), [("share", 5, Some(1))]);
    }

    #[test]
    fn each_gpu_takes_one_run_and_auto_waits_for_one() {
        let actions = decide(&automatic(3), &[], &gpus([80, 80]));
        assert_eq!(starts(&actions), [("r0", 2, Some(0)), ("r1", 3, Some(1))]);
    }

    #[test]
    fn what_can_never_be_met_is_refused_with_the_reason() {
        let mut runs = automatic(1);
        runs.push(waiting("gpu", DeviceRequest::Cuda, Threads::Auto));
        let mut large = waiting("large", DeviceRequest::Cpu, Threads::Auto);
        large.request.memory_bytes = Some(3 << 30);
        runs.push(large);
        let refused: Vec<String> = decide(&runs, &[], &cpus(2, None))
            .into_iter()
            .filter_map(|action| match action {
                Action::Refuse { run, reason } => Some(format!("{run}: {reason}")),
                Action::Start { .. } => None,
            })
            .collect();
        let expected = [
            "gpu: it asks for `device: cuda`, which cannot be had: no driver",
            "large: it asks for 3.0 GiB of memory, and there are 1.0 GiB",
        ];
        assert_eq!(refused, expected);
    }

    mod sharing;
}
