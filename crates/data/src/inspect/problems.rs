//! What is wrong with files, put together by what it is.

use std::{
    collections::BTreeMap,
    error::Error,
    path::{Path, PathBuf},
};

use crate::container::{FolderError, LeftOut};

/// Examples kept of each kind.
const EXAMPLES: usize = 3;

/// One way in which files are of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemKind {
    /// What is wrong; `N` stands for numbers and names that differ.
    pub reason: String,
    /// Files, or entries, of which it is true.
    pub count: usize,
    /// Some of them, each with its own reason.
    pub examples: Vec<(PathBuf, String)>,
}

/// What was left out, by the kind of reason, the most frequent first.
pub fn by_kind(left_out: &[LeftOut]) -> Vec<ProblemKind> {
    let mut problems = Problems::default();
    left_out.iter().for_each(|file| problems.add(&file.path, &file.reason));
    problems.sorted()
}

/// Problems by kind.
#[derive(Debug, Default)]
pub(super) struct Problems(BTreeMap<String, ProblemKind>);

impl Problems {
    pub(super) fn add(&mut self, path: &Path, reason: &str) {
        let kind = kind(reason);
        let problem = self.0.entry(kind.clone()).or_insert_with(|| ProblemKind {
            reason: kind,
            count: 0,
            examples: Vec::new(),
        });
        problem.count += 1;
        if problem.examples.len() < EXAMPLES {
            problem.examples.push((path.to_owned(), reason.to_owned()));
        }
    }

    /// What cannot be looked at.
    pub(super) fn away(&mut self, error: &FolderError) {
        let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        let (FolderError::List { path, .. }
        | FolderError::Read { path, .. }
        | FolderError::Listed { path, .. }) = error
        else {
            return self.add(Path::new(""), &error.to_string());
        };
        self.add(path, &format!("it cannot be read, and no run does without it: {reason}"));
    }

    pub(super) fn sorted(self) -> Vec<ProblemKind> {
        let mut kinds: Vec<ProblemKind> = self.0.into_values().collect();
        // Stable, so that kinds of one count stay in the order of their words.
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.count));
        kinds
    }
}

/// `reason` with `N` for each word that has a digit, and for what stands in quotes.
fn kind(reason: &str) -> String {
    let mut quoted = false;
    let parts = reason.split('`').map(|part| {
        let shown = if quoted { "N".to_owned() } else { without_numbers(part) };
        quoted = !quoted;
        shown
    });
    parts.collect::<Vec<_>>().join("`")
}

fn without_numbers(text: &str) -> String {
    let part = |word: &str| {
        let is_number = word.chars().any(|c| c.is_ascii_digit());
        if is_number { "N".to_owned() } else { word.to_owned() }
    };
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        let (before, word) = rest.split_at(start);
        let end = word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len());
        out = out + before + &part(&word[..end]);
        rest = &word[end..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_differ_in_numbers_and_quotes_are_of_one_kind() {
        let mut problems = Problems::default();
        problems.add(Path::new("a"), "line 3: `x.jpg` of `ann` is in line 2 already");
        problems.add(Path::new("b"), "line 71: `y_1` of `bob` is in line 9 already");
        problems.add(Path::new("c"), "it is empty");
        let kinds = problems.sorted();
        assert_eq!(kinds[0].reason, "line N: `N` of `N` is in line N already");
        assert_eq!((kinds[0].count, kinds[0].examples.len(), kinds[1].count), (2, 2, 1));
    }
}
