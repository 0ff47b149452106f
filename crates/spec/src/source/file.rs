//! Where a value was written.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A spec is a page or two. What is larger is another file by mistake, or malice.
const MAX_BYTES: u64 = 1 << 20;

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
            Self::CommandLine => f.write_str("--set"),
        }
    }
}

impl SourceFile {
    /// Reads a spec file; the error says what is wrong with the file as a whole.
    pub(crate) fn read(path: &Path) -> Result<Arc<Self>, String> {
        let about = fs::metadata(path).map_err(|error| format!("failed to read it: {error}"))?;
        if !about.is_file() {
            return Err("this is no file".to_owned());
        }
        if about.len() > MAX_BYTES {
            let size = about.len() >> 20;
            return Err(format!("it has {size} MiB, and no spec is larger than 1 MiB: is this a spec?"));
        }
        let bytes = fs::read(path).map_err(|error| format!("failed to read it: {error}"))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            format!("byte {at} is not UTF-8: save the file as UTF-8 text")
        })?;
        Ok(Arc::new(Self { origin: Origin::File(path.to_owned()), text }))
    }

    /// The line with this number, from 1.
    pub(crate) fn line(&self, number: usize) -> &str {
        self.text.lines().nth(number.saturating_sub(1)).unwrap_or_default()
    }
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
