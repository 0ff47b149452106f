//! Sweeps as they are kept.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod support;

use std::path::PathBuf;

use arclab_spec::{Cell, Event, ExperimentName, Position, Search, StopRule, Sweep, SweepAxis, VariantName};
use arclab_store::{Asker, Hold, Reach, Submission, SweepRecord, Wish, records::Outcome};

fn record(cells: &[&str]) -> SweepRecord {
    let axis =
        SweepAxis { key: "loss.margin".to_owned(), written: "[0.2, 0.8]".to_owned(), choices: Some(2) };
    let cell = |(variant, number): (&&str, u32)| {
        let values = vec![Some("0.2".to_owned())];
        (VariantName::new(*variant).unwrap(), Cell { number, point: vec![Some(0.25)], values })
    };
    SweepRecord {
        sweep: Sweep {
            name: ExperimentName::new("margin").unwrap(),
            axes: vec![axis],
            search: Search::Tpe { cells: 8, round: 2, seed: 1 },
            stop: Some(StopRule::Median { min_epochs: 2 }),
            runs: Some(9),
            hours: Some(1.5),
        },
        file: PathBuf::from("/lab/margin.yaml"),
        overrides: vec!["training.epochs=4".to_owned()],
        against: VariantName::new("baseline").unwrap(),
        cells: cells.iter().zip(0..).map(cell).collect(),
    }
}

#[tokio::test]
async fn a_sweep_comes_back_as_it_was_recorded_last_and_is_open_once_its_runs_are_in_the_queue() {
    let (_folder, store) = support::store().await;
    let name = record(&[]).sweep.name;
    assert_eq!(store.sweep(&name).await.unwrap(), None);
    store.record_sweep(&record(&["a", "b"]), 1).await.unwrap();
    store.record_sweep(&record(&["a", "c", "d"]), 2).await.unwrap();
    assert_eq!(store.sweep(&name).await.unwrap(), Some(record(&["a", "c", "d"])));
    assert!(store.open_sweeps().await.unwrap().is_empty(), "nobody is to carry it out yet");
    store.open_sweep(&name).await.unwrap();
    assert_eq!(store.open_sweeps().await.unwrap(), std::slice::from_ref(&name));
    let further =
        SweepRecord { sweep: Sweep { runs: None, ..record(&[]).sweep }, ..record(&["a", "c", "d", "e"]) };
    store.update_sweep(&further).await.unwrap();
    assert_eq!(store.sweep(&name).await.unwrap(), Some(further));
    assert_eq!(store.open_sweeps().await.unwrap(), std::slice::from_ref(&name), "also while it is extended");
    store.close_sweep(&name, &[]).await.unwrap();
    assert!(store.open_sweeps().await.unwrap().is_empty());
}

#[tokio::test]
async fn runs_of_a_sweep_are_those_of_its_baseline_and_cells_as_far_as_they_are() {
    let (_folder, store) = support::store().await;
    let specs = [("baseline", 0.5), ("a", 0.2), ("other", 0.8)]
        .map(|(name, margin)| support::spec("margin", name, margin, &[0, 1]));
    let planned = support::plan(&store, &specs, 1).await;
    store.record_sweep(&record(&["a"]), 1).await.unwrap();
    let run = &planned[2].run;
    store.submit(&[Submission { reach: Reach::Epoch(2), ..Submission::of(run.clone()) }], 1).await.unwrap();
    store.hold(run, Some(Hold::Search)).await.unwrap();
    let runs = store.sweep_runs(&record(&["a"])).await.unwrap();
    let names: Vec<_> = runs.iter().map(|run| (run.variant.as_str(), run.seed)).collect();
    assert_eq!(names, [("a", 0), ("a", 1), ("baseline", 0), ("baseline", 1)]);
    let (first, second) = (&runs[0], &runs[1]);
    assert_eq!((first.until_epoch, first.held, first.is_submitted), (Some(2), Some(Hold::Search), true));
    assert_eq!((second.until_epoch, second.held, second.is_submitted), (None, None, false));
    assert!(
        runs.iter().all(|run| !run.has_begun
            && run.curve.is_empty()
            && run.epochs == specs[0].config.training.epochs)
    );
}

#[tokio::test]
async fn resumed_by_a_person_a_cell_goes_as_far_as_it_was_to_and_one_that_the_search_stopped_to_its_end() {
    let (_folder, store) = support::store().await;
    let run = support::planned_run(&store, "a").await;
    let until = |epoch| Submission { reach: epoch, ..Submission::of(run.clone()) };
    store.submit(&[until(Reach::Epoch(2))], 1).await.unwrap();
    for (hold, left) in [(Hold::Person, Some(2)), (Hold::Search, None)] {
        store.submit(&[until(Reach::AsBefore)], 2).await.unwrap();
        store.hold(&run, Some(hold)).await.unwrap();
        store.wish(&run, Wish::Resume, 3).await.unwrap();
        assert_eq!(store.job(&run).await.unwrap().until_epoch, left);
    }
}

