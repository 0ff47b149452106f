//! A machine that was started anew, and clocks that were set.

use std::{
    fs,
    process::{Command, Stdio},
};

use arclab_spec::{Attempt, run_folder};
use arclab_store::{
    Afterwards, Settlement,
    records::{Exit, Outcome},
};
use serde_json::json;

use crate::{
    STEPS, done_after,
    support::{Bench, attempt, script},
};

/// A year in milliseconds.
const YEAR_MS: u64 = 365 * 24 * 3_600_000;

#[tokio::test]
async fn a_scheduler_that_died_before_it_started_the_worker_left_an_attempt_that_is_tried_again() {
    let bench = Bench::new(1, script(STEPS, 1, &json!({}))).await;
    bench.launched(1).await;
    bench.run().await;
    done_after(&bench, "SIGKILL of the scheduler between recording an attempt and starting its worker").await;
}

#[tokio::test]
async fn after_a_reboot_a_process_that_has_the_workers_old_number_is_left_alone() {
    let bench = Bench::new(1, script(STEPS, 1, &json!({}))).await;
    bench.launched(1).await;
    // It even names the folder, as an editor would.
    let folder = bench.folder(0);
    let mut editor = Command::new("sh");
    editor.args(["-c", "read nothing", "editor"]).arg(&folder).stdin(Stdio::piped());
    let mut other = editor.spawn().unwrap();
    fs::write(folder.join(run_folder::LOCK), other.id().to_string()).unwrap();
    bench.store.record_pid(&bench.runs[0], Attempt::FIRST, other.id()).await.unwrap();
    bench.run().await;
    assert!(other.try_wait().unwrap().is_none(), "it lives");
    other.kill().unwrap();
    other.wait().unwrap();
    done_after(&bench, "the machine is started anew, and the worker's number belongs to another program")
        .await;
}

#[tokio::test]
async fn a_clock_that_was_set_back_delays_nothing_and_no_time_is_negative() {
    let bench = Bench::new(1, script(STEPS, 1, &json!({}))).await;
    let run = &bench.runs[0];
    // Launched and settled when the clock was a year ahead, with a wait that began then.
    let now_ms = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
    bench.launched(now_ms + YEAR_MS).await;
    let settlement = Settlement {
        attempt: Attempt::FIRST,
        end: Outcome::Interrupted,
        failure: None,
        exit: Exit::default(),
        log_tail: String::new(),
        afterwards: Afterwards::Delayed { not_before_ms: now_ms + YEAR_MS, parts: None },
        is_death: false,
        at_ms: now_ms,
    };
    bench.store.settle(run, &settlement).await.unwrap();
    assert_eq!(bench.store.run(run).await.unwrap().duration_seconds, 0.0);
    bench.run().await;
    assert_eq!(bench.store.run(run).await.unwrap().last_attempt.unwrap().number, attempt(2));
    done_after(&bench, "the clock is set back by a year between two attempts").await;
}
