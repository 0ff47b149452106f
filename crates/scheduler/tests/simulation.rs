//! Decisions held against thousands of runs, with a clock that only the simulation moves: an event a start or an end, and after
//! each of them [`decide`] on the first in line, as the scheduler does.

#![expect(clippy::print_stderr, reason = "how good schedules are is worth reading")]

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    num::NonZeroU32,
};

use arclab_scheduler::{Action, Busy, GpuRoom, MemoryRoom, PATIENCE_MS, Slots, Waiting, decide};
use arclab_spec::{
    RunId,
    config::{DeviceRequest, ResourceRequest, Threads},
};
use arclab_store::place;
use proptest::prelude::*;

const GIB: u64 = 1 << 30;
const MINUTE: u64 = 60_000;
/// As many in line as the scheduler looks at.
const WINDOW: usize = 256;

/// A run with what only the simulation knows of it.
#[derive(Debug, Clone)]
struct Task {
    comes_ms: u64,
    takes_ms: u64,
    priority: f64,
    request: ResourceRequest,
}

fn request(device: DeviceRequest, threads: u32, memory_gib: u64, share_gib: Option<u64>) -> ResourceRequest {
    ResourceRequest {
        device,
        threads: Threads::Exactly(NonZeroU32::new(threads).unwrap_or(NonZeroU32::MIN)),
        memory_bytes: Some(memory_gib * GIB),
        gpu_memory_bytes: share_gib.map(|gib| gib * GIB),
        deterministic: true,
        time_limit_secs: None,
        executor: arclab_spec::config::Executor::Local,
    }
}

/// GPUs of 80 GiB, with 8 threads and 64 GiB of memory each.
fn machine(gpus: u32) -> Slots {
    let room = |gpu| GpuRoom { gpu, memory: MemoryRoom::of(80 * GIB) };
    Slots {
        jobs: None,
        threads: 8 * gpus,
        memory: MemoryRoom::of(64 * GIB * u64::from(gpus)),
        gpus: Ok((0..gpus).map(room).collect()),
    }
}

/// Begins all tasks and lets them end; when each began, in the order of the tasks. Checks at each moment that no slot is used
/// twice and no run is begun twice, and at the end that none was lost.
fn simulate(tasks: &[Task], slots: &Slots) -> Vec<u64> {
    let names: Vec<RunId> =
        (0..tasks.len()).map(|i| RunId::new(format!("r{i}")).expect("it is a name")).collect();
    let index: BTreeMap<&RunId, usize> = names.iter().zip(0..).collect();
    let mut comes: Vec<usize> = (0..tasks.len()).collect();
    comes.sort_by_key(|&i| Reverse((tasks[i].comes_ms, i)));
    let mut line: BTreeMap<(i64, usize), usize> = BTreeMap::new();
    let mut ends = BinaryHeap::new();
    let mut running: BTreeMap<usize, Busy> = BTreeMap::new();
    let mut begun: Vec<Option<u64>> = vec![None; tasks.len()];
    let mut now_ms = 0;
    loop {
        while let Some(&i) = comes.last().filter(|&&i| tasks[i].comes_ms <= now_ms) {
            comes.pop();
            line.insert((place(tasks[i].comes_ms, tasks[i].priority) as i64, i), i);
        }
        while let Some(&Reverse((_, i))) = ends.peek().filter(|Reverse((at, _))| *at <= now_ms) {
            ends.pop();
            running.remove(&i);
        }
        let waiting = |&i: &usize| Waiting {
            run: names[i].clone(),
            request: tasks[i].request.clone(),
            waited_ms: now_ms - tasks[i].comes_ms,
        };
        let waiting: Vec<Waiting> = line.values().take(WINDOW).map(waiting).collect();
        let holding: Vec<Busy> = running.values().copied().collect();
        for action in decide(&waiting, &holding, slots) {
            let Action::Start { run, holds, .. } = action else { panic!("{action:?}") };
            let i = index[&run];
            let key = (place(tasks[i].comes_ms, tasks[i].priority) as i64, i);
            assert_eq!(line.remove(&key), Some(i), "{run} is begun and did not wait");
            assert!(begun[i].replace(now_ms).is_none(), "{run} is begun twice");
            running.insert(i, holds);
            ends.push(Reverse((now_ms + tasks[i].takes_ms, i)));
        }
        assert_fits(&running, slots);
        let next = ends.peek().map(|Reverse((at, _))| *at);
        let arrival = comes.last().map(|&i| tasks[i].comes_ms);
        match next.into_iter().chain(arrival).min() {
            Some(at_ms) => now_ms = at_ms,
            None => break,
        }
    }
    begun.into_iter().map(|at_ms| at_ms.expect("no run is lost")).collect()
}

