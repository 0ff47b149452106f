//! Whole runs of the worker program: what they report and what they leave.

mod support;

use std::{fs, process::Command};

use arclab_spec::{Event, Position, run_folder, run_folder::exit};
use support::{RunFolder, assert_same_results, epoch_numbers};

fn kinds(events: &[Event]) -> Vec<&'static str> {
    let kind = |event: &Event| match event {
        Event::Started(_) => Some("started"),
        Event::Step { .. } => Some("step"),
        Event::Epoch { .. } => Some("epoch"),
        Event::Checkpoint { .. } => Some("checkpoint"),
        Event::Evaluated { .. } => Some("evaluated"),
        Event::Heartbeat(_) => None,
        Event::Interrupted { .. } => Some("interrupted"),
        Event::Finished { .. } => Some("finished"),
        Event::Failed { .. } => Some("failed"),
    };
    let mut kinds: Vec<_> = events.iter().filter_map(kind).collect();
    kinds.dedup();
    kinds
}

#[test]
fn a_run_reports_each_step_and_epoch_and_leaves_weights_scores_and_predictions() {
    let run = RunFolder::new();
    assert_eq!(run.finish(), i32::from(exit::FINISHED), "{}", run.log());
    let events = run.events();
    let epoch = ["step", "epoch", "checkpoint"];
    let expected = [&["started"][..], &epoch, &epoch, &["evaluated", "finished"]].concat();
    assert_eq!(kinds(&events), expected);

    let started = events.iter().find_map(|event| if let Event::Started(s) = event { Some(s) } else { None });
    let started = started.unwrap();
    assert_eq!((started.from, started.epochs, &*started.device), (Position::default(), 2, "cpu"));
    let steps: Vec<u64> = events
        .iter()
        .filter_map(|e| if let Event::Step { at, .. } = e { Some(at.step) } else { None })
        .collect();
    assert_eq!(steps, (1..=started.steps).collect::<Vec<_>>());
    for event in &events {
        let Event::Step { metrics, .. } = event else { continue };
        for name in [
            "loss",
            "learning_rate",
            "images_per_second",
            "data_seconds",
            "forward_seconds",
            "backward_seconds",
        ] {
            assert!(metrics.contains_key(name), "{name} is missing from {metrics:?}");
        }
    }
    let epochs = epoch_numbers(&events);
    assert_eq!(epochs.len(), 2);
    assert!(epochs.iter().all(|epoch| (0.0..=1.0).contains(&epoch["validation_accuracy"])), "{epochs:?}");
    assert!(epochs[1]["loss"] < epochs[0]["loss"], "{epochs:?}");
}

#[test]
fn evaluations_agree_with_the_files_beside_them() {
    let run = RunFolder::new();
    assert_eq!(run.finish(), i32::from(exit::FINISHED), "{}", run.log());
    let mut found = Vec::new();
    for event in run.events() {
        let Event::Evaluated { protocol, evaluation, scores, .. } = event else { continue };
        let bytes = fs::read(run.file(&scores)).unwrap();
        assert_eq!(bytes.len() as u64, 4 * evaluation.confusion.pairs(), "{scores}");
        let name = format!("{protocol}_{}_predict.txt", run.assignment.run);
        let text = fs::read_to_string(run.file(&name)).unwrap();
        let pairs: Vec<Vec<&str>> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split('\t').collect())
            .collect();
        let wrong =
            |decision, truth| pairs.iter().filter(|p| p[4] == decision && p[5] == truth).count() as u64;
        assert_eq!(wrong("same", "different"), evaluation.confusion.false_positives, "{name}");
        assert_eq!(wrong("different", "same"), evaluation.confusion.false_negatives, "{name}");
        assert!(text.contains(&evaluation.thresholds[0].to_string()), "{text}");
        found.push(protocol.to_string());
    }
    assert_eq!(found, ["closed", "open"]);
}

#[test]
fn the_number_of_threads_changes_nothing_that_is_kept() {
    let one = RunFolder::new();
    let mut two = RunFolder::new();
    two.assignment.threads = 2;
    two.write_plan();
    assert_eq!((one.finish(), two.finish()), (0, 0), "{}{}", one.log(), two.log());
    assert_same_results(&one, &two);
    assert_eq!(epoch_numbers(&one.events()), epoch_numbers(&two.events()));
}

#[test]
fn another_seed_gives_other_weights() {
    let one = RunFolder::new();
    let mut other = RunFolder::new();
    other.assignment.plan.seed = 8;
    other.write_plan();
    assert_eq!((one.finish(), other.finish()), (0, 0), "{}{}", one.log(), other.log());
    assert_ne!(one.results()[run_folder::WEIGHTS], other.results()[run_folder::WEIGHTS]);
}

#[test]
fn a_finished_run_started_again_only_tests_again() {
    let mut run = RunFolder::new();
    assert_eq!(run.finish(), 0, "{}", run.log());
    let (results, before) = (run.results(), run.journal().len());
    run.next_attempt();
    assert_eq!(run.finish(), 0, "{}", run.log());
    assert_eq!(run.results(), results);
    let events: Vec<Event> = run.journal().split_off(before).into_iter().map(|line| line.event).collect();
    assert_eq!(kinds(&events), ["started", "evaluated", "finished"]);
}

#[test]
fn a_worker_tells_what_it_can_do() {
    let output = Command::new(env!("CARGO_BIN_EXE_arclab-worker")).arg("abilities").output().unwrap();
    let abilities: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(abilities["plan_version"], arclab_spec::PLAN_VERSION);
    assert!(abilities["cuda"].as_str().is_some_and(|reason| !reason.is_empty()), "{abilities}");
    let libraries = abilities["libraries"].as_array().unwrap();
    assert_eq!(libraries.len(), 7);
    for library in libraries {
        assert!(library["path"].is_string() || library["wrong"].is_string(), "{library}");
        assert!(library["install"].is_string() && library["purpose"].is_string(), "{library}");
    }
}
