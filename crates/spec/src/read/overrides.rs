//! `--set KEY=VALUE`.

use std::{fmt, str::FromStr, sync::Arc};

use super::section::Reading;
use crate::source::{Diagnostic, Entry, Node, Origin, Place, Scalar, SourceFile, Value, parse, shortened};

/// Keys from the top of a spec to a value.
const MAX_KEYS: usize = 16;

/// One `--set`: a document with one key, on top of every spec. The value is YAML; nothing stands for null, which takes
/// an optional value away.
#[derive(Debug, Clone, PartialEq)]
pub struct Override(Node);

/// A `--set` that is not `KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOverride {
    /// No `=`, or nothing before it.
    #[error("`{0}` is not KEY=VALUE, such as loss.margin=0.3")]
    Form(String),
    /// The value is not YAML.
    #[error("the value of `{key}` cannot be read: {message}")]
    Value {
        /// The key.
        key: String,
        /// What is wrong.
        message: String,
    },
}

/// As it was given.
impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.place.source.text)
    }
}

impl Override {
    pub(super) fn document(&self) -> &Node {
        &self.0
    }

    /// Whether it is `SECTION.name=VALUE`.
    pub(super) fn is_name_of_section(&self) -> bool {
        let sections = self.0.entries().into_iter().flatten();
        let keys = sections.filter_map(|section| section.node.entries()).flatten();
        keys.map(|entry| entry.key.as_str()).eq(["name"])
    }

    /// What a spec extends is read before anything is put on top.
    pub(super) fn refuse_extends(&self, reading: &Reading<'_>) {
        if let Some(entry) = self.0.entry("extends") {
            let found = Diagnostic::at(&entry.key_place, "`extends` cannot be set from outside a spec");
            reading.report(found.help("write a spec that extends the other file"));
        }
    }
}

impl FromStr for Override {
    type Err = InvalidOverride;

    fn from_str(text: &str) -> Result<Self, InvalidOverride> {
        let form = || InvalidOverride::Form(shortened(text));
        let (key, value) = text.split_once('=').ok_or_else(form)?;
        // Deeper keys mean nothing, and a text of very many would overflow the stack of what walks the tree.
        let is_too_deep = key.split('.').count() > MAX_KEYS;
        if is_too_deep || key.split('.').any(|key| key.trim().is_empty()) {
            return Err(form());
        }
        let shown = Arc::new(SourceFile { origin: Origin::CommandLine, text: text.to_owned() });
        let node = parsed(key, value)?;
        let node = relocated(node, &shown);
        let keys = places(key, &shown);
        Ok(Self(keys.into_iter().rev().fold(node, |node, (key, key_place)| {
            let place = key_place.clone();
            Node { value: Value::Map(vec![Entry { key, key_place, node }]), place }
        })))
    }
}

/// The value, with columns as in the argument.
fn parsed(key: &str, value: &str) -> Result<Node, InvalidOverride> {
    let value = if value.trim().is_empty() { "null" } else { value };
    // A variable begins like a mapping, which nobody means here.
    if value.trim_start().starts_with("${") {
        return Ok(scalar(key, value.trim()));
    }
    // In brackets, for a document that is null is refused; with blanks for `KEY`, and the bracket for `=`.
    let blank = " ".repeat(key.chars().count());
    let text = format!("{blank}[{value}\n]");
    let source = Arc::new(SourceFile { origin: Origin::CommandLine, text });
    let invalid = |message: String| InvalidOverride::Value { key: key.to_owned(), message };
    let (node, found) = parse(&source).map_err(|error| invalid(error.message))?;
    if let Some(mistake) = found.into_iter().next() {
        return Err(invalid(mistake.message));
    }
    match node.value {
        Value::List(mut items) if items.len() == 1 => Ok(items.remove(0)),
        Value::List(_) | Value::Scalar(_) | Value::Map(_) => {
            Err(invalid("give one value; a list needs brackets: [0, 1, 2]".to_owned()))
        }
    }
}

/// A text, as it stands behind `KEY=`.
fn scalar(key: &str, text: &str) -> Node {
    let source = Arc::new(SourceFile { origin: Origin::CommandLine, text: format!("{key}={text}") });
    let (column, length) = (key.chars().count() + 2, text.chars().count());
    let value = Value::Scalar(Scalar { text: text.to_owned(), quoted: true });
    Node { value, place: Place { source, line: 1, column, length } }
}

/// The keys before `=`, and where each stands.
fn places(key: &str, source: &Arc<SourceFile>) -> Vec<(String, Place)> {
    let mut column = 1;
    let place = |part: &str| {
        let start = column + part.chars().take_while(|c| c.is_whitespace()).count();
        column += part.chars().count() + 1;
        let key = part.trim().to_owned();
        let length = key.chars().count();
        (key, Place { source: Arc::clone(source), line: 1, column: start, length })
    };
    key.split('.').map(place).collect()
}

/// `node` with every place in `argument`.
fn relocated(mut node: Node, argument: &Arc<SourceFile>) -> Node {
    node.place.source = Arc::clone(argument);
    node.value = match node.value {
        Value::List(items) => Value::List(items.into_iter().map(|item| relocated(item, argument)).collect()),
        Value::Map(entries) => {
            Value::Map(entries.into_iter().map(|entry| relocated_entry(entry, argument)).collect())
        }
        scalar @ Value::Scalar(_) => scalar,
    };
    node
}

fn relocated_entry(mut entry: Entry, argument: &Arc<SourceFile>) -> Entry {
    entry.key_place.source = Arc::clone(argument);
    Entry { node: relocated(entry.node, argument), ..entry }
}
