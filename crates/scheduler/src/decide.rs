//! Which waiting run starts now, and with what. Pure: the same question gets the same answer.

use arclab_spec::{
    RunId,
    config::{DeviceRequest, ResourceRequest, Threads},
};

/// A run that waits for a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The run.
    pub run: RunId,
    /// What it asks for.
    pub request: ResourceRequest,
}

/// What a run at work holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy {
    /// CPU threads.
    pub threads: u32,
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// A GPU.
    pub gpu: Option<u32>,
}

/// What there is to share out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slots {
    /// Runs at once; not bounded where absent.
    pub jobs: Option<u32>,
    /// CPU threads.
    pub threads: u32,
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// GPUs by number, or why the worker can use none.
    pub gpus: Result<Vec<u32>, String>,
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
    /// Someone started a worker by hand.
    #[error("a worker that this scheduler did not start is at work in its folder")]
    FolderInUse,
    /// What an earlier attempt left cannot be taken away.
    #[error("its folder cannot be made ready: {0}")]
    Folder(String),
    /// A person called it off.
    #[error("it was called off")]
    Cancelled,
}

fn gib(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

/// What to do now: refusals first, then starts in the order of `waiting`. A run that does not fit yet is passed over
/// by those behind it that do; each set of runs is finite, so it gets its turn.
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
    for (index, run) in able.iter().enumerate() {
        let rest = (able.len() - index) as u32;
        if let Some((threads, holds)) = free.place(&run.request, rest) {
            free.take(&holds);
            actions.push(Action::Start { run: run.run.clone(), threads, holds });
        }
    }
    actions
}

/// Why `request` can never be met by `slots`.
pub(crate) fn refusal(request: &ResourceRequest, slots: &Slots) -> Option<Refusal> {
    if let (DeviceRequest::Cuda, Err(reason)) = (request.device, &slots.gpus) {
        return Some(Refusal::NoCuda(reason.clone()));
    }
    let asked = request.memory_bytes.unwrap_or(0);
    (asked > slots.memory_bytes).then_some(Refusal::Memory { asked, there: slots.memory_bytes })
}

/// What is left.
struct Free {
    jobs: u32,
    all_threads: u32,
    threads: u32,
    memory_bytes: u64,
    gpus: Result<Vec<u32>, String>,
}

