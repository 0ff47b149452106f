//! Sweeps from end to end: who is stopped early, who goes on, and that a search is the same whatever interrupts it.

mod support;

use std::{collections::BTreeMap, process::Stdio, thread, time::Duration};

use serde_json::Value;
use support::{Lab, text};

const ASHA: &str = "extends: ../specs/baseline.yaml\nhypothesis: Margins matter.\n\
    sweep:\n  axes: {loss.margin: [0.1, 0.3, 0.5, 0.9]}\n  stop: {rule: asha, min_epochs: 1, reduction: 2}\n\
    training: {epochs: 4, seeds: [0, 1]}\n";
const TPE: &str = "extends: ../specs/baseline.yaml\nhypothesis: Margins matter.\n\
    sweep:\n  axes: {loss.margin: {from: 0.1, to: 0.9}, loss.scale: [16, 64]}\n  search: tpe\n  cells: 7\n  round: 3\n\
    training: {epochs: 2}\n";

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("what programs get is JSON")
}

/// The rows of a table of the sweep, as programs get them.
fn rows(lab: &Lab, store: &str, experiment: &str, table: &str) -> Vec<Value> {
    let all =
        json(&lab.succeed(&["--store", store, "compare", "--experiment", experiment, "--json", "--quiet"]));
    all[table].as_array().unwrap_or_else(|| panic!("{all}")).clone()
}

/// Epochs done and how it stands, by variant.
fn ends(lab: &Lab, store: &str) -> BTreeMap<String, (u64, String)> {
    let of = |row: &Value| {
        let word = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        (word("variant"), (row["epochs"].as_u64().unwrap_or(0), word("stands")))
    };
    rows(lab, store, "margin", "sweep").iter().map(of).collect()
}

#[test]
fn half_of_the_cells_stop_after_an_epoch_and_the_best_goes_on_from_its_checkpoint_to_what_it_would_have_come_to()
 {
    let lab = Lab::new();
    lab.write("sweeps/margin.yaml", ASHA);
    let said = lab.succeed(&["--store", "asha", "run", "sweeps/margin.yaml"]);
    assert!(said.contains("stopped early"), "{said}");
    let ends = ends(&lab, "asha");
    assert_eq!(ends["baseline"], (3, "held against".to_owned()), "it has its own epochs, all of them");
    let done: Vec<u64> =
        ends.iter().filter(|(name, _)| *name != "baseline").map(|(_, (epochs, _))| *epochs).collect();
    assert!(done.contains(&4) && done.contains(&1), "{ends:?}");
    assert_eq!(done.iter().filter(|epochs| **epochs > 1).count(), 2, "a half of four: {ends:?}");
    let best = ends.iter().find(|(_, (_, stands))| stands == "best").map(|(name, _)| name.clone());
    let best = best.unwrap_or_else(|| panic!("{ends:?}"));

    lab.succeed(&["--store", "whole", "run", "sweeps/margin.yaml", "--quiet", "--set", "sweep.stop=null"]);
    let tested = |store: &str| {
        let rows = rows(&lab, store, "margin", "accuracy");
        rows.into_iter()
            .find(|row| row["variant"] == best.as_str())
            .map(|row| (row["open"].clone(), row["open_std"].clone()))
    };
    assert!(tested("whole").is_some());
    assert_eq!(tested("asha"), tested("whole"), "pauses change no number");

    let again = lab.arclab(&["--store", "asha", "run", "sweeps/margin.yaml"]);
    assert!(again.status.success() && !text(&again.stderr).contains("begins"), "{}", text(&again.stderr));
    assert_eq!(self::ends(&lab, "asha"), ends, "what is over stays so");
}

/// Margins and scales of all cells, in their order.
fn cells(lab: &Lab, store: &str) -> Vec<Value> {
    let rows = rows(lab, store, "margin", "sweep");
    rows.iter()
        .map(|row| serde_json::json!([row["loss.margin"], row["loss.scale"], row["validation_accuracy"]]))
        .collect()
}

#[test]
fn a_search_by_results_proposes_the_same_trials_in_another_store_whatever_interrupts_it() {
    let lab = Lab::new();
    lab.write("sweeps/margin.yaml", TPE);
    lab.succeed(&["--store", "one", "run", "sweeps/margin.yaml", "--quiet"]);
    let undisturbed = cells(&lab, "one");
    assert_eq!(undisturbed.len(), 1 + 7, "{undisturbed:?}");

    let mut status = None;
    for turn in 0..100 {
        let mut run = lab.command(["--store", "two", "run", "sweeps/margin.yaml", "--quiet", "--jobs", "2"]);
        let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("arclab starts");
        // Longer each time, so that it comes to its end on the slowest machine.
        thread::sleep(Duration::from_millis(400 + 300 * turn));
        // One that has ended cannot be interrupted.
        let pid = nix::unistd::Pid::from_raw(run.id() as i32);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).ok();
        status = run.wait().expect("arclab ends").code();
        if status == Some(0) {
            break;
        }
        // Without a code where it came before anybody listened for it.
        assert!(matches!(status, Some(130) | None), "{status:?}");
    }
    assert_eq!(status, Some(0), "it comes to its end");
    assert_eq!(cells(&lab, "two"), undisturbed);
}

#[test]
fn a_daemon_carries_a_sweep_on_that_was_submitted() {
    let lab = Lab::new();
    lab.write("sweeps/margin.yaml", ASHA);
    lab.succeed(&["--store", "queue", "submit", "sweeps/margin.yaml", "--quiet"]);
    let daemon = lab
        .command(["--store", "queue", "daemon", "--quiet"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut daemon = daemon.expect("arclab starts");
    let is_over =
        |ends: &BTreeMap<String, (u64, String)>| ends.values().all(|(_, stands)| stands != "to go on");
    let ends = (0..600).find_map(|_| {
        thread::sleep(Duration::from_millis(500));
        Some(ends(&lab, "queue")).filter(is_over)
    });
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(daemon.id() as i32), nix::sys::signal::Signal::SIGINT)
        .ok();
    daemon.wait().expect("the daemon ends");
    let ends = ends.expect("the sweep ends");
    assert!(
        ends.values().any(|(_, stands)| stands == "best")
            && ends.values().any(|(_, stands)| stands == "stopped early"),
        "{ends:?}"
    );
}

#[test]
fn a_sweep_that_would_stop_runs_by_the_tests_is_refused() {
    let lab = Lab::new();
    lab.write("sweeps/margin.yaml", &ASHA.replace("rule: asha", "rule: asha, metric: open.accuracy"));
    let output = lab.arclab(&["run", "sweeps/margin.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("cannot stop cells by `open.accuracy`"),
        "{}",
        text(&output.stderr)
    );
    assert!(!lab.path().join(".arclab").exists());
}
