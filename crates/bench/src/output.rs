//! What goes to standard output.

use std::io::{self, ErrorKind, Write as _};

use anyhow::Context as _;

/// Writes `text` and a line's end. A reader that has gone (`arclab-bench head | head`) is no error.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("failed to write to standard output"),
    }
}
