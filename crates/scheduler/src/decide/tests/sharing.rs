//! Runs that share GPUs, and what holds of every decision.

use proptest::prelude::*;

use super::*;

/// Runs on one thread each, with shares in GiB or for a whole GPU.
fn sharing<const N: usize>(shares: [Option<u64>; N]) -> Vec<Waiting> {
    let mut runs = automatic(N);
    for (run, share) in runs.iter_mut().zip(shares) {
        run.request.threads = Threads::Exactly(NonZeroU32::MIN);
        run.request.gpu_memory_bytes = share.map(|gib| gib * GIB);
    }
    runs
}

#[test]
fn runs_whose_shares_fit_are_on_one_gpu_and_the_next_one_waits() {
    let runs = sharing([Some(30); 3]);
    assert_eq!(starts(&decide(&runs, &[], &gpus([80]))), [("r0", 1, Some(0)), ("r1", 1, Some(0))]);
    let beside = [on_gpu(0, Some(30)), on_gpu(0, Some(21))];
    assert_eq!(starts(&decide(&runs, &beside, &gpus([80]))), []);
    assert_eq!(starts(&decide(&runs, &beside[..1], &gpus([80]))), [("r0", 1, Some(0))]);
}

#[test]
fn a_whole_gpu_is_one_without_a_run_and_no_share_joins_the_run_that_has_it() {
    let runs = sharing([Some(10), None, None, Some(10)]);
    let expected = [("r0", 1, Some(0)), ("r1", 1, Some(1)), ("r3", 1, Some(0))];
    assert_eq!(starts(&decide(&runs, &[], &gpus([80, 80]))), expected);
    assert_eq!(starts(&decide(&sharing([Some(10)]), &[on_gpu(0, None)], &gpus([80]))), []);
    assert_eq!(starts(&decide(&sharing([None]), &[on_gpu(0, Some(10))], &gpus([80]))), []);
}

#[test]
fn what_others_hold_of_a_gpu_is_waited_for_and_not_refused() {
    let mut slots = gpus([80]);
    slots.gpus.as_mut().unwrap()[0].memory.others_bytes = 60 * GIB;
    assert_eq!(decide(&sharing([Some(21)]), &[], &slots), []);
    assert_eq!(starts(&decide(&sharing([Some(20)]), &[], &slots)), [("r0", 1, Some(0))]);
}

#[test]
fn a_share_that_no_gpu_has_is_refused_and_one_means_nothing_on_the_cpu() {
    let [Action::Refuse { reason, .. }] = &decide(&sharing([Some(81)]), &[], &gpus([40, 80]))[..] else {
        panic!("no GPU has as much");
    };
    let expected =
        "it asks for `resources.gpu_memory` of 81.0 GiB, and there are 80.0 GiB on the largest GPU";
    assert_eq!(reason.to_string(), expected);
    assert_eq!(starts(&decide(&sharing([Some(81)]), &[], &cpus(2, None))), [("r0", 1, None)]);
}

/// Device, threads, memory, and a share of a GPU in GiB.
type Asked = (u8, Option<u32>, Option<u64>, Option<u64>);

fn any_run() -> impl Strategy<Value = Asked> {
    use proptest::option::of;
    (0..3_u8, of(1..12_u32), of(0..(2_u64 << 30)), of(1..90_u64))
}

fn request((device, threads, memory_bytes, share): Asked) -> ResourceRequest {
    let device = [DeviceRequest::Auto, DeviceRequest::Cpu, DeviceRequest::Cuda][device as usize];
    let threads = threads.and_then(NonZeroU32::new).map_or(Threads::Auto, Threads::Exactly);
    let gpu_memory_bytes = share.map(|gib| gib * GIB);
    ResourceRequest {
        device,
        threads,
        memory_bytes,
        gpu_memory_bytes,
        deterministic: true,
        time_limit_secs: None,
        executor: arclab_spec::config::Executor::Local,
    }
}

/// What runs hold once `actions` are done.
fn held(actions: &[Action]) -> Vec<Busy> {
    let held = |action: &Action| match action {
        Action::Start { holds, .. } => Some(*holds),
        Action::Refuse { .. } => None,
    };
    actions.iter().filter_map(held).collect()
}

/// Whether each GPU is one run's alone, or has room for all shares on it.
fn has_room(room: &GpuRoom, held: &[Busy]) -> bool {
    let places = held.iter().filter_map(|busy| busy.gpu).filter(|place| place.gpu == room.gpu);
    let shares: Vec<Option<u64>> = places.map(|place| place.share_bytes).collect();
    let sum: Option<u64> = shares.iter().copied().sum();
    sum.map_or(shares.len() == 1, |sum| sum <= room.memory.bytes)
}

proptest! {
    #[test]
    fn nothing_is_given_twice_and_an_idle_machine_never_stays_idle(
        runs in proptest::collection::vec(any_run(), 1..12),
        cores in 1..9_u32,
        jobs in proptest::option::of(1..5_u32),
        gib in proptest::option::of(proptest::collection::vec(8..100_u64, 1..4)),
    ) {
        let room = |(gib, gpu)| GpuRoom { gpu, memory: MemoryRoom::of(gib * GIB) };
        let gpus = gib.map(|gib| gib.into_iter().zip(0..).map(room).collect::<Vec<_>>()).ok_or_else(String::new);
        let slots = Slots { jobs, threads: cores, memory: MemoryRoom::of(1 << 30), gpus };
        let name = |i: usize| RunId::new(format!("r{i}")).unwrap();
        let runs: Vec<Waiting> = runs.into_iter().enumerate()
            .map(|(i, run)| Waiting { run: name(i), request: request(run), waited_ms: 0 }).collect();
        let actions = decide(&runs, &[], &slots);
        prop_assert!(!actions.is_empty());
        let held = held(&actions);
        prop_assert!(held.iter().map(|busy| busy.threads).sum::<u32>() <= cores);
        prop_assert!(held.iter().map(|busy| busy.memory_bytes).sum::<u64>() <= 1 << 30);
        prop_assert!(jobs.is_none_or(|jobs| held.len() <= jobs as usize));
        prop_assert!(slots.gpus.iter().flatten().all(|room| has_room(room, &held)));
        if held.is_empty() {
            prop_assert_eq!(actions.len(), runs.len());
        }
        // Whatever fits beside what was started was started.
        let left: Vec<Waiting> = runs.into_iter()
            .filter(|run| actions.iter().all(|action| run_of(action) != &run.run)).collect();
        prop_assert_eq!(decide(&left, &held, &slots), []);
    }
}
