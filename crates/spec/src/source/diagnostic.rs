//! What is wrong with a spec, where, and what would be right.

use std::fmt::{self, Write as _};

use super::Place;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file, or `--set`.
    pub file: String,
    /// Line and column, from 1; absent where the whole file is meant.
    pub at: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    /// The line as written, and how many characters of it are meant.
    excerpt: Option<(String, usize)>,
}

/// All mistakes that were found in specs, in the order of their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecErrors(Vec<Diagnostic>);

impl Diagnostic {
    /// A mistake at `place`.
    pub(crate) fn at(place: Place, message: impl Into<String>) -> Self {
        Self {
            file: place.source.origin.to_string(),
            at: Some((place.line, place.column)),
            message: message.into(),
            help: None,
            excerpt: Some((place.source.line(place.line).to_owned(), place.length)),
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

    /// The line as written, with marks under what is meant.
    fn excerpt(&self) -> Option<String> {
        let ((line, length), (number, column)) = (self.excerpt.as_ref()?, self.at?);
        let number = number.to_string();
        // Tabs stay, so that the marks stand below what they mean however wide a tab is.
        let before: String =
            line.chars().take(column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let room = line.chars().count().saturating_sub(column - 1).max(1);
        let marks = "^".repeat((*length).clamp(1, room));
        let gap = " ".repeat(number.len());
        Some(format!(" {number} | {line}\n {gap} | {before}{marks}"))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(excerpt) = self.excerpt() {
            write!(f, "\n{excerpt}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl SpecErrors {
    /// All of `found`, in the order of their places; each once, though several specs may extend a wrong one.
    pub(crate) fn new(mut found: Vec<Diagnostic>) -> Self {
        let mut files: Vec<String> = Vec::new();
        for one in &found {
            if !files.contains(&one.file) {
                files.push(one.file.clone());
            }
        }
        found.sort_by_key(|one| (files.iter().position(|file| *file == one.file), one.at));
        found.dedup();
        Self(found)
    }

    /// Each mistake.
    pub fn all(&self) -> &[Diagnostic] {
        &self.0
    }
}

impl fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(Diagnostic::to_string).collect();
        f.write_str(&all.join("\n\n"))
    }
}

impl std::error::Error for SpecErrors {}

/// ``one of `a`, `b` or `c` ``.
pub(crate) fn one_of(names: &[&str]) -> String {
    let mut out = String::from(if names.len() > 1 { "one of " } else { "" });
    for (place, name) in names.iter().enumerate() {
        let before = match place {
            0 => "",
            _ if place + 1 == names.len() => " or ",
            _ => ", ",
        };
        let _ = write!(out, "{before}`{name}`");
    }
    out
}

/// The known name that `written` is probably meant to be.
pub(crate) fn suggestion<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |name: &str| strsim::damerau_levenshtein(&written.to_lowercase(), name);
    let nearest = known.iter().min_by_key(|name| distance(name))?;
    let limit = (nearest.chars().count() / 3).clamp(1, 3);
    (distance(nearest) <= limit).then_some(*nearest)
}