fn assert_fits(running: &BTreeMap<usize, Busy>, slots: &Slots) {
    let held = || running.values();
    assert!(held().map(|busy| busy.threads).sum::<u32>() <= slots.threads, "threads are used twice");
    assert!(held().map(|busy| busy.memory_bytes).sum::<u64>() <= slots.memory.bytes, "memory is used twice");
    let mut shares: BTreeMap<u32, (u64, u32, u32)> = BTreeMap::new();
    for place in held().filter_map(|busy| busy.gpu) {
        let (bytes, whole, count) = shares.entry(place.gpu).or_default();
        *bytes += place.share_bytes.unwrap_or(0);
        *whole += u32::from(place.share_bytes.is_none());
        *count += 1;
    }
    for (gpu, (bytes, whole, count)) in shares {
        assert!(bytes <= 80 * GIB && (whole == 0 || count == 1), "GPU {gpu} is used twice");
    }
}

fn makespan_ms(tasks: &[Task], begun_ms: &[u64]) -> u64 {
    tasks.iter().zip(begun_ms).map(|(task, at_ms)| at_ms + task.takes_ms).max().unwrap_or(0)
}

/// No schedule is shorter: each resource is there once, and the last run must come and be carried out.
fn lower_bound_ms(tasks: &[Task], slots: &Slots) -> f64 {
    let gpus = slots.gpus.iter().flatten().count() as f64;
    let sum = |amount: &dyn Fn(&Task) -> f64| -> f64 {
        tasks.iter().map(|task| amount(task) * task.takes_ms as f64).sum()
    };
    let gpu_share = |task: &Task| match (task.request.device, task.request.gpu_memory_bytes) {
        (DeviceRequest::Cpu, _) => 0.0,
        (DeviceRequest::Auto | DeviceRequest::Cuda, None) => 1.0,
        (DeviceRequest::Auto | DeviceRequest::Cuda, Some(bytes)) => bytes as f64 / (80 * GIB) as f64,
    };
    let threads = |task: &Task| match task.request.threads {
        Threads::Exactly(threads) => f64::from(threads.get()),
        Threads::Auto => 1.0,
    };
    let memory = |task: &Task| task.request.memory_bytes.unwrap_or(0) as f64;
    let longest = tasks.iter().map(|task| (task.comes_ms + task.takes_ms) as f64).fold(0.0, f64::max);
    [
        sum(&gpu_share) / gpus,
        sum(&threads) / f64::from(slots.threads),
        sum(&memory) / slots.memory.bytes as f64,
        longest,
    ]
    .into_iter()
    .fold(0.0, f64::max)
}

