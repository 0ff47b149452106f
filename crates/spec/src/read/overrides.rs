//! `--set KEY=VALUE`.

use std::{str::FromStr, sync::Arc};

use crate::source::{Entry, Node, Origin, Place, SourceFile, Value, parse};

/// One `--set`: a document with one key, on top of every spec.
#[derive(Debug, Clone, PartialEq)]
pub struct Override(Node);

/// A `--set` that is not `KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOverride {
    /// No `=`, or nothing before it.
    #[error("`{0}` is not KEY=VALUE, such as loss.margin=0.3")]
    Form(String),
    /// The value is not YAML.
    #[error("the value of `{key}` is not YAML: {message}")]
    Value {
        /// The key.
        key: String,
        /// What is wrong.
        message: String,
    },
}

impl Override {
    pub(super) fn document(&self) -> &Node {
        &self.0
    }
}

impl FromStr for Override {
    type Err = InvalidOverride;

    fn from_str(text: &str) -> Result<Self, InvalidOverride> {
        let form = || InvalidOverride::Form(text.to_owned());
        let (key, value) = text.split_once('=').ok_or_else(form)?;
        let keys: Vec<&str> = key.split('.').map(str::trim).collect();
        if keys.iter().any(|key| key.is_empty()) {
            return Err(form());
        }
        // Spaces in place of `KEY=`, so that columns are those of the argument; nothing means null.
        let value = if value.trim().is_empty() { "null" } else { value };
        let blank = " ".repeat(key.chars().count() + 1);
        let shown = Arc::new(SourceFile { origin: Origin::CommandLine, text: text.to_owned() });
        let source = Arc::new(SourceFile { origin: Origin::CommandLine, text: blank + value });
        let invalid = |message: String| InvalidOverride::Value { key: key.to_owned(), message };
        let node = parse(&source).map_err(|error| invalid(error.message))?;
        let place = Place { source: shown, line: 1, column: 1, length: key.chars().count().max(1) };
        Ok(Self(keys.iter().rev().fold(relocated(node, &place), |node, key| below(key, node, &place))))
    }
}

/// `node` with every place in the argument as it was written.
fn relocated(mut node: Node, argument: &Place) -> Node {
    node.place.source = Arc::clone(&argument.source);
    node.value = match node.value {
        Value::List(items) => Value::List(items.into_iter().map(|item| relocated(item, argument)).collect()),
        Value::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|mut entry| {
                    entry.key_place.source = Arc::clone(&argument.source);
                    Entry { node: relocated(entry.node, argument), ..entry }
                })
                .collect(),
        ),
        scalar @ Value::Scalar(_) => scalar,
    };
    node
}

fn below(key: &str, node: Node, place: &Place) -> Node {
    let entry = Entry { key: key.to_owned(), key_place: place.clone(), node };
    Node { value: Value::Map(vec![entry]), place: place.clone() }
}
