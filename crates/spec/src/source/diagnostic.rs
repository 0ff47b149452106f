//! What is wrong with a spec, where, and what would be right.

use std::fmt::{self, Write as _};

use serde::Serialize;

use super::{Place, excerpt::Excerpt, file::COMMAND_LINE};

/// Mistakes that are printed; whoever mends these sees the others next.
const MAX_SHOWN: usize = 50;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The file, or `--set`.
    pub file: String,
    /// Line and column, from 1; absent where the whole file is meant. In a `--set`, the column of the argument.
    pub at: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    #[serde(skip)]
    excerpt: Option<Box<Excerpt>>,
}

/// All mistakes that were found in specs, in the order of their places. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct SpecErrors(Vec<Diagnostic>);

impl Diagnostic {
    /// A mistake at `place`.
    pub(crate) fn at(place: &Place, message: impl Into<String>) -> Self {
        Self {
            file: place.source.origin.to_string(),
            at: Some((place.line, place.column)),
            message: message.into(),
            help: None,
            excerpt: Some(Box::new(Excerpt::of(place))),
        }
    }

    /// A mistake of a whole file.
    pub(crate) fn of_file(file: impl fmt::Display, message: impl Into<String>) -> Self {
        Self { file: file.to_string(), at: None, message: message.into(), help: None, excerpt: None }
    }

    /// With a remedy.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With a remedy where there is one.
    pub(crate) fn maybe_help(self, help: Option<String>) -> Self {
        Self { help: help.or(self.help), ..self }
    }

    fn render(&self, paint: Paint) -> String {
        let place = match self.at {
            Some((line, column)) if self.file != COMMAND_LINE => format!("{}:{line}:{column}", self.file),
            Some(_) | None => self.file.clone(),
        };
        let mut out = format!("{}: {}", paint.strong(&place), paint.wrong(&self.message));
        let excerpt = self.excerpt.as_ref().filter(|excerpt| !excerpt.text.trim().is_empty());
        if let (Some(excerpt), Some((line, _))) = (excerpt, self.at) {
            let (number, gap) = (line.to_string(), " ".repeat(line.to_string().len()));
            let marks = paint.wrong(&excerpt.marks);
            let _ = write!(out, "\n {number} | {}\n {gap} | {}{marks}", excerpt.text, excerpt.before);
        }
        if let Some(help) = &self.help {
            let _ = write!(out, "\n  {} {help}", paint.strong("help:"));
        }
        out
    }
}

/// Whether terminal colours are used.
#[derive(Debug, Clone, Copy)]
struct Paint {
    colour: bool,
}

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    fn wrong(self, text: &str) -> String {
        self.with("1;31", text)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Paint { colour: false }))
    }
}

impl SpecErrors {
    /// All of `found`, in the order of their places; each once, though several specs may extend a wrong one.
    pub(crate) fn new(found: Vec<Diagnostic>) -> Self {
        let mut files: Vec<String> = Vec::new();
        let mut all: Vec<(usize, Diagnostic)> = Vec::new();
        for one in found {
            let file = files.iter().position(|file| *file == one.file).unwrap_or(files.len());
            if file == files.len() {
                files.push(one.file.clone());
            }
            all.push((file, one));
        }
        // By place, then by words, so that what is the same stands side by side.
        all.sort_by(|(a_file, a), (b_file, b)| {
            (a_file, a.at, &a.message, &a.help).cmp(&(b_file, b.at, &b.message, &b.help))
        });
        all.dedup();
        Self(all.into_iter().map(|(_, one)| one).collect())
    }

    /// Refuses what has mistakes.
    pub fn refuse(found: Vec<Diagnostic>) -> Result<(), Self> {
        if found.is_empty() { Ok(()) } else { Err(Self::new(found)) }
    }

    /// Each mistake.
    pub fn all(&self) -> &[Diagnostic] {
        &self.0
    }

    /// The first 50 mistakes for people, with terminal colours or without.
    pub fn render(&self, colour: bool) -> String {
        let mut all: Vec<String> =
            self.0.iter().take(MAX_SHOWN).map(|one| one.render(Paint { colour })).collect();
        if self.0.len() > MAX_SHOWN {
            all.push(format!("and {} more", self.0.len() - MAX_SHOWN));
        }
        all.join("\n\n")
    }
}

impl fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for SpecErrors {}