#[tokio::test]
async fn what_is_asked_for_to_its_end_and_waits_a_sweep_does_not_shorten() {
    let (_folder, store) = support::store().await;
    let run = support::planned_run(&store, "a").await;
    let until = |reach| Submission { reach, ..Submission::of(run.clone()) };
    store.submit(&[until(Reach::End)], 1).await.unwrap();
    store.submit(&[until(Reach::Epoch(2))], 2).await.unwrap();
    assert_eq!(store.job(&run).await.unwrap().until_epoch, None);
    store.withdraw(std::slice::from_ref(&run)).await.unwrap();
    store.submit(&[until(Reach::Epoch(2))], 3).await.unwrap();
    assert_eq!(store.job(&run).await.unwrap().until_epoch, Some(2), "nobody else asks for it any more");
    store.submit(&[until(Reach::Epoch(4))], 4).await.unwrap();
    assert_eq!(store.job(&run).await.unwrap().until_epoch, Some(4), "its own search lets it go on");
}

#[tokio::test]
async fn a_pause_leaves_a_cell_to_its_search_which_does_not_end_the_pause() {
    let (_folder, store) = support::store().await;
    let specs = [support::spec("margin", "a", 0.2, &[0])];
    let run = support::plan(&store, &specs, 1).await[0].run.clone();
    let until = |epoch| Submission { reach: Reach::Epoch(epoch), ..Submission::of(run.clone()) };
    let stands = async || {
        let run = store.sweep_runs(&record(&["a"])).await.unwrap().remove(0);
        (run.held, run.until_epoch)
    };
    store.submit(&[until(2)], 1).await.unwrap();
    store.hold(&run, Some(Hold::Search)).await.unwrap();
    store.wish(&run, Wish::Pause, 2).await.unwrap();
    assert_eq!(store.queue().await.unwrap()[0].held, Some(Hold::Person), "people see that it is paused");
    store.wish(&run, Wish::Resume, 3).await.unwrap();
    assert_eq!(stands().await, (Some(Hold::Search), Some(2)), "it waits for the others as before");

    store.wish(&run, Wish::Pause, 4).await.unwrap();
    store.submit(&[Submission { asker: Asker::Search, ..until(4) }], 5).await.unwrap();
    assert_eq!(
        stands().await,
        (Some(Hold::Person), Some(4)),
        "it may go on, and does not before it is resumed"
    );
    store.wish(&run, Wish::Resume, 6).await.unwrap();
    assert_eq!(stands().await, (None, Some(4)));
}

#[tokio::test]
async fn cells_that_a_sweep_no_longer_has_leave_the_queue_unless_somebody_else_asks_for_them() {
    let (_folder, store) = support::store().await;
    let specs = [("baseline", 0.5), ("a", 0.2), ("b", 0.3), ("c", 0.4)]
        .map(|(name, margin)| support::spec("margin", name, margin, &[0]));
    let planned = support::plan(&store, &specs, 1).await;
    store.record_sweep(&record(&["a", "b", "c"]), 1).await.unwrap();
    let reaches = [Reach::End, Reach::Epoch(2), Reach::Epoch(2), Reach::End];
    let submissions: Vec<_> = planned
        .iter()
        .zip(reaches)
        .map(|(planned, reach)| Submission { reach, ..Submission::of(planned.run.clone()) })
        .collect();
    store.submit(&submissions, 1).await.unwrap();
    store.record_sweep(&record(&["a"]), 2).await.unwrap();
    let left: Vec<_> =
        store.queue().await.unwrap().into_iter().map(|line| line.variant.to_string()).collect();
    assert_eq!(left, ["baseline", "a", "c"], "the last was asked for to its end");
}

#[tokio::test]
async fn a_cell_that_is_done_afresh_has_shown_nothing_and_one_that_was_stopped_early_can_be() {
    let (_folder, store) = support::store().await;
    let specs = [support::spec("margin", "a", 0.2, &[0])];
    let run = support::plan(&store, &specs, 1).await[0].run.clone();
    store.submit(&[Submission { reach: Reach::Epoch(2), ..Submission::of(run.clone()) }], 1).await.unwrap();
    store.begin_attempt(&run, &support::launch(1)).await.unwrap();
    let at = Position { epoch: 1, step: 2 };
    let epoch = Event::Epoch { at, metrics: [("validation_accuracy".to_owned(), 0.75)].into() };
    let lines = [support::started(), epoch].map(|event| support::line(1, event));
    support::apply(&store, &run, 0, 10, lines.into()).await;
    store.settle(&run, &support::settlement(1, Outcome::Interrupted)).await.unwrap();
    store.close_sweep(&record(&[]).sweep.name, std::slice::from_ref(&run)).await.unwrap();
    let stands = async || store.sweep_runs(&record(&["a"])).await.unwrap().remove(0);
    assert_eq!(stands().await.curve, [0.75]);
    assert_eq!(stands().await.seconds, 1.5, "since its worker's first word, a second after it was launched");
    store.enqueue(&run, true, 2).await.unwrap();
    assert_eq!(stands().await.curve, [0.0; 0]);
}
