//! Lists.

use super::{
    range::Counts,
    scalar,
    section::{Section, written},
};
use crate::source::{Diagnostic, Node, Value};

/// The numbers among `counts` that stand in the list `node` under `key`, such as `example`, each with its node; none
/// where there is no node.
pub(super) fn whole_numbers<'a>(
    section: &Section<'a>,
    key: &str,
    node: Option<&'a Node>,
    counts: Counts,
    example: &str,
) -> Vec<(&'a Node, u64)> {
    let (reading, path) = (section.reading(), section.path_of(key));
    let read = |item| Some((item, scalar::whole(reading, item, &path, counts, 0)?));
    items(section, key, node, example).iter().filter_map(read).collect()
}

/// The items of the list `node` under `key`, such as `example`; none where there is no node.
pub(super) fn items<'a>(
    section: &Section<'a>,
    key: &str,
    node: Option<&'a Node>,
    example: &str,
) -> &'a [Node] {
    let path = section.path_of(key);
    let Some(node) = node else { return &[] };
    let complain = |message: String| {
        let help = format!("write a list, such as `{key}: {example}`");
        section.reading().report(Diagnostic::at(&node.place, message).help(help));
    };
    let Value::List(items) = &node.value else {
        complain(format!("`{path}` must be a list, not `{}`", written(node)));
        return &[];
    };
    if items.is_empty() {
        complain(format!("`{path}` is empty: nothing would come of it"));
    }
    items
}
