//! A scheduler that asks somebody which runs go on.

mod support;

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use arclab_scheduler::{Advised, Advisor, RunEnd, Stop};
use arclab_spec::{
    Assignment, Event, ExperimentName, JOURNAL_VERSION, JournalLine, PLAN_VERSION, Position, RunId, RunState,
    config::DeviceRequest, run_folder,
};
use arclab_store::{Hold, QueueRecord, Reach, Store, Submission, records::Outcome};
use serde_json::json;
use support::{Bench, attempt, in_time, script, until};
use tokio::sync::{mpsc, watch};

/// Lets each run of a list follow once those before it have stopped.
#[derive(Debug)]
struct OneByOne {
    store: Store,
    left: Vec<RunId>,
}

impl Advisor for OneByOne {
    fn advise(&mut self) -> Advised<'_> {
        Box::pin(async {
            let next = self.left.pop();
            let submissions: Vec<_> = next.iter().cloned().map(Submission::of).collect();
            self.store.submit(&submissions, 1).await?;
            Ok(next.into_iter().collect())
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_advisor_puts_in_the_queue_is_carried_out_too() {
    let bench = Bench::new(3, script(3, 1, &json!({}))).await;
    let mut scheduler = bench.scheduler();
    let (first, left) = bench.runs.split_first().unwrap();
    scheduler.heed(Box::new(OneByOne { store: bench.store.clone(), left: left.to_vec() }));
    let (_stop, stopped) = watch::channel(Stop::No);
    let (sender, _said) = mpsc::unbounded_channel();
    let summary = scheduler.run(std::slice::from_ref(first), sender, stopped).await.unwrap();
    assert_eq!(summary.runs.len(), 3);
    assert!(summary.runs.values().all(|end| *end == RunEnd::Finished), "{summary:?}");
}

/// Counts how often it is asked.
#[derive(Debug)]
struct Counts(Arc<AtomicUsize>);

impl Advisor for Counts {
    fn advise(&mut self) -> Advised<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(Vec::new()) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_asks_the_advisor_again_only_once_somebody_has_written() {
    let bench = Bench::new(1, script(3, 1, &json!({}))).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let mut scheduler = bench.scheduler();
    scheduler.heed(Box::new(Counts(Arc::clone(&asked))));
    let (stop, stopped) = watch::channel(Stop::No);
    let (sender, _said) = mpsc::unbounded_channel();
    let people = async {
        let count = || asked.load(Ordering::Relaxed);
        // As it begins, and as it looks at the store for the first time.
        until("it is asked", || count() == 2).await;
        tokio::time::sleep(bench.poll * 50).await;
        assert_eq!(count(), 2);
        bench.store.hold(&bench.runs[0], Some(Hold::Search)).await.unwrap();
        until("it is asked again", || count() == 3).await;
        stop.send_replace(Stop::AfterCheckpoint);
    };
    tokio::join!(scheduler.serve(sender, stopped), people).0.unwrap();
}

/// Ends the sweep as soon as nothing of it goes on.
#[derive(Debug)]
struct Ends(Store);

impl Advisor for Ends {
    fn advise(&mut self) -> Advised<'_> {
        Box::pin(async {
            let held = |line: &QueueRecord| line.held == Some(Hold::Search);
            let held: Vec<RunId> =
                self.0.queue().await?.into_iter().filter(held).map(|line| line.run).collect();
            self.0.close_sweep(&ExperimentName::new("margin")?, &held).await?;
            Ok(Vec::new())
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_its_search_holds_is_no_longer_waited_for() {
    let bench = Bench::new(1, script(20, 1, &json!({}))).await;
    let run = &bench.runs[0];
    let first = Submission { reach: Reach::Epoch(2), ..Submission::of(run.clone()) };
    bench.store.submit(&[first], 1).await.unwrap();
    let mut scheduler = bench.scheduler();
    scheduler.heed(Box::new(Ends(bench.store.clone())));
    let (_stop, stopped) = watch::channel(Stop::No);
    let (sender, _said) = mpsc::unbounded_channel();
    let summary = in_time(Box::pin(scheduler.run(&bench.runs, sender, stopped))).await.unwrap();
    assert_eq!(summary.runs[run], RunEnd::StoppedEarly);
    assert_eq!(bench.state(run).await, RunState::Queued { next: attempt(2) }, "and can be asked for again");
    drop(scheduler);
    bench.store.submit(&[Submission::of(run.clone())], 1).await.unwrap();
    bench.run().await;
    bench.assert_done(run, 20).await;
}

#[tokio::test]
async fn a_run_that_somebody_asks_for_to_its_end_goes_on_from_where_its_search_had_its_worker_pause() {
    let bench = Bench::new(1, script(10, 1, &json!({}))).await;
    bench.launched(1).await;
    let run = &bench.runs[0];
    let record = bench.store.job(run).await.unwrap();
    assert_eq!(record.until_epoch, None, "as it is asked for now");
    let told = Assignment {
        version: PLAN_VERSION,
        run: run.clone(),
        variant: record.variant,
        attempt: attempt(1),
        plan: record.plan,
        device: DeviceRequest::Cpu,
        gpu_memory_bytes: None,
        deterministic: true,
        until_epoch: Some(1),
        parts: None,
        threads: 1,
        cache: bench.store.cache(),
    };
    fs::write(bench.folder(0).join(run_folder::PLAN), serde_json::to_vec(&told).unwrap()).unwrap();
    let event = Event::Interrupted { at: Position { epoch: 1, step: 4 } };
    let line = JournalLine { version: JOURNAL_VERSION, attempt: attempt(1), at_ms: 1, event };
    fs::write(bench.folder(0).join(run_folder::EVENTS), serde_json::to_string(&line).unwrap() + "\n")
        .unwrap();
    bench.run().await;
    assert_eq!(
        bench.outcomes(run).await,
        [Some(Outcome::Interrupted), Some(Outcome::Finished)],
        "nothing died"
    );
}
