//! Deaths of the scheduler and of workers, at moments that nobody chose.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which may unwrap")]

mod support;

use std::time::{Duration, Instant};

use arclab_scheduler::{Progress, Stop};
use arclab_spec::RunState;
use arclab_store::records::Outcome;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::json;
use support::{Bench, attempt, script, until};

fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // An orphan that nobody waits for stays in the table as a zombie.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Kills the scheduler once its worker has written `steps` steps.
async fn orphan(bench: &Bench, steps: usize) -> i32 {
    let mut scheduler = bench.drive();
    let run = &bench.runs[0];
    until("the worker trains", || bench.journal(run).matches("\"type\":\"step\"").count() >= steps).await;
    scheduler.kill().unwrap();
    scheduler.wait().unwrap();
    bench.pid(run).unwrap()
}

#[tokio::test]
async fn workers_outlive_the_scheduler_and_the_next_one_adopts_them() {
    let bench = Bench::new(1, script(60, 10, &json!({}))).await;
    let pid = orphan(&bench, 8).await;
    assert!(is_alive(pid));
    let (_, said) = bench.run().await;
    assert!(said.iter().any(|p| matches!(p, Progress::Started { adopted: true, steps: 60, .. })), "{said:?}");
    bench.assert_done(&bench.runs[0], 60).await;
    assert_eq!(bench.outcomes(&bench.runs[0]).await, [Some(Outcome::Finished)]);
}

#[tokio::test]
async fn a_worker_that_finished_while_nobody_watched_has_finished() {
    let bench = Bench::new(1, script(20, 5, &json!({}))).await;
    let pid = orphan(&bench, 3).await;
    until("the worker is done", || !is_alive(pid)).await;
    let (_, said) = bench.run().await;
    assert!(said.iter().any(|p| matches!(p, Progress::Finished { .. })), "{said:?}");
    bench.assert_done(&bench.runs[0], 20).await;
    assert_eq!(bench.outcomes(&bench.runs[0]).await, [Some(Outcome::Finished)]);
}

#[tokio::test]
async fn a_worker_that_died_while_nobody_watched_is_retried() {
    let bench = Bench::new(1, script(30, 5, &json!({"1": {"die": 12}}))).await;
    let pid = orphan(&bench, 3).await;
    until("the worker is dead", || !is_alive(pid)).await;
    bench.run().await;
    bench.assert_done(&bench.runs[0], 30).await;
    assert_eq!(bench.outcomes(&bench.runs[0]).await, [Some(Outcome::Retried), Some(Outcome::Finished)]);
    let first = bench.store.attempts(&bench.runs[0]).await.unwrap().remove(0);
    assert!(first.failure.unwrap().message.contains("no scheduler watched"));
}

#[tokio::test]
async fn an_adopted_worker_that_is_killed_is_said_to_have_died_in_an_unknown_way_and_is_retried() {
    let bench = Bench::new(1, script(300, 5, &json!({}))).await;
    let pid = orphan(&bench, 3).await;
    bench
        .run_with(|progress, _| {
            if matches!(progress, Progress::Started { adopted: true, .. }) {
                kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
            }
        })
        .await;
    bench.assert_done(&bench.runs[0], 300).await;
    let first = bench.store.attempts(&bench.runs[0]).await.unwrap().remove(0);
    let message = first.failure.unwrap().message;
    assert!(message.contains("an earlier scheduler had started it"), "{message}");
}

#[tokio::test]
async fn an_adopted_worker_stops_on_request() {
    let bench = Bench::new(1, script(4_000, 10, &json!({}))).await;
    let pid = orphan(&bench, 3).await;
    let (summary, _) = bench
        .run_with(|progress, stop| {
            if matches!(progress, Progress::Position { .. }) {
                stop.send_replace(Stop::AfterCheckpoint);
            }
        })
        .await;
    assert!(summary.stopped);
    assert!(!is_alive(pid));
    assert_eq!(bench.state(&bench.runs[0]).await, RunState::Queued { next: attempt(2) });
    assert!(bench.journal(&bench.runs[0]).contains("interrupted"));
}

#[tokio::test]
async fn a_run_that_nobody_asks_for_is_settled_and_waits() {
    let mut bench = Bench::new(1, script(4_000, 10, &json!({}))).await;
    let pid = orphan(&bench, 3).await;
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    until("the worker is dead", || !is_alive(pid)).await;
    let run = bench.runs.remove(0);
    let (summary, _) = bench.run().await;
    assert!(summary.runs.is_empty());
    assert_eq!(bench.state(&run).await, RunState::Queued { next: attempt(2) });
}

#[tokio::test]
async fn the_scheduler_passes_ctrl_c_on() {
    let bench = Bench::new(1, script(4_000, 10, &json!({}))).await;
    let run = &bench.runs[0];
    let mut scheduler = bench.drive();
    until("the worker trains", || bench.journal(run).contains("\"type\":\"step\"")).await;
    kill(Pid::from_raw(scheduler.id() as i32), Signal::SIGINT).unwrap();
    assert!(scheduler.wait().unwrap().success());
    assert_eq!(bench.state(run).await, RunState::Queued { next: attempt(2) });
    assert!(!is_alive(bench.pid(run).unwrap()));
}

/// A number in `0..below` that is the same in every test run (Knuth's MMIX constants).
fn next(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

#[tokio::test]
async fn twenty_kills_at_random_moments_change_no_result() {
    const STEPS: u64 = 400;
    let bench = Bench::new(3, script(STEPS, 5, &json!({}))).await;
    let mut random = 7;
    let mut scheduler = bench.drive();
    let (mut kills, begin) = (0, Instant::now());
    while kills < 20 {
        assert!(begin.elapsed() < Duration::from_mins(1), "{kills} kills");
        tokio::time::sleep(Duration::from_millis(next(&mut random, 120))).await;
        let victim = next(&mut random, 5) as usize;
        if let Some(run) = bench.runs.get(victim) {
            let Some(pid) = bench.pid(run).filter(|pid| is_alive(*pid)) else { continue };
            kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        } else {
            scheduler.kill().unwrap();
            scheduler.wait().unwrap();
            scheduler = bench.drive();
        }
        kills += 1;
        if scheduler.try_wait().unwrap().is_some() {
            scheduler = bench.drive();
        }
    }
    scheduler.wait().unwrap();
    // A run may have used up its three attempts: asking again goes on with it.
    let success = bench.drive().wait().unwrap().success();
    assert!(success, "the last scheduler failed");
    for run in &bench.runs {
        bench.assert_done(run, STEPS).await;
    }
}
