//! `arclab fsck`, `gc` and `backup` as a user meets them.

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use support::{Lab, text};

fn rows(printed: &str) -> Vec<Value> {
    serde_json::from_str(printed).expect("a table is a list of rows")
}

/// Ends with 1, and prints its table.
fn wrong(lab: &Lab, arguments: &[&str]) -> Vec<Value> {
    let output = lab.arclab(arguments);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    rows(&text(&output.stdout))
}

fn values(rows: &[Value], key: &str) -> Vec<String> {
    rows.iter().map(|row| row[key].as_str().unwrap_or_default().to_owned()).collect()
}

/// A store with one run of two epochs.
fn trained() -> (Lab, PathBuf) {
    let lab = Lab::new();
    lab.succeed(&["run", "specs/baseline.yaml", "--quiet", "--set", "training.epochs=2"]);
    let run = fs::read_dir(lab.path().join(".arclab/runs")).expect("there are runs").next();
    let folder = run.expect("there is one").expect("it can be read").path();
    (lab, folder)
}

fn checkpoints(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("checkpoints")).expect("there are checkpoints");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    files.sort();
    files
}

#[test]
fn a_sound_store_is_well_and_a_damaged_one_is_repaired_and_trains_on() {
    let (lab, folder) = trained();
    assert_eq!(lab.succeed(&["fsck", "--json"]).trim(), "[]");
    let images = fs::read_dir(lab.path().join(".arclab/cache/images")).expect("images are kept");
    let mut files = images.map(|entry| entry.expect("it can be read").path());
    let pixels = files.find(|file| file.extension().is_some_and(|ending| ending == "pixels"));
    let pixels = fs::File::options().write(true).open(pixels.expect("they have pixels"));
    pixels.and_then(|file| file.set_len(500)).expect("it can be cut");
    let newest =
        checkpoints(&folder).into_iter().rfind(|file| file.extension().is_some_and(|e| e == "safetensors"));
    let newest = newest.expect("a checkpoint has tensors");
    let mut bytes = fs::read(&newest).expect("it can be read");
    *bytes.last_mut().expect("it holds something") ^= 1;
    fs::write(&newest, bytes).expect("it can be written");
    fs::write(folder.join("plan.json.new"), "{").expect("it can be written");
    let found = wrong(&lab, &["fsck", "--json"]);
    assert_eq!(
        values(&found, "problem"),
        ["leftover_file", "damaged_checkpoint", "stale_cache", "stale_cache"]
    );
    let what = &values(&found, "what")[1];
    assert!(what.contains(".json cannot be read back") && what.contains("is damaged"), "{what}");
    let repaired = rows(&lab.succeed(&["fsck", "--repair", "--json"]));
    assert_eq!(values(&repaired, "done"), ["repaired", "repaired", "repaired", "repaired"]);
    assert_eq!(lab.succeed(&["fsck", "--json"]).trim(), "[]");
    fs::remove_file(folder.join("weights.safetensors")).expect("it was there");
    let stays = wrong(&lab, &["fsck", "--repair", "--json"]);
    assert_eq!(values(&stays, "problem"), ["missing_weights"]);
    assert_eq!(values(&stays, "done"), ["left to a person"]);
    lab.succeed(&["run", "specs/baseline.yaml", "--quiet", "--force", "--set", "training.epochs=2"]);
    assert_eq!(lab.succeed(&["fsck", "--json"]).trim(), "[]");
}

#[test]
fn what_can_go_is_shown_first_and_goes_with_yes() {
    let (lab, folder) = trained();
    lab.write(".arclab/runs/nobodys/events.jsonl", "");
    lab.write(".arclab/cache/images/photos-0123456789ab-32.pixels", "old");
    let listed = rows(&lab.succeed(&["gc", "--json"]));
    assert_eq!(values(&listed, "kind"), ["checkpoints", "folder", "cache"]);
    assert_eq!(values(&listed, "done"), ["", "", ""]);
    assert!(!checkpoints(&folder).is_empty());
    let removed = rows(&lab.succeed(&["gc", "--json", "--yes"]));
    assert_eq!(values(&removed, "done"), ["removed", "removed", "removed"]);
    assert!(folder.join("weights.safetensors").is_file() && !folder.join("checkpoints").exists());
    assert_eq!(lab.succeed(&["gc", "--json"]).trim(), "[]");
    assert_eq!(lab.succeed(&["fsck", "--json"]).trim(), "[]");
    let printed = lab.succeed(&["run", "specs/baseline.yaml", "--set", "training.epochs=2"]);
    assert!(
        printed.contains("baseline"),
        "the run is there, and its images were not decoded again: {printed}"
    );
}