impl Free {
    fn of(running: &[Busy], slots: &Slots) -> Self {
        let mut free = Self {
            jobs: slots.jobs.unwrap_or(u32::MAX),
            all_threads: slots.threads,
            threads: slots.threads,
            memory_bytes: slots.memory_bytes,
            gpus: slots.gpus.clone(),
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
        if let Ok(gpus) = &mut self.gpus {
            gpus.retain(|gpu| Some(*gpu) != busy.gpu);
        }
    }

    /// Threads and holdings for a run, if it fits; `rest` runs, it included, share what is free.
    fn place(&self, request: &ResourceRequest, rest: u32) -> Option<(u32, Busy)> {
        let memory_bytes = request.memory_bytes.unwrap_or(0);
        if self.jobs == 0 || memory_bytes > self.memory_bytes {
            return None;
        }
        let gpu = match self.device(request.device)? {
            Device::Cpu => None,
            Device::Gpu(number) => Some(number),
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
    fn device(&self, wanted: DeviceRequest) -> Option<Device> {
        match (wanted, &self.gpus) {
            (DeviceRequest::Cpu, _) | (DeviceRequest::Auto, Err(_)) => Some(Device::Cpu),
            (DeviceRequest::Auto | DeviceRequest::Cuda, Ok(gpus)) => gpus.first().copied().map(Device::Gpu),
            (DeviceRequest::Cuda, Err(_)) => None,
        }
    }
}

enum Device {
    Cpu,
    Gpu(u32),
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;

    fn waiting(name: &str, device: DeviceRequest, threads: Threads) -> Waiting {
        let request = ResourceRequest { device, threads, memory_bytes: None, deterministic: true };
        Waiting { run: RunId::new(name).unwrap(), request }
    }

    fn automatic(count: usize) -> Vec<Waiting> {
        (0..count).map(|i| waiting(&format!("r{i}"), DeviceRequest::Auto, Threads::Auto)).collect()
    }

    fn cpus(threads: u32, jobs: Option<u32>) -> Slots {
        Slots { jobs, threads, memory_bytes: 1 << 30, gpus: Err("no driver".to_owned()) }
    }

    fn starts(actions: &[Action]) -> Vec<(&str, u32, Option<u32>)> {
        let start = |action: &'_ Action| match action {
            Action::Start { threads, holds, .. } => Some((*threads, holds.gpu)),
            Action::Refuse { .. } => None,
        };
        let name = |action: &Action| match action {
            Action::Start { run, .. } | Action::Refuse { run, .. } => run.clone(),
        };
        let leak = |run: RunId| -> &'static str { Box::leak(String::from(run).into_boxed_str()) };
        actions.iter().filter_map(|a| start(a).map(|(t, g)| (leak(name(a)), t, g))).collect()
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
        let gpus = Slots { gpus: Ok(vec![0]), ..cpus(4, None) };
        let busy = Busy { threads: 1, memory_bytes: 0, gpu: Some(0) };
        let runs = [
            waiting("gpu", DeviceRequest::Cuda, Threads::Auto),
            waiting("cpu", DeviceRequest::Cpu, Threads::Auto),
        ];
        assert_eq!(starts(&decide(&runs, &[busy], &gpus)), [("cpu", 3, None)]);
    }

    #[test]
    fn each_gpu_takes_one_run_and_auto_waits_for_one() {
        let gpus = Slots { gpus: Ok(vec![0, 1]), ..cpus(8, None) };
        let actions = decide(&automatic(3), &[], &gpus);
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

    fn any_run() -> impl Strategy<Value = (u8, Option<u32>, Option<u64>)> {
        (0..3_u8, proptest::option::of(1..12_u32), proptest::option::of(0..(2_u64 << 30)))
    }

    fn request((device, threads, memory_bytes): (u8, Option<u32>, Option<u64>)) -> ResourceRequest {
        let device = [DeviceRequest::Auto, DeviceRequest::Cpu, DeviceRequest::Cuda][device as usize];
        let threads = threads.and_then(NonZeroU32::new).map_or(Threads::Auto, Threads::Exactly);
        ResourceRequest { device, threads, memory_bytes, deterministic: true }
    }

    proptest! {
        #[test]
        fn nothing_is_given_twice_and_an_idle_machine_never_stays_idle(
            runs in proptest::collection::vec(any_run(), 1..12),
            cores in 1..9_u32,
            jobs in proptest::option::of(1..5_u32),
            gpus in proptest::option::of(1..4_u32),
        ) {
            let gpus = gpus.map(|count| (0..count).collect()).ok_or_else(String::new);
            let slots = Slots { jobs, threads: cores, memory_bytes: 1 << 30, gpus };
            let name = |i: usize| RunId::new(format!("r{i}")).unwrap();
            let runs: Vec<Waiting> = runs.into_iter().enumerate()
                .map(|(i, run)| Waiting { run: name(i), request: request(run) }).collect();
            let actions = decide(&runs, &[], &slots);
            prop_assert!(!actions.is_empty());
            let held: Vec<Busy> = actions.iter().filter_map(|action| match action {
                Action::Start { holds, .. } => Some(*holds),
                Action::Refuse { .. } => None,
            }).collect();
            prop_assert!(held.iter().map(|busy| busy.threads).sum::<u32>() <= cores);
            prop_assert!(held.iter().map(|busy| busy.memory_bytes).sum::<u64>() <= 1 << 30);
            prop_assert!(jobs.is_none_or(|jobs| held.len() <= jobs as usize));
            let mut gpus: Vec<u32> = held.iter().filter_map(|busy| busy.gpu).collect();
            gpus.sort_unstable();
            prop_assert!(gpus.windows(2).all(|pair| pair[0] < pair[1]));
            if held.is_empty() {
                prop_assert_eq!(actions.len(), runs.len());
            }
        }
    }
}
