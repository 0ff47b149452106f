//! What goes to standard output, and how: form, colours, and quiet when nobody reads on.

use std::{
    fs,
    io::{self, ErrorKind, IsTerminal as _, Write as _},
    path::Path,
};

use anyhow::Context as _;
use arclab_report::{Figure, Format, Table};

use crate::cli::{ColorChoice, FormatName, Global};

/// Rows that people are shown of a long list.
const SHOWN: usize = 50;

/// How this invocation prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// Form of the tables.
    pub(crate) format: Format,
    /// Whether notes and progress are wanted on standard error.
    pub(crate) notes: bool,
    /// Whether standard error is a terminal with colours.
    pub(crate) stderr_colour: bool,
}

impl Output {
    /// As the command line, the terminal and `NO_COLOR` have it.
    pub(crate) fn new(global: &Global) -> Self {
        let coloured = |is_terminal: bool| match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        let format = match (global.json, global.format) {
            (true, _) | (_, Some(FormatName::Json)) => Format::Json,
            (_, Some(FormatName::Markdown)) => Format::Markdown,
            (_, Some(FormatName::Csv)) => Format::Csv,
            (_, Some(FormatName::Latex)) => Format::Latex,
            (_, None) => Format::Text { colour: coloured(io::stdout().is_terminal()) },
        };
        Self { format, notes: !global.quiet, stderr_colour: coloured(io::stderr().is_terminal()) }
    }

    /// The table as its reader wants it: people see no column that has nothing to show, programs the same ones always.
    pub(crate) fn for_reader(self, table: Table) -> Table {
        if self.format.is_for_programs() { table } else { table.without_empty_columns() }
    }

    /// Rows to show where `asked` may say how many: else 50 to people, and all to programs.
    pub(crate) fn limit(self, asked: Option<usize>) -> usize {
        asked.unwrap_or(if self.format.is_for_programs() { usize::MAX } else { SHOWN })
    }

    /// A line on standard error that even `--quiet` does not hold back.
    #[expect(clippy::unused_self, reason = "beside `note`, the one place where errors are printed")]
    pub(crate) fn error(self, line: impl std::fmt::Display) {
        // Where nobody reads on, or the disk is full, there is nobody to tell.
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// A line for people on standard error, unless `--quiet`.
    pub(crate) fn note(self, line: impl std::fmt::Display) {
        if self.notes {
            self.error(line);
        }
    }
}

/// Writes `text` to standard output. A reader that has gone (`arclab history | head`) is no error.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    print_bytes(text.as_bytes())
}

/// Writes a file's bytes to standard output.
pub(crate) fn print_bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("failed to write to standard output"),
    }
}

/// Writes `FOLDER/NAME.svg` and `.png`.
pub(crate) fn write_figure(folder: &Path, name: &str, figure: &Figure, output: Output) -> anyhow::Result<()> {
    for (ending, bytes) in [("svg", figure.svg().into_bytes()), ("png", figure.png())] {
        write(&folder.join(format!("{name}.{ending}")), &bytes, output)?;
    }
    Ok(())
}

/// Writes a file, and says so.
pub(crate) fn write(file: &Path, bytes: &[u8], output: Output) -> anyhow::Result<()> {
    fs::write(file, bytes).with_context(|| format!("failed to write {}", file.display()))?;
    output.note(format_args!("wrote {}", file.display()));
    Ok(())
}

/// Fails where [`replace`] would, but for what changes meanwhile: for before long work.
pub(crate) fn try_to_replace(file: &Path) -> anyhow::Result<()> {
    let unfinished = unfinished(file);
    let tried = fs::write(&unfinished, b"").and_then(|()| fs::remove_file(&unfinished));
    tried.with_context(|| format!("failed to write {}", file.display()))
}

fn unfinished(file: &Path) -> std::path::PathBuf {
    let mut unfinished = file.as_os_str().to_owned();
    unfinished.push(format!(".{}.tmp", std::process::id()));
    unfinished.into()
}

/// Writes a file that is there whole or not at all.
pub(crate) fn replace(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let unfinished = unfinished(file);
    let written = fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, file));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&unfinished);
    }
    written.with_context(|| format!("failed to write {}", file.display()))
}
