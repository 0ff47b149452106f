//! The table of faults, `crates/scheduler/FAULTS.md`: each row is held against what a test finds. `ARCLAB_UPDATE=1` writes it anew.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scheduler/FAULTS.md")
}

/// Asserts that the table says of `fault` that `happens` happens, as the test found that asks.
pub(crate) fn stands(fault: &str, happens: &str) {
    let thread = std::thread::current();
    let test = thread.name().and_then(|name| name.rsplit("::").next()).expect("a test's thread has its name");
    let begin = format!("| {fault} |");
    let row = format!("{begin} {happens} | `{test}` |");
    if std::env::var_os("ARCLAB_UPDATE").is_some() {
        return update(&begin, &row);
    }
    let table = fs::read_to_string(file()).expect("the table is there");
    let told = table.lines().find(|line| line.starts_with(&begin));
    // On one thread the test has none of its own.
    let named = if test == "main" { format!("{begin} {happens} |") } else { row };
    let is_true = told.is_some_and(|told| told.starts_with(&named));
    assert!(is_true, "FAULTS.md says {told:?}, and it is {named:?}: ARCLAB_UPDATE=1 writes it anew");
}

/// Replaces the row that begins so; a new one comes last.
fn update(begin: &str, row: &str) {
    let lock = File::create(std::env::temp_dir().join("arclab-faults.lock")).expect("a lock can be made");
    lock.lock().expect("other tests let go of it");
    let table = fs::read_to_string(file()).expect("the table is there");
    let is_there = table.lines().any(|line| line.starts_with(begin));
    let kept = table.lines().map(|line| if line.starts_with(begin) { row } else { line });
    let lines: Vec<&str> = kept.chain((!is_there).then_some(row)).collect();
    let mut new = File::create(file()).expect("the table can be written");
    new.write_all((lines.join("\n") + "\n").as_bytes()).expect("the table can be written");
}