#[test]
fn runs_that_the_database_lost_stay_and_are_taken_up_by_planning_them_again() {
    let (lab, folder) = trained();
    let expected = lab.succeed(&["compare", "--json", "baseline", "--quiet"]);
    let database = lab.path().join(".arclab/arclab.db");
    fs::write(&database, "").expect("it can be emptied");
    for command in ["fsck", "gc"] {
        let refused = lab.arclab(&[command]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused.stderr).contains("holds no store any more"), "{}", text(&refused.stderr));
    }
    fs::remove_file(database).expect("it is there");
    lab.succeed(&["submit", "specs/m0.2.yaml", "--quiet"]);
    let found = wrong(&lab, &["fsck", "--json"]);
    assert_eq!(values(&found, "problem"), ["unknown_run"]);
    assert_eq!(lab.succeed(&["gc", "--json", "--yes"]).trim(), "[]");
    let listed = rows(&lab.succeed(&["gc", "--json", "--unknown-runs"]));
    assert_eq!(values(&listed, "kind"), ["unknown_run"]);
    let weights = fs::read(folder.join("weights.safetensors")).expect("they stay");
    lab.succeed(&["run", "specs/baseline.yaml", "--quiet", "--set", "training.epochs=2"]);
    assert_eq!(lab.succeed(&["compare", "--json", "baseline", "--quiet"]), expected);
    assert_eq!(fs::read(folder.join("weights.safetensors")).ok(), Some(weights));
    assert_eq!(lab.succeed(&["fsck", "--json"]).trim(), "[]");
}

#[test]
fn what_a_worker_may_be_using_stays_while_one_is_at_work() {
    let lab = Lab::new();
    lab.succeed(&["submit", "specs/baseline.yaml", "--quiet"]);
    lab.write(".arclab/cache/images/photos-0123456789ab-32.pixels", "old");
    lab.write(".arclab/runs/at-work/worker.lock", "");
    let lock = fs::File::open(lab.path().join(".arclab/runs/at-work/worker.lock")).expect("it is there");
    lock.lock().expect("nobody has it");
    let stays = wrong(&lab, &["gc", "--json", "--yes"]);
    assert_eq!(values(&stays, "kind"), ["cache"]);
    assert!(values(&stays, "done")[0].starts_with("a worker is at work"), "{stays:?}");
    drop(lock);
    let removed = rows(&lab.succeed(&["gc", "--json", "--yes"]));
    assert_eq!(values(&removed, "done"), ["removed", "removed"]);
}

#[test]
fn a_copy_gives_the_tables_of_the_store_and_goes_on_from_there() {
    let (lab, _) = trained();
    let expected = lab.succeed(&["compare", "--json", "baseline", "--quiet"]);
    lab.succeed(&["backup", "before.db"]);
    let refused = lab.arclab(&["backup", "before.db"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("before.db is there already"), "{}", text(&refused.stderr));
    lab.succeed(&["backup", "before.db", "--force"]);
    fs::create_dir(lab.path().join("restored")).expect("it is new");
    fs::rename(lab.path().join("before.db"), lab.path().join("restored/arclab.db")).expect("it is there");
    assert_eq!(lab.succeed(&["--store", "restored", "compare", "--json", "baseline", "--quiet"]), expected);
    lab.succeed(&["backup", "whole", "--with-runs"]);
    assert_eq!(lab.succeed(&["--store", "whole", "fsck", "--json"]).trim(), "[]");
    lab.succeed(&["--store", "whole", "run", "specs/baseline.yaml", "--quiet", "--set", "training.epochs=2"]);
    assert_eq!(lab.succeed(&["--store", "whole", "compare", "--json", "baseline", "--quiet"]), expected);
}
