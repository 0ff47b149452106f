//! Where a value was written.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A spec is a page or two. What is larger is another file by mistake, or malice.
const MAX_BYTES: u64 = 1 << 20;

/// How `--set` stands in messages.
pub(super) const COMMAND_LINE: &str = "--set";

/// A text that specs are read from, kept for the messages.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SourceFile {
    pub(crate) origin: Origin,
    pub(crate) text: String,
}

/// Where a text came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A spec file.
    File(PathBuf),
    /// `--set KEY=VALUE`.
    CommandLine,
}

impl Origin {
    /// What paths in the text are relative to.
    pub(crate) fn folder(&self) -> &Path {
        match self {
            Self::File(path) => path.parent().unwrap_or(Path::new("")),
            Self::CommandLine => Path::new(""),
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::CommandLine => f.write_str(COMMAND_LINE),
        }
    }
}

/// Why a file cannot be read as text, and what would help.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Unreadable {
    fn new(message: impl Into<String>, help: &str) -> Self {
        Self { message: message.into(), help: Some(help.to_owned()) }
    }
}

impl SourceFile {
    /// Reads a spec file.
    pub(crate) fn read(path: &Path) -> Result<Arc<Self>, Unreadable> {
        let failed = |error: std::io::Error| {
            let absent = error.kind() == std::io::ErrorKind::NotFound;
            let message = if absent {
                "there is no such file".to_owned()
            } else {
                format!("failed to read it: {error}")
            };
            Unreadable { message, help: None }
        };
        let about = path.metadata().map_err(failed)?;
        if !about.is_file() {
            return Err(Unreadable::new("this is no file", "name a spec: a `.yaml` file"));
        }
        refuse_large(about.len())?;
        let mut bytes = Vec::new();
        // It may have grown since, or not know its size.
        File::open(path).map_err(failed)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        refuse_large(bytes.len() as u64)?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = valid.split(|&byte| byte == b'\n').count();
            Unreadable::new(
                format!("line {line} is not UTF-8 text"),
                "save it as UTF-8; a spec is text, not an archive or a picture",
            )
        })?;
        refuse_lone_returns(&text)?;
        Ok(Arc::new(Self { origin: Origin::File(path.to_owned()), text }))
    }

    /// The line with this number, from 1.
    pub(crate) fn line(&self, number: usize) -> &str {
        self.text.lines().nth(number.saturating_sub(1)).unwrap_or_default()
    }
}

/// YAML takes them for ends of lines and most editors do not, so that line numbers would mislead.
fn refuse_lone_returns(text: &str) -> Result<(), Unreadable> {
    let is_lone = |(at, _): &(usize, &str)| text.as_bytes().get(at + 1) != Some(&b'\n');
    let Some((at, _)) = text.match_indices('\r').find(is_lone) else { return Ok(()) };
    let line = text[..at].matches('\n').count() + 1;
    let message = format!("line {line} has a carriage return that ends no line");
    Err(Unreadable::new(message, "save it with the line ends of Unix or of Windows"))
}

fn refuse_large(bytes: u64) -> Result<(), Unreadable> {
    if bytes <= MAX_BYTES {
        return Ok(());
    }
    let size = bytes as f64 / MAX_BYTES as f64;
    let message = format!("it is too large: {size:.1} MiB, and a spec has 1 MiB at most");
    Err(Unreadable::new(message, "a spec is a page of YAML: is this another file?"))
}

/// A stretch of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) source: Arc<SourceFile>,
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
    /// In characters; at least 1.
    pub(crate) length: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carriage_return_is_allowed_only_at_the_end_of_a_line() {
        assert!(refuse_lone_returns("a: 1\r\nb: 2\r\n").is_ok());
        let message = |text| refuse_lone_returns(text).unwrap_err().message;
        assert!(message("a: 1\nb: 2\rc: 3\n").starts_with("line 2 "));
        assert!(message("a: 1\r").starts_with("line 1 "));
    }
}
