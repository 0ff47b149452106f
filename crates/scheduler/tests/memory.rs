//! Runs that share this machine's memory with each other and with other programs.

mod support;

use std::sync::atomic::{AtomicU32, Ordering};

use arclab_scheduler::{Memory, Progress, RunEnd, Stop};
use serde_json::json;
use support::{Bench, in_time, most_at_once, script};

const GIB: u64 = 1 << 30;

#[tokio::test]
async fn what_fits_is_begun_behind_however_many_that_do_not() {
    let mut bench =
        Bench::with(600, script(3, 1, &json!({})), |request| request.memory_bytes = Some(20 * GIB)).await;
    bench.memory = (80 * GIB, || Some(19 * GIB));
    bench.ask_anew(599, |_| {}).await;
    let run = bench.run_with(|progress, stop| {
        if matches!(progress, Progress::Finished { .. }) {
            stop.send_replace(Stop::AfterCheckpoint);
        }
    });
    let (summary, _) = in_time(Box::pin(run)).await;
    assert_eq!(summary.runs[&bench.runs[599]], RunEnd::Finished);
}

/// Four runs that ask for 20 GiB each, on a machine of 80, so much of which is free.
async fn bench(step_ms: u64, free: fn() -> Option<u64>) -> Bench {
    let mut bench =
        Bench::with(4, script(4, step_ms, &json!({})), |request| request.memory_bytes = Some(20 * GIB)).await;
    bench.memory = (80 * GIB, free);
    bench
}

#[tokio::test]
async fn as_many_runs_are_at_work_at_once_as_fit_beside_what_other_programs_hold() {
    let bench = bench(50, || Some(45 * GIB)).await;
    bench.run().await;
    for run in &bench.runs {
        bench.assert_done(run, 4).await;
    }
    assert_eq!(most_at_once(&bench.times().await), 2);
}

#[tokio::test]
async fn runs_wait_for_memory_that_other_programs_hold_and_a_person_is_told_once() {
    static LOOKS: AtomicU32 = AtomicU32::new(0);
    // What is missing is freed after a while.
    let bench =
        bench(1, || Some(if LOOKS.fetch_add(1, Ordering::Relaxed) < 5 { 19 } else { 20 } * GIB)).await;
    let (_, said) = bench.run().await;
    let full = Progress::MemoryFull {
        run: bench.runs[0].clone(),
        memory: Memory::Machine,
        asked_bytes: 20 * GIB,
        free_bytes: 19 * GIB,
    };
    assert_eq!(said[0], full);
    assert!(!said[1..].iter().any(|progress| matches!(progress, Progress::MemoryFull { .. })), "{said:?}");
    for run in &bench.runs {
        bench.assert_done(run, 4).await;
    }
    assert_eq!(most_at_once(&bench.times().await), 1);
}
