//! `worker.log`: where each attempt begins, and its last lines.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use arclab_spec::Attempt;

use crate::lock::lock_soon;

/// Lines kept of a worker that failed.
const LINES: usize = 30;
/// Bytes of the log that are looked at.
const BYTES: u64 = 64 * 1024;

fn heading(attempt: Attempt) -> String {
    format!("--- attempt {attempt} ---")
}

/// Opens the log for an attempt, locks it (see [`crate::process`]) and writes where the attempt begins.
pub(crate) fn open(file: &Path, attempt: Attempt) -> io::Result<File> {
    let mut log = OpenOptions::new().create(true).append(true).open(file)?;
    lock_soon(&log)?;
    writeln!(log, "{}", heading(attempt))?;
    Ok(log)
}

/// The last lines that an attempt wrote; empty where there are none, or no log.
pub(crate) fn tail(file: &Path, attempt: Attempt) -> String {
    last_lines(&end_of(file).unwrap_or_default(), &heading(attempt))
}

fn end_of(file: &Path) -> io::Result<String> {
    let mut file = File::open(file)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn last_lines(text: &str, heading: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    // Without its heading the attempt wrote more than is looked at: all of it is the attempt's.
    let begin = lines.iter().rposition(|line| *line == heading).map_or(0, |at| at + 1);
    let told = without_backtraces(&lines[begin..]);
    told[told.len().saturating_sub(LINES)..].join("\n")
}

/// The frames of a panic would push its message out of the few lines that are kept; the log has them all.
fn without_backtraces<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut within = false;
    let mut told = Vec::new();
    for line in lines {
        within = *line == "stack backtrace:" || (within && line.starts_with(' '));
        if !within {
            told.push(*line);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_of_this_attempt_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("worker.log");
        let second = Attempt::FIRST.next();
        writeln!(open(&file, Attempt::FIRST).unwrap(), "first\ndied").unwrap();
        writeln!(open(&file, second).unwrap(), "second\npanicked").unwrap();
        assert_eq!(tail(&file, second), "second\npanicked");
        open(&file, second.next()).unwrap();
        assert_eq!(tail(&file, second.next()), "");
    }

    #[test]
    fn the_frames_of_a_panic_are_left_out() {
        let text = "step 7\nthread 'main' panicked at x.rs:1:\nno\nstack backtrace:\n   0: main\n         at x.rs\nnote: some";
        assert_eq!(last_lines(text, "-"), "step 7\nthread 'main' panicked at x.rs:1:\nno\nnote: some");
    }

    #[test]
    fn a_long_log_is_cut_to_its_last_lines() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("worker.log");
        let mut log = open(&file, Attempt::FIRST).unwrap();
        (0..20_000).for_each(|i| writeln!(log, "line {i}").unwrap());
        let tail = tail(&file, Attempt::FIRST);
        assert_eq!(tail.lines().count(), LINES);
        assert!(tail.ends_with("line 19999"));
    }
}
