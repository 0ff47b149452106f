//! Workers and schedulers that are killed or stopped.

use std::{fs::File, process::Child, time::Duration};

use arclab_scheduler::RunEnd;
use arclab_spec::{FailureKind, run_folder};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};

use crate::{
    STEPS, done_after,
    support::{Bench, script, table::stands, until},
};

/// Points of the contract, in the order in which a worker comes to them.
fn points() -> [(&'static str, Value); 8] {
    [
        ("before it takes the run's lock", json!("start")),
        ("before its first word", json!("lock")),
        ("once it has said that it begins", json!("begin")),
        ("in the middle of an epoch", json!({"step": 8})),
        ("between a checkpoint and the word of it", json!({"checkpoint": 5})),
        ("between a test's scores and the word of them", json!("scores")),
        ("between two results", json!("result")),
        ("between its last word and its end", json!("end")),
    ]
}

/// One run, whose first attempt strikes somebody.
async fn striking(at: &Value, whom: &str) -> Bench {
    Bench::new(1, script(STEPS, 1, &json!({"1": {"strike": {"at": at, "whom": whom}}}))).await
}

/// Carries the run out with a scheduler of its own process, which is killed, and then with another one.
async fn with_two_schedulers(bench: &Bench) {
    let first = bench.drive().wait().unwrap();
    assert!(!first.success(), "the scheduler was to be killed");
    bench.run().await;
}

/// Whether nobody holds the lock of the run's worker.
fn is_free(bench: &Bench) -> bool {
    let lock = File::open(bench.folder(0).join(run_folder::LOCK));
    lock.map_or(true, |lock| lock.try_lock_shared().is_ok())
}

#[tokio::test]
async fn a_worker_that_is_killed_at_any_point_is_tried_again_and_nothing_is_lost() {
    for (when, at) in points() {
        let bench = striking(&at, "worker").await;
        bench.run().await;
        done_after(&bench, &format!("SIGKILL of the worker {when}")).await;
    }
}

#[tokio::test]
async fn a_scheduler_that_is_killed_at_any_point_is_replaced_and_its_worker_goes_on() {
    for (when, at) in points() {
        let bench = striking(&at, "scheduler").await;
        with_two_schedulers(&bench).await;
        done_after(&bench, &format!("SIGKILL of the scheduler, its worker {when}")).await;
    }
}

#[tokio::test]
async fn both_are_killed_at_any_point_and_the_next_scheduler_settles_and_goes_on() {
    for (when, at) in points() {
        let bench = striking(&at, "both").await;
        assert!(!bench.drive().wait().unwrap().success(), "the scheduler was to be killed");
        // One that is still dying would be adopted.
        until("the worker is dead", || is_free(&bench)).await;
        bench.run().await;
        done_after(&bench, &format!("SIGKILL of both, the worker {when}")).await;
    }
}

#[tokio::test]
async fn a_worker_that_is_killed_time_and_again_fails_for_a_reason_and_goes_on_once_asked() {
    let bench = Bench::new(1, script(STEPS, 1, &json!({"0": {"die": 3}}))).await;
    let (summary, _) = bench.run().await;
    let RunEnd::Failed { failure, .. } = &summary.runs[&bench.runs[0]] else { panic!("{summary:?}") };
    assert_eq!(failure.kind, FailureKind::Infrastructure);
    bench.assert_sound().await;
    stands("SIGKILL of the worker in each attempt", &bench.told(&bench.runs[0]).await);
    bench.script(&bench.runs[0], &script(STEPS, 1, &json!({})));
    bench.run().await;
    bench.assert_done(&bench.runs[0], STEPS).await;
}

/// What is too long a silence here.
const HUNG_AFTER: Duration = Duration::from_millis(400);

/// As [`done_after`]; how many seconds the silence took is the machine's mood.
async fn done_after_silence(bench: &Bench, fault: &str) {
    bench.assert_done(&bench.runs[0], STEPS).await;
    bench.assert_sound().await;
    let told = bench.told(&bench.runs[0]).await;
    let (before, rest) = told.split_once("life for ").unwrap();
    let (seconds, after) = rest.split_once(' ').unwrap();
    assert!(seconds.parse::<u64>().is_ok(), "{told}");
    stands(fault, &format!("{before}life for … {after}"));
}

#[tokio::test]
async fn a_worker_that_stands_still_is_found_by_its_silence() {
    let mut bench = striking(&json!({"step": 8}), "halt").await;
    bench.hung_after = HUNG_AFTER;
    bench.run().await;
    done_after_silence(&bench, "SIGSTOP of the worker").await;
}

#[tokio::test]
async fn a_worker_that_stands_still_is_found_by_the_next_scheduler_too() {
    let mut bench = Bench::new(1, script(STEPS, 100, &json!({"2": {}}))).await;
    bench.hung_after = HUNG_AFTER;
    let run = &bench.runs[0];
    let mut scheduler = bench.drive();
    until("the worker trains", || bench.journal(run).contains("\"type\":\"step\"")).await;
    scheduler.kill().unwrap();
    scheduler.wait().unwrap();
    // Not before: the kernel ends a stopped group whose parent dies.
    kill(Pid::from_raw(bench.pid(run).unwrap()), Signal::SIGSTOP).unwrap();
    bench.run().await;
    done_after_silence(&bench, "SIGKILL of the scheduler, then SIGSTOP of its worker").await;
}

#[tokio::test]
async fn a_worker_that_stands_still_ends_with_its_scheduler_and_is_tried_again() {
    let bench = striking(&json!({"step": 8}), "halt").await;
    let mut scheduler = bench.drive();
    until("the worker stands still", || is_halted(bench.pid(&bench.runs[0]))).await;
    scheduler.kill().unwrap();
    scheduler.wait().unwrap();
    bench.run().await;
    done_after(&bench, "SIGSTOP of the worker, then SIGKILL of the scheduler").await;
}

/// Whether the kernel says that the process is stopped.
fn is_halted(pid: Option<i32>) -> bool {
    let stat = pid.and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok());
    stat.is_some_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T')))
}

fn send(process: &Child, signal: Signal) {
    kill(Pid::from_raw(process.id() as i32), signal).unwrap();
}

#[tokio::test]
async fn a_scheduler_that_stands_still_finds_all_that_its_worker_did_meanwhile() {
    let bench = Bench::new(1, script(STEPS, 20, &json!({}))).await;
    let mut scheduler = bench.drive();
    until("the worker trains", || bench.journal(&bench.runs[0]).contains("\"type\":\"step\"")).await;
    send(&scheduler, Signal::SIGSTOP);
    until("the worker is done", || bench.journal(&bench.runs[0]).contains("\"type\":\"finished\"")).await;
    send(&scheduler, Signal::SIGCONT);
    assert!(scheduler.wait().unwrap().success());
    done_after(&bench, "SIGSTOP of the scheduler until its worker is done").await;
}

#[tokio::test]
async fn of_two_schedulers_that_start_at_once_one_carries_the_runs_out() {
    let bench = Bench::new(3, script(STEPS, 5, &json!({}))).await;
    let mut schedulers = [bench.drive(), bench.drive(), bench.drive()];
    let ended = schedulers.iter_mut().map(|scheduler| scheduler.wait().unwrap().success());
    let ended: Vec<bool> = ended.collect();
    assert!(ended.contains(&true), "{ended:?}");
    // One that came when all was done has had nothing to do.
    for run in &bench.runs {
        bench.assert_done(run, STEPS).await;
        assert_eq!(bench.outcomes(run).await.len(), 1, "{run} was begun once");
    }
    done_after(&bench, "three schedulers started at once").await;
}
