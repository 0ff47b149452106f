//! What goes to standard output, and how far it is, which a terminal shows.

use std::io::{self, ErrorKind, Write as _};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};

/// Writes `text` and a line's end. A reader that has gone (`arclab-bench head | head`) is no error.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("failed to write to standard output"),
    }
}

/// A bar over so many measurements.
pub(crate) fn progress(count: usize) -> ProgressBar {
    let bar = ProgressBar::new(count as u64);
    match ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
