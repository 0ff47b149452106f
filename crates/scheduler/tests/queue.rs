//! Runs in the queue: what people ask while it is worked, limits, and what follows a lack of memory.

mod support;

use std::time::Duration;

use arclab_scheduler::{Progress, Refusal, RunEnd, Stop};
use arclab_spec::{FailureKind, RunId, RunState, run_folder};
use arclab_store::{Asked, Submission, Wish, records::Outcome};
use serde_json::json;
use support::{Bench, attempt, in_time, script, until};
use tokio::sync::{mpsc, watch};

/// Works the queue as a daemon does, until `done` has come back.
async fn serve<T>(bench: &Bench, done: impl Future<Output = T>) -> T {
    let (stop, stopped) = watch::channel(Stop::No);
    let (sender, _receiver) = mpsc::unbounded_channel();
    let mut scheduler = bench.scheduler();
    let done = async {
        let came = done.await;
        stop.send_replace(Stop::AfterCheckpoint);
        came
    };
    let (summary, came) = tokio::join!(scheduler.serve(sender, stopped), done);
    assert!(summary.expect("the runs are looked after").stopped);
    came
}

async fn ended(bench: &Bench, index: usize) -> RunState {
    let begin = std::time::Instant::now();
    loop {
        let state = bench.state(&bench.runs[index]).await;
        if !matches!(state, RunState::Queued { .. } | RunState::Running { .. }) {
            return state;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "{state:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_daemon_carries_out_what_is_submitted_while_it_works_and_nothing_else() {
    let bench = Bench::new(3, script(10, 1, &json!({}))).await;
    let all = submissions(&bench);
    let submit = |index: usize| bench.store.submit(std::slice::from_ref(&all[index]), 1);
    submit(0).await.unwrap();
    serve(&bench, async {
        ended(&bench, 0).await;
        submit(1).await.unwrap();
        ended(&bench, 1).await;
    })
    .await;
    bench.assert_done(&bench.runs[0], 10).await;
    bench.assert_done(&bench.runs[1], 10).await;
    assert_eq!(bench.state(&bench.runs[2]).await, RunState::Queued { next: attempt(1) });
    assert!(bench.store.queue().await.unwrap().is_empty());
}

fn submissions(bench: &Bench) -> Vec<Submission> {
    bench.runs.iter().cloned().map(Submission::of).collect()
}

#[tokio::test]
async fn a_run_that_is_paused_stops_after_a_checkpoint_and_goes_on_from_there_once_it_is_resumed() {
    let bench = Bench::new(1, script(300, 5, &json!({}))).await;
    bench.store.submit(&submissions(&bench), 1).await.unwrap();
    let run = &bench.runs[0];
    serve(&bench, async {
        until("the worker trains", || bench.journal(run).contains("\"type\":\"step\"")).await;
        assert_eq!(bench.store.wish(run, Wish::Pause, 1).await.unwrap(), Asked::Passed);
        until("the worker stops", || bench.journal(run).contains("interrupted")).await;
        while !matches!(bench.state(run).await, RunState::Queued { .. }) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(bench.store.wish(run, Wish::Resume, 1).await.unwrap(), Asked::Done);
        ended(&bench, 0).await;
    })
    .await;
    bench.assert_done(run, 300).await;
    assert_eq!(bench.outcomes(run).await, [Some(Outcome::Interrupted), Some(Outcome::Finished)]);
}

#[tokio::test]
async fn a_run_that_is_called_off_is_stopped_and_the_others_go_on() {
    let bench = Bench::new(2, script(100, 5, &json!({}))).await;
    let (summary, _) = bench
        .run_with(|progress, _| {
            if matches!(progress, Progress::Position { run, at, .. } if *run == bench.runs[0] && at.step >= 3)
            {
                let (store, run) = (bench.store.clone(), bench.runs[0].clone());
                tokio::spawn(async move { store.wish(&run, Wish::Cancel, 1).await.unwrap() });
            }
        })
        .await;
    assert_eq!(summary.runs[&bench.runs[0]], RunEnd::Refused(Refusal::Cancelled));
    assert_eq!(bench.state(&bench.runs[0]).await, RunState::Cancelled);
    bench.assert_done(&bench.runs[1], 100).await;
}

#[tokio::test]
async fn a_run_beyond_its_time_limit_writes_a_checkpoint_and_has_failed() {
    let steps = script(100_000, 10, &json!({}));
    let bench = Bench::with(1, steps, |request| request.time_limit_secs = Some(1)).await;
    let (summary, _) = bench.run().await;
    let RunEnd::Failed { failure, .. } = &summary.runs[&bench.runs[0]] else { panic!("{summary:?}") };
    assert_eq!(failure.kind, FailureKind::Run);
    assert!(failure.message.starts_with("it took longer than its time limit of 1 s"), "{}", failure.message);
    assert!(bench.journal(&bench.runs[0]).contains("interrupted"), "it had the time to write a checkpoint");
}

#[tokio::test]
async fn a_run_whose_memory_runs_out_goes_on_with_its_batches_in_two_parts() {
    let bench = Bench::new(1, script(30, 1, &json!({"0": {"fill": 12}}))).await;
    let (_, said) = bench.run().await;
    let told = said.iter().find_map(|progress| {
        let Progress::Retrying { parts, failure, .. } = progress else { return None };
        Some((parts.map(std::num::NonZeroU32::get), failure.clone()))
    });
    let (parts, failure) = told.unwrap();
    assert_eq!((parts, failure.kind), (Some(2), FailureKind::Run));
    bench.assert_done(&bench.runs[0], 30).await;
    let attempts = bench.store.attempts(&bench.runs[0]).await.unwrap();
    let parts: Vec<_> = attempts.iter().map(|attempt| attempt.parts.map(std::num::NonZeroU32::get)).collect();
    assert_eq!(parts, [None, Some(2)]);
}

#[tokio::test]
async fn deaths_count_across_schedulers_until_somebody_asks_for_the_run_again() {
    let bench = Bench::new(1, script(30, 1, &json!({"0": {"die": 12}}))).await;
    let run = &bench.runs[0];
    let attempts = async || bench.outcomes(run).await;
    bench.store.submit(&submissions(&bench), 1).await.unwrap();
    let (stop, stopped) = watch::channel(Stop::No);
    let (sender, mut said) = mpsc::unbounded_channel();
    let mut scheduler = bench.scheduler();
    let stops = async {
        while let Some(progress) = said.recv().await {
            if matches!(progress, Progress::Retrying { .. }) {
                stop.send_replace(Stop::AtOnce);
            }
        }
    };
    tokio::join!(scheduler.serve(sender, stopped), stops).0.unwrap();
    drop(scheduler);
    assert!(matches!(bench.state(run).await, RunState::Queued { .. }), "it died once");
    serve(&bench, ended(&bench, 0)).await;
    let died = |outcomes: Vec<Option<Outcome>>| {
        outcomes.iter().filter(|end| !matches!(end, Some(Outcome::Interrupted))).count()
    };
    assert_eq!(died(attempts().await), 3, "{:?}", attempts().await);
    // The same scheduler, or another: what counts is that somebody asks.
    serve(&bench, async {
        for all in [6, 9] {
            bench.store.submit(&submissions(&bench), 1).await.unwrap();
            ended(&bench, 0).await;
            assert_eq!(died(attempts().await), all, "{:?}", attempts().await);
        }
    })
    .await;
}

#[tokio::test]
async fn what_stops_on_request_counts_as_no_death() {
    let bench = Bench::new(1, script(300, 5, &json!({"5": {"die": 290}}))).await;
    let run = &bench.runs[0];
    bench.store.submit(&submissions(&bench), 1).await.unwrap();
    serve(&bench, async {
        for attempt in 1..5 {
            let begun = format!("\"attempt\":{attempt},");
            until("the worker trains", || {
                bench.journal(run).lines().any(|line| line.contains(&begun) && line.contains("\"step\""))
            })
            .await;
            bench.store.wish(run, Wish::Pause, 1).await.unwrap();
            while !matches!(bench.state(run).await, RunState::Queued { .. }) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            bench.store.wish(run, Wish::Resume, 1).await.unwrap();
        }
        ended(&bench, 0).await;
    })
    .await;
    bench.assert_done(run, 300).await;
    assert_eq!(bench.outcomes(run).await[4..], [Some(Outcome::Retried), Some(Outcome::Finished)]);
}

#[tokio::test]
async fn runs_go_in_the_order_of_what_they_come_after() {
    let mut bench = Bench::new(3, script(5, 1, &json!({}))).await;
    bench.jobs = Some(3);
    let [a, b, c] = [0, 1, 2].map(|index| bench.runs[index].clone());
    let after = |run: &RunId, other: &RunId| Submission {
        after: Some(vec![other.clone()]),
        ..Submission::of(run.clone())
    };
    bench.store.submit(&[after(&a, &b), after(&b, &c), Submission::of(c.clone())], 1).await.unwrap();
    let (_, said) = bench.run().await;
    let launched: Vec<_> = said
        .iter()
        .filter_map(|progress| {
            let Progress::Launched { run, .. } = progress else { return None };
            Some(run.clone())
        })
        .collect();
    assert_eq!(launched, [c, b, a]);
}

#[tokio::test]
async fn a_run_that_comes_after_one_that_failed_is_refused_with_the_reason() {
    let bench = Bench::new(2, script(5, 1, &json!({}))).await;
    let [a, b] = [0, 1].map(|index| bench.runs[index].clone());
    bench.script(&b, &script(5, 1, &json!({"0": {"fail": [2, "run"]}})));
    let after = Submission { after: Some(vec![b.clone()]), ..Submission::of(a.clone()) };
    bench.store.submit(&[after], 1).await.unwrap();
    let (summary, _) = bench.run().await;
    assert_eq!(summary.runs[&a], RunEnd::Refused(Refusal::After { run: b, why: "failed" }));
    let lines = bench.store.queue().await.unwrap();
    assert!(lines[0].refused.as_ref().unwrap().contains("which failed"), "{lines:?}");
}

#[tokio::test]
async fn a_run_that_comes_after_one_that_nobody_carries_out_is_refused_rather_than_waited_for() {
    let bench = Bench::new(3, script(5, 1, &json!({}))).await;
    let [other, a, b] = [0, 1, 2].map(|index| bench.runs[index].clone());
    let after = |run: &RunId, other: &RunId| Submission {
        after: Some(vec![other.clone()]),
        ..Submission::of(run.clone())
    };
    let all = [Submission::of(other.clone()), after(&a, &other), after(&b, &a)];
    bench.store.submit(&all, 1).await.unwrap();
    let (_stop, stopped) = watch::channel(Stop::No);
    let (sender, _said) = mpsc::unbounded_channel();
    let (mut scheduler, own) = (bench.scheduler(), [a.clone(), b.clone()]);
    let summary = in_time(Box::pin(scheduler.run(&own, sender, stopped))).await.unwrap();
    let RunEnd::Refused(Refusal::After { run, why }) = &summary.runs[&a] else { panic!("{summary:?}") };
    assert_eq!(*run, other);
    assert!(why.contains("run both"), "{why}");
    assert_eq!(summary.runs[&b], RunEnd::Refused(Refusal::After { run: a, why: "is not in the queue" }));
}

#[tokio::test]
async fn a_run_that_comes_after_one_that_is_paused_is_refused_once_nothing_else_is_at_work() {
    let bench = Bench::new(2, script(300, 5, &json!({}))).await;
    let [a, b] = [0, 1].map(|index| bench.runs[index].clone());
    let after = Submission { after: Some(vec![a.clone()]), ..Submission::of(b.clone()) };
    bench.store.submit(&[after], 1).await.unwrap();
    let run = bench.run_with(|progress, _| {
        if matches!(progress, Progress::Position { .. }) {
            let (store, run) = (bench.store.clone(), a.clone());
            tokio::spawn(async move { store.wish(&run, Wish::Pause, 1).await.unwrap() });
        }
    });
    let (summary, _) = in_time(Box::pin(run)).await;
    assert_eq!(summary.runs[&a], RunEnd::Waiting);
    assert_eq!(summary.runs[&b], RunEnd::Refused(Refusal::After { run: a, why: "is paused" }));
}

#[tokio::test]
async fn what_is_stopped_in_the_foreground_is_taken_out_of_the_queue_again() {
    let bench = Bench::new(2, script(4_000, 10, &json!({}))).await;
    bench
        .run_with(|progress, stop| {
            if matches!(progress, Progress::Position { .. }) {
                stop.send_replace(Stop::AfterCheckpoint);
            }
        })
        .await;
    assert!(bench.store.queue().await.unwrap().is_empty(), "a daemon would begin them");
}

fn log(bench: &Bench) -> String {
    std::fs::read_to_string(bench.folder(0).join(run_folder::LOG)).unwrap_or_default()
}

#[tokio::test]
async fn a_run_that_is_resumed_before_it_has_stopped_goes_on_all_the_same() {
    let bench = Bench::new(1, script(300, 5, &json!({"1": {"linger": true}}))).await;
    bench.store.submit(&submissions(&bench), 1).await.unwrap();
    let run = &bench.runs[0];
    serve(&bench, async {
        until("the worker trains", || bench.journal(run).contains("\"type\":\"step\"")).await;
        bench.store.wish(run, Wish::Pause, 1).await.unwrap();
        until("the worker is told", || log(&bench).contains("told to stop")).await;
        bench.store.wish(run, Wish::Resume, 1).await.unwrap();
        std::fs::write(bench.folder(0).join("enough"), "").unwrap();
        ended(&bench, 0).await;
    })
    .await;
    bench.assert_done(run, 300).await;
    assert_eq!(bench.outcomes(run).await, [Some(Outcome::Interrupted), Some(Outcome::Finished)]);
}
