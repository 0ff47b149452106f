//! A scheduler that asks somebody which runs go on.

mod support;

use arclab_scheduler::{Advised, Advisor, RunEnd, Stop};
use arclab_spec::{RunId, RunState};
use arclab_store::{Hold, Store, Submission};
use serde_json::json;
use support::{Bench, script};
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

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_its_search_holds_is_no_longer_waited_for() {
    let bench = Bench::new(1, script(3, 1, &json!({}))).await;
    let run = &bench.runs[0];
    bench.store.submit(&[Submission::of(run.clone())], 1).await.unwrap();
    bench.store.hold(run, Some(Hold::Search)).await.unwrap();
    assert!(!bench.store.is_stopped_early(run).await.unwrap(), "it may go on yet");
    bench
        .store
        .close_sweep(&arclab_spec::ExperimentName::new("none").unwrap(), std::slice::from_ref(run))
        .await
        .unwrap();
    assert!(bench.store.is_stopped_early(run).await.unwrap());
    assert!(matches!(bench.state(run).await, RunState::Queued { .. }), "and can be asked for again");
}
