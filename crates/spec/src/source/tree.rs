//! The untyped tree.

use super::Place;

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// What was written, before anybody asks for a type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    /// In the order written; no key stands twice.
    Map(Vec<Entry>),
}

/// A scalar; quotes make it a text whatever it looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) quoted: bool,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) node: Node,
}

impl Node {
    /// The entries of a mapping.
    pub(crate) fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            Value::Scalar(_) | Value::List(_) => None,
        }
    }

    /// The value under `key` of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()?.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The text of a scalar, `null` apart.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) if !self.is_null() => Some(&scalar.text),
            Value::Scalar(_) | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// Whether this is `null`, `~` or nothing.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(Scalar { text, quoted: false })
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// This value with what `over` says on top: mappings are merged key by key, everything else is replaced, and a
    /// key that `over` sets to null is gone. `path` is where the value stands: `data.dataset`.
    pub(crate) fn merged(self, over: Self, path: &str) -> Self {
        if begins_anew(path, &self, &over) {
            return over;
        }
        match (self.value, over.value) {
            (Value::Map(mut below), Value::Map(above)) => {
                for entry in above {
                    let path =
                        if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
                    let under = below.iter().position(|under| under.key == entry.key);
                    match under {
                        Some(under) if entry.node.is_null() => drop(below.remove(under)),
                        Some(under) => {
                            let node = below[under].node.clone().merged(entry.node, &path);
                            below[under] = Entry { node, ..entry };
                        }
                        None => below.push(entry),
                    }
                }
                Self { value: Value::Map(below), place: over.place }
            }
            (_, value) => Self { value, place: over.place },
        }
    }

    /// The value on one line, as YAML.
    pub(crate) fn inline(&self) -> String {
        match &self.value {
            Value::Scalar(scalar) if scalar.quoted => format!("{:?}", scalar.text),
            Value::Scalar(_) if self.is_null() => "null".to_owned(),
            Value::Scalar(scalar) => scalar.text.clone(),
            Value::List(items) => {
                format!("[{}]", items.iter().map(Self::inline).collect::<Vec<_>>().join(", "))
            }
            Value::Map(entries) => {
                let entry = |entry: &Entry| format!("{}: {}", entry.key, entry.node.inline());
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// Keys that say which kind of thing a mapping is: a mapping with another kind replaces the one below it.
const KINDS: &[(&str, &[&str])] = &[
    ("data.dataset", &["synthetic", "folder"]),
    ("data.split", &["file", "open_identities"]),
    ("evaluation.protocols.*", &["draw", "list"]),
    ("evaluation.threshold", &["k_fold", "fixed"]),
    ("evaluation.protocols.*.threshold", &["k_fold", "fixed"]),
];

/// Whether `over` is of another kind than `under`, so that what stands in `under` means nothing in it.
fn begins_anew(path: &str, under: &Node, over: &Node) -> bool {
    let name = |node: &Node| node.get("name").and_then(Node::scalar).map(str::to_owned);
    // At the top, `name` is the variant's.
    if !path.is_empty() && name(over).is_some() && name(over) != name(under) && name(under).is_some() {
        return true;
    }
    let kinds =
        KINDS.iter().filter(|(pattern, _)| matches_pattern(pattern, path)).flat_map(|(_, kinds)| *kinds);
    kinds
        .into_iter()
        .any(|kind| over.get(kind).is_some_and(|node| !node.is_null()) && under.get(kind).is_none())
}

fn matches_pattern(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('.'), path.split('.'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(part), Some(key)) if part == "*" || part == key => {}
            _ => return false,
        }
    }
}