/// `SplitMix64`: a fixed seed gives the same mix everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// Whole GPUs, shares of 2 to 40 GiB, and runs on the CPU; of 10 minutes to 8 hours, most of them short.
fn mix(seed: u64, count: usize, over_ms: u64) -> Vec<Task> {
    let mut dice = Dice(seed);
    let mut task = || {
        let kind = dice.below(10);
        let request = match kind {
            0..3 => request(DeviceRequest::Cuda, 1 + dice.below(6) as u32, 4 + dice.below(28), None),
            3..8 => {
                let share = 2 + dice.below(39);
                request(DeviceRequest::Cuda, 1 + dice.below(2) as u32, 2 + dice.below(8), Some(share))
            }
            _ => request(DeviceRequest::Cpu, 1 + dice.below(8) as u32, 1 + dice.below(16), None),
        };
        let short = (1 + dice.below(48)).min(1 + dice.below(48));
        let comes_ms = if over_ms == 0 { 0 } else { dice.below(over_ms) };
        Task { comes_ms, takes_ms: short * 10 * MINUTE, priority: dice.below(3) as f64, request }
    };
    (0..count).map(|_| task()).collect()
}

#[test]
fn ten_thousand_runs_on_64_gpus_are_done_within_15_per_cent_of_the_lower_bound() {
    for seed in [1, 2, 3] {
        let (tasks, slots) = (mix(seed, 10_000, 0), machine(64));
        let begun = simulate(&tasks, &slots);
        let ratio = makespan_ms(&tasks, &begun) as f64 / lower_bound_ms(&tasks, &slots);
        eprintln!("seed {seed}: {ratio:.3} of the lower bound");
        assert!(ratio <= 1.15, "seed {seed}: {ratio}");
    }
}

/// What came long before has begun long before: between two runs that ask for the same, an hour counts for a level of priority,
/// and patience and one run's length are all that others can gain on them.
#[test]
fn of_runs_that_ask_for_the_same_the_one_that_comes_first_in_line_begins_first() {
    let (tasks, slots) = (mix(4, 4_000, 30 * 60 * MINUTE), machine(16));
    let begun = simulate(&tasks, &slots);
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, task) in tasks.iter().enumerate() {
        alike.entry(format!("{:?}", task.request)).or_default().push(i);
    }
    let mut pairs = 0;
    for group in alike.values() {
        for (&a, &b) in group.iter().flat_map(|a| group.iter().map(move |b| (a, b))) {
            let key = |i: usize| place(tasks[i].comes_ms, tasks[i].priority);
            if key(a) < key(b) && tasks[a].comes_ms <= begun[b] {
                assert!(begun[a] <= begun[b], "{a} came before {b}: {:?} {:?}", tasks[a], tasks[b]);
                pairs += 1;
            }
        }
    }
    assert!(pairs > 100, "{pairs}");
}

/// A run for which all that there is must be free, among small ones that never cease to come.
#[test]
fn the_largest_run_begins_though_small_ones_never_cease_to_come() {
    let slots = machine(4);
    let small = |i: u64| Task {
        comes_ms: i * 2 * MINUTE,
        takes_ms: 30 * MINUTE,
        priority: 0.0,
        request: request(DeviceRequest::Cuda, 1, 1, Some(20)),
    };
    let mut tasks: Vec<Task> = (0..3_000).map(small).collect();
    let large = |gpu, threads| Task {
        comes_ms: 600 * MINUTE,
        takes_ms: 30 * MINUTE,
        priority: 0.0,
        request: request(if gpu { DeviceRequest::Cuda } else { DeviceRequest::Cpu }, threads, 1, None),
    };
    tasks.push(large(true, 32));
    tasks.push(large(false, 32));
    let begun = simulate(&tasks, &slots);
    for (which, at) in [(3_000, 1), (3_001, 2)] {
        let waited = begun[which] - tasks[which].comes_ms;
        // Patience, what was at work by then, and the other large one.
        assert!(
            waited <= PATIENCE_MS + at * 2 * 30 * MINUTE,
            "{which} waited for {} minutes",
            waited / MINUTE
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The checks are those of `simulate`.
    #[test]
    fn no_slot_is_used_twice_and_no_run_is_lost_in_any_mix(seed in any::<u64>(), count in 1_usize..80, gpus in 1_u32..6, hours in 0_u64..20) {
        let (tasks, slots) = (mix(seed, count, hours * 60 * MINUTE), machine(gpus));
        simulate(&tasks, &slots);
    }
}
