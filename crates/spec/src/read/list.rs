//! Lists of whole numbers.

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
    let Some(node) = node else { return Vec::new() };
    let complain = |message: String| {
        let help = format!("write a list, such as `{key}: {example}`");
        reading.report(Diagnostic::at(&node.place, message).help(help));
    };
    let Value::List(items) = &node.value else {
        complain(format!("`{path}` must be a list, not `{}`", written(node)));
        return Vec::new();
    };
    if items.is_empty() {
        complain(format!("`{path}` is empty: nothing would come of it"));
    }
    let read = |item| Some((item, scalar::whole(reading, item, &path, counts, 0)?));
    items.iter().filter_map(read).collect()
}
