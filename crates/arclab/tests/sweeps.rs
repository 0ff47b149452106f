//! Sweeps from end to end: who is stopped early, who goes on, and that a search is the same whatever interrupts it.

mod support;

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    process::Stdio,
    thread,
    time::Duration,
};

use arclab_spec::ExperimentName;
use arclab_store::Store;
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

    let forced = text(&lab.arclab(&["--store", "asha", "run", "sweeps/margin.yaml", "--force"]).stderr);
    let begun =
        |variant: &str| forced.lines().any(|line| line.starts_with(variant) && line.contains("begins"));
    assert!(ends.keys().all(|variant| begun(variant)), "also what was stopped early: {forced}");
    assert_eq!(self::ends(&lab, "asha"), ends, "and by what it shows now, to the same");
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
    let is_over = |ends: &BTreeMap<String, (u64, String)>| {
        ends.values().all(|(_, stands)| !["to go on", "waits for its search"].contains(&&**stands))
    };
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

#[tokio::test]
async fn neither_does_a_sweep_shorten_what_somebody_asked_for_nor_does_a_retry_take_a_cell_out_of_its_sweep()
{
    let lab = Lab::new();
    lab.write("sweeps/margin.yaml", ASHA);
    let whole = "extends: baseline.yaml\nhypothesis: M.\nloss: {margin: 0.1}\ntraining: {epochs: 4}\n";
    lab.write("specs/m0.1.yaml", whole);
    lab.succeed(&["submit", "specs/m0.1.yaml", "--quiet"]);
    lab.succeed(&["submit", "sweeps/margin.yaml", "--quiet"]);
    lab.succeed(&["queue", "cancel", "margin-0.3", "--experiment", "margin", "--quiet"]);
    lab.succeed(&["queue", "retry", "margin-0.3", "--experiment", "margin", "--quiet"]);
    let store = Store::open(lab.path().join(".arclab")).await.expect("there is a store");
    let name = ExperimentName::new("margin").expect("it is a name");
    let record = store.sweep(&name).await.expect("it is read").expect("there is a sweep");
    let runs = store.sweep_runs(&record).await.expect("they are read");
    let until = |variant: &str, seed| {
        let run = runs.iter().find(|run| run.variant.as_str() == variant && run.seed == seed);
        run.map(|run| (run.is_submitted, run.until_epoch))
    };
    assert_eq!(until("margin-0.1", 0), Some((true, None)));
    assert_eq!(until("margin-0.1", 1), Some((true, Some(1))), "this one the sweep alone asks for");
    assert_eq!(until("margin-0.3", 0), Some((true, Some(1))));
}

#[test]
fn sweeps_of_one_folder_are_each_shown_once() {
    let lab = Lab::new();
    for (name, margins) in [("a", "[0.2, 0.4]"), ("b", "[0.3, 0.5]")] {
        lab.write(
            &format!("sweeps/{name}.yaml"),
            &format!(
                "extends: ../specs/baseline.yaml\nhypothesis: M.\nsweep: {{axes: {{loss.margin: {margins}}}}}\ntraining: {{epochs: 1}}\n"
            ),
        );
    }
    let said = lab.succeed(&["run", "sweeps", "--quiet", "--set", "training.epochs=1"]);
    assert_eq!(said.matches("Cells of the sweep").count(), 2, "{said}");
    // All succeeded.
    assert_eq!(
        json(&lab.succeed(&["submit", "sweeps", "--json", "--quiet", "--set", "training.epochs=1"])),
        json("[]")
    );
}

