//! `queue:`.

use serde_json::json;

use super::{Reading, list, range::Range, section::Section};
use crate::{
    VariantName,
    config::QueueConfig,
    source::{Diagnostic, Node, Value},
};

/// Priorities that mean something: a thousand hours are longer than anything waits.
pub(super) const PRIORITIES: Range = Range::closed(-1_000.0, 1_000.0);

pub(super) fn read(queue: &mut Section<'_>) -> QueueConfig {
    const PRIORITY: &str = "The larger goes first. A level is worth an hour of waiting, so that nothing waits for ever: runs of \
                            priority 2 go before those of priority 0 that were submitted up to two hours earlier.";
    let priority = queue.number("priority", PRIORITY, 0.0, PRIORITIES);
    QueueConfig { priority, after: after(queue) }
}

fn after(queue: &mut Section<'_>) -> Vec<VariantName> {
    const AFTER: &str = "Variants of the same experiment, or runs by their names in the history, that must have succeeded before.";
    let schema = json!({"type": "array", "minItems": 1, "items": {"type": ["string", "number"]}});
    let node = queue.take_optional("after", AFTER, schema);
    let named = |item: &Node| {
        let text = item.scalar().unwrap_or_default();
        let name = VariantName::new(text);
        if let Err(error) = &name {
            let found = Diagnostic::at(&item.place, format!("`queue.after` names `{text}`: {error}"));
            queue.reading().report(found.help("name variants or runs, such as `after: [baseline]`"));
        }
        name.ok()
    };
    list::items(queue, "after", node, "[baseline]").iter().filter_map(named).collect()
}

/// No variant comes after itself.
pub(super) fn refuse_own(document: &Node, name: &VariantName, reading: &Reading<'_>) {
    let after = document.get("queue").and_then(|queue| queue.get("after"));
    let Some(Value::List(items)) = after.map(|node| &node.value) else { return };
    for item in items.iter().filter(|item| item.scalar() == Some(name.as_str())) {
        let found = Diagnostic::at(&item.place, format!("`queue.after`: `{name}` is this variant itself"));
        reading
            .report(found.help("name others; `arclab submit --after` leaves out the variant that it names"));
    }
}
