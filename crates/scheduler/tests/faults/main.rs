//! Faults injected at every step of the contract between scheduler and worker. Each ends with a store that contradicts
//! itself nowhere, with every number exactly once, and with the run finished, or failed for a reason that is told.
//! `crates/scheduler/FAULTS.md` says what becomes of each, and is held against what is found here.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which may unwrap")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]

mod database;
mod files;
mod machine;
mod processes;
#[path = "../support/mod.rs"]
mod support;

use std::{collections::BTreeSet, fs, path::Path};

use support::{Bench, table::stands};

/// Steps of a run.
const STEPS: u64 = 12;

/// Asserts that the first run was carried out as if nothing had happened, and that the table says so.
async fn done_after(bench: &Bench, fault: &str) {
    bench.assert_done(&bench.runs[0], STEPS).await;
    bench.assert_sound().await;
    stands(fault, &bench.told(&bench.runs[0]).await);
}

#[test]
fn every_row_of_the_table_names_a_test_that_is_there() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sources = String::new();
    for folder in ["scheduler/tests/faults", "scheduler/tests", "arclab/tests"] {
        for entry in fs::read_dir(crates.join(folder)).unwrap() {
            sources += &fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
        }
    }
    let table = fs::read_to_string(crates.join("scheduler/FAULTS.md")).unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.ends_with("` |")).collect();
    assert!(rows.len() > 20, "{} rows", rows.len());
    let faults: BTreeSet<&str> = rows.iter().filter_map(|row| row.split(" | ").next()).collect();
    assert_eq!(faults.len(), rows.len(), "a fault stands in the table once");
    for row in rows {
        let test = row.rsplit('`').nth(1).unwrap();
        assert!(sources.contains(&format!("fn {test}(")), "no test is called {test}");
    }
}