#[test]
fn once_its_hours_are_spent_a_sweep_begins_no_further_cell_however_often_it_is_asked_for() {
    let lab = Lab::new();
    let hours = ASHA.replace("stop: {rule: asha, min_epochs: 1, reduction: 2}", "budget: {hours: 0.00001}");
    lab.write("sweeps/margin.yaml", &hours);
    lab.succeed(&["--store", "hours", "run", "sweeps/margin.yaml", "--quiet", "--jobs", "1"]);
    let once = ends(&lab, "hours");
    assert!(once.values().any(|(_, stands)| stands == "best"), "what has begun comes to its end: {once:?}");
    assert!(once.values().any(|(epochs, stands)| (*epochs, stands.as_str()) == (0, "not begun")), "{once:?}");
    let again = lab.arclab(&["--store", "hours", "run", "sweeps/margin.yaml"]);
    assert!(again.status.success() && !text(&again.stderr).contains("begins"), "{}", text(&again.stderr));
    assert_eq!(ends(&lab, "hours"), once);
}

#[tokio::test]
async fn a_sweep_that_is_stopped_by_ctrl_c_waits_until_it_is_asked_for_again() {
    let lab = Lab::new();
    lab.write("sweeps/margin.yaml", ASHA);
    let mut run = lab.command(["--store", "two", "run", "sweeps/margin.yaml", "--jobs", "1"]);
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("arclab starts");
    let mut said = BufReader::new(run.stderr.take().expect("it is piped")).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("begins")), "a run begins");
    let pid = nix::unistd::Pid::from_raw(run.id() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("it is told");
    said.for_each(drop);
    assert_eq!(run.wait().expect("arclab ends").code(), Some(130));
    let store = Store::open(lab.path().join("two")).await.expect("there is a store");
    assert_eq!(store.open_sweeps().await.expect("they are read"), [], "no daemon takes it up");
    assert_eq!(store.queue().await.expect("it is read"), []);
}

#[test]
fn a_search_takes_no_further_cells_once_what_it_extends_says_something_else() {
    let lab = Lab::new();
    lab.write("sweeps/margin.yaml", TPE);
    lab.succeed(&["--store", "queue", "submit", "sweeps/margin.yaml", "--quiet"]);
    lab.write("specs/baseline.yaml", &support::BASELINE.replace("batch_size: 8", "batch_size: 16"));
    let mut daemon = lab.command(["--store", "queue", "daemon"]);
    let mut daemon = daemon.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("arclab starts");
    let mut said = BufReader::new(daemon.stderr.take().expect("it is piped")).lines().map_while(Result::ok);
    let why = said.find(|line| line.contains("takes no further cells"));
    let pid = nix::unistd::Pid::from_raw(daemon.id() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("it is told");
    said.for_each(drop);
    daemon.wait().expect("the daemon ends");
    assert!(why.is_some_and(|why| why.contains("plan it again")));
    assert_eq!(ends(&lab, "queue").len(), 1 + 3, "those of the first round");
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

#[test]
fn a_search_that_has_tried_all_or_spent_its_runs_has_its_best_cell_come_to_the_end() {
    let lab = Lab::new();
    let rule = "round: 3\n  stop: {rule: asha, min_epochs: 1, reduction: 2}\ntraining: {epochs: 4}\n";
    let few = format!("axes: {{loss.margin: [0.1, 0.3, 0.6]}}\n  search: tpe\n  cells: 8\n  {rule}");
    let poor = format!(
        "axes: {{loss.margin: {{from: 0.1, to: 0.9}}}}\n  search: tpe\n  budget: {{runs: 4}}\n  cells: 8\n  {rule}"
    );
    for (store, sweep, cells) in [("few", few, 2), ("poor", poor, 4)] {
        lab.write(
            "sweeps/margin.yaml",
            &format!("extends: ../specs/baseline.yaml\nhypothesis: Margins matter.\nsweep:\n  {sweep}"),
        );
        lab.succeed(&["--store", store, "run", "sweeps/margin.yaml", "--quiet"]);
        let ends = ends(&lab, store);
        assert_eq!(ends.len(), 1 + cells, "{ends:?}");
        assert!(ends.values().any(|end| *end == (4, "best".to_owned())), "{ends:?}");
        assert!(ends.values().all(|(_, stands)| stands != "to go on"), "{ends:?}");
    }
}
