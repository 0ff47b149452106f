//! What a spec says otherwise than the one it extends.

use super::scalar;
use crate::{
    Change,
    source::{Entry, Node, joined},
};

/// Keys of a spec that are no part of what it configures.
const WORDS: &[&str] = &["extends", "name", "hypothesis", "expect"];

/// The keys under which `to` differs from `from`, in the order of `to`; those that are gone come last.
pub(super) fn between(from: Option<&Node>, to: &Node) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(from, to, "", &mut changes);
    changes
}

fn compare(from: Option<&Node>, to: &Node, path: &str, changes: &mut Vec<Change>) {
    let from = from.filter(|from| !from.is_null());
    // A mapping against something else is told as a whole.
    let entries = to.entries().filter(|_| from.is_none_or(|from| from.entries().is_some()));
    let Some(entries) = entries else {
        if !same(from, to) {
            let from = from.map(Node::inline);
            changes.push(Change { key: path.to_owned(), from, to: to.inline() });
        }
        return;
    };
    let counts = |entry: &&Entry| !(path.is_empty() && WORDS.contains(&entry.key.as_str()));
    for entry in entries.iter().filter(counts) {
        let under = from.and_then(|from| from.get(&entry.key));
        compare(under, &entry.node, &joined(path, &entry.key), changes);
    }
    let before = from.and_then(Node::entries).unwrap_or_default();
    for entry in
        before.iter().filter(counts).filter(|entry| to.get(&entry.key).is_none() && !entry.node.is_null())
    {
        let key = joined(path, &entry.key);
        changes.push(Change { key, from: Some(entry.node.inline()), to: "null".to_owned() });
    }
}

/// Whether both say the same: `0.5` and `0.50` do.
fn same(from: Option<&Node>, to: &Node) -> bool {
    let Some(from) = from else { return to.is_null() };
    match (scalar::plain(from), scalar::plain(to)) {
        (Some(a), Some(b)) => a == b,
        _ => from.inline() == to.inline(),
    }
}
