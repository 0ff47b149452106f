//! Storing journals and moving runs: everything once, whichever process dies.

mod support;

use arclab_spec::{Attempt, Event, FailureKind, Position, ProtocolName, RunState};
use arclab_store::{
    Enqueued, JournalBatch, StoreError,
    records::{MetricPoint, MetricScope, Outcome, Reported},
};
use support::{
    apply, attempt, carry_out, evaluated, evaluation, finished, launch, line, pair_list, planned_run,
    settlement, started, step, store,
};

#[tokio::test]
async fn what_a_worker_reports_can_be_read_again() {
    let (_folder, store) = store().await;
    let run = planned_run(&store, "baseline").await;
    carry_out(&store, &run, 5).await;
    let record = store.run(&run).await.unwrap();
    assert_eq!(record.state, RunState::Succeeded { attempt: Attempt::FIRST });
    assert_eq!(record.duration_seconds, 2.5);
    let last = record.last_attempt.unwrap();
    assert_eq!(last.reported, Some(Reported::Finished));
    let used = last.used.unwrap();
    assert_eq!((used.peak_memory_bytes, used.peak_gpu_memory_bytes), (1 << 20, Some(3 << 30)));
    assert_eq!(last.gpu_memory_bytes, Some(4 << 30));
    assert_eq!(last.worker.unwrap().kernels, "avx2");
    assert_eq!(last.provenance.git_dirty, Some(false));
    assert_eq!(last.end.unwrap().outcome, Outcome::Finished);
    let found = store.evaluations(&run).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].evaluation, evaluation(5, 1));
    assert!((found[0].threshold.unwrap() - 0.3).abs() < 1e-12);
    let open = ProtocolName::new("open").unwrap();
    let scores = store.scores(&run, &open).await.unwrap().unwrap();
    assert_eq!(scores.scores.len(), 13);
    assert_eq!(scores.scores[3], -0.625);
    let list = store.pair_list(&scores.pair_list).await.unwrap().unwrap();
    assert_eq!(list, pair_list("open", 13));
    assert!(store.scores(&run, &ProtocolName::new("lfw").unwrap()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_batch_is_stored_once_and_only_after_what_came_before_it() {
    let (_folder, store) = store().await;
    let run = planned_run(&store, "baseline").await;
    store.begin_attempt(&run, &launch(1)).await.unwrap();
    let batch = JournalBatch { from: 0, to: 50, entries: vec![line(1, step(1, 2.0))], skipped: 1 };
    store.apply_journal(&run, &batch).await.unwrap();
    let again = store.apply_journal(&run, &batch).await.unwrap_err();
    assert!(matches!(again, StoreError::JournalMoved { stored: 50, from: 0, .. }), "{again}");
    let job = store.job(&run).await.unwrap();
    assert_eq!((job.journal_offset, job.skipped_lines), (50, 1));
}

#[tokio::test]
async fn a_batch_that_cannot_be_stored_whole_leaves_nothing() {
    let (_folder, store) = store().await;
    let run = planned_run(&store, "baseline").await;
    store.begin_attempt(&run, &launch(1)).await.unwrap();
    let mut broken = evaluated(1, "open", 5);
    broken.evaluated.as_mut().unwrap().pairs = None;
    let entries = vec![line(1, step(1, 2.0)), broken];
    let batch = JournalBatch { from: 0, to: 50, entries, skipped: 0 };
    store.apply_journal(&run, &batch).await.unwrap_err();
    assert!(store.metrics(&run, "loss").await.unwrap().is_empty());
    assert_eq!(store.job(&run).await.unwrap().journal_offset, 0);
}

#[tokio::test]
async fn steps_that_are_done_again_replace_what_they_said() {
    let (_folder, store) = store().await;
    let run = planned_run(&store, "baseline").await;
    store.begin_attempt(&run, &launch(1)).await.unwrap();
    let epoch =
        Event::Epoch { at: Position { epoch: 1, step: 2 }, metrics: [("loss".to_owned(), 1.5)].into() };
    apply(&store, &run, 0, 10, vec![line(1, step(1, 2.0)), line(1, step(2, 1.0)), line(1, epoch)]).await;
    store.settle(&run, &settlement(1, Outcome::Retried)).await.unwrap();
    store.begin_attempt(&run, &launch(2)).await.unwrap();
    apply(&store, &run, 10, 20, vec![line(2, step(2, 1.25)), line(2, step(3, 0.5))]).await;
    let point = |scope, epoch, step, value| MetricPoint { scope, epoch, step, value };
    let expected = [
        point(MetricScope::Step, 0, 1, 2.0),
        point(MetricScope::Step, 0, 2, 1.25),
        point(MetricScope::Step, 0, 3, 0.5),
        point(MetricScope::Epoch, 1, 2, 1.5),
    ];
    assert_eq!(store.metrics(&run, "loss").await.unwrap(), expected);
    assert!(store.metrics(&run, "speed").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_late_report_from_an_earlier_attempt_moves_nothing() {
    let (_folder, store) = store().await;
    let run = planned_run(&store, "baseline").await;
    store.begin_attempt(&run, &launch(1)).await.unwrap();
    store.settle(&run, &settlement(1, Outcome::Retried)).await.unwrap();
    store.begin_attempt(&run, &launch(2)).await.unwrap();
    let failed =
        Event::Failed { kind: FailureKind::Run, message: "late".to_owned(), at: None, out_of_memory: false };
    apply(&store, &run, 0, 10, vec![line(1, step(7, 3.0)), line(1, failed), line(1, finished())]).await;
    let attempts = store.attempts(&run).await.unwrap();
    assert_eq!(attempts.iter().map(|a| a.reported).collect::<Vec<_>>(), [None, None]);
    assert_eq!(attempts[0].failure.as_ref().unwrap().message, "no");
    assert_eq!(store.run(&run).await.unwrap().state, RunState::Running { attempt: attempt(2) });
    assert_eq!(store.metrics(&run, "loss").await.unwrap().len(), 1);
    let late = store.settle(&run, &settlement(1, Outcome::Finished)).await.unwrap_err();
    assert!(matches!(late, StoreError::Illegal { .. }), "{late}");
}

#[tokio::test]
async fn numbers_that_are_not_finite_are_left_out() {
    let (_folder, store) = store().await;
    let run = planned_run(&store, "baseline").await;
    store.begin_attempt(&run, &launch(1)).await.unwrap();
    apply(&store, &run, 0, 10, vec![line(1, step(1, f64::NAN)), line(1, step(2, 1.0))]).await;
    assert_eq!(store.metrics(&run, "loss").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_run_done_afresh_drops_its_results_when_it_begins() {
    let (_folder, store) = store().await;
    let run = planned_run(&store, "baseline").await;
    carry_out(&store, &run, 5).await;
    assert_eq!(store.enqueue(&run, true, 4_000).await.unwrap(), Enqueued::Waiting);
    assert_eq!(store.evaluations(&run).await.unwrap().len(), 1);
    assert!(store.job(&run).await.unwrap().afresh);
    store.begin_attempt(&run, &launch(2)).await.unwrap();
    assert!(store.evaluations(&run).await.unwrap().is_empty());
    assert!(!store.job(&run).await.unwrap().afresh);
    apply(&store, &run, 100, 200, vec![line(2, started())]).await;
    assert_eq!(store.running().await.unwrap(), [run]);
}

#[tokio::test]
async fn writers_wait_for_one_another() {
    let (folder, store) = store().await;
    let mut writing = Vec::new();
    for name in ["a", "ab", "abc", "abcd"] {
        let run = planned_run(&store, name).await;
        store.begin_attempt(&run, &launch(1)).await.unwrap();
        let store = arclab_store::Store::open(folder.path()).await.unwrap();
        writing.push(tokio::spawn(async move {
            for i in 0..20 {
                apply(&store, &run, i, i + 1, vec![line(1, step(i, 1.0))]).await;
            }
            store.metrics(&run, "loss").await.unwrap().len()
        }));
    }
    for written in writing {
        assert_eq!(written.await.unwrap(), 20);
    }
}
