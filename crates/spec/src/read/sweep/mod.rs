//! `sweep:` in a spec: axes over its keys, and the cells that are made of them.
//!
//! A cell is the spec with one value of each axis on top, as if a file beside it said so: it is a variant of its own, it extends
//! the spec, and what it declares are its axes. So everything that holds of variants holds of cells: plans that are equal share
//! their runs, tables hold each against the first, a mistake in a value is shown where the value stands.

mod axis;
mod search;

use serde_json::Value as Json;

use self::{
    axis::Axis,
    search::{Cell, Search},
};
use super::{
    chain::{Chain, Link},
    section::{Reading, Section},
};
use crate::{
    VariantName,
    source::{Diagnostic, Entry, Node, Place, Scalar, Value},
};

/// The key.
pub(super) const KEY: &str = "sweep";
/// Cells beyond which a search is a mistake rather than a plan.
const MOST_CELLS: u64 = 10_000;

const AXES: &str = "Keys, such as `loss.margin`, each with the values that it takes: a list, or a range `{from, to, steps}`.";

/// What `sweep:` says.
struct Sweep {
    axes: Vec<Axis>,
    search: Search,
}

/// The chains of the variants that `chain` stands for: itself; or, of a sweep, what it extends, which all cells are held against,
/// and the cells. What is extended is no sweep, whether or not it is one by itself.
pub(super) fn expanded(chain: Chain, reading: &Reading<'_>) -> Vec<Chain> {
    let written = chain.own().document.get(KEY).filter(|node| !node.is_null()).cloned();
    let links: Vec<Link> = chain.links.into_iter().map(without_sweep).collect();
    let Some(node) = written else { return vec![Chain { links, sweep: None }] };
    let mut section = Section::new(reading, Some(&node), KEY);
    let Sweep { axes, search } = read(&mut section);
    section.finish();
    let file = links[links.len() - 1].file.clone();
    let sweep = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    // What a sweep is to teach, each of its cells is.
    let words = only(&links[links.len() - 1].document, "hypothesis");
    let of = |links: Vec<Link>| Chain { links, sweep: sweep.clone() };
    let stem = sweep.as_deref().unwrap_or(KEY);
    let cells = search.cells(&axes).into_iter().enumerate().map(|(number, cell)| {
        let document = document(&cell, name(&cell, stem, number), &node.place).merged(words.clone());
        of(links.iter().cloned().chain([Link { file: file.clone(), document }]).collect())
    });
    let against = links[..links.len() - 1].to_vec();
    let against = (!against.is_empty()).then(|| of(against));
    against.into_iter().chain(cells).collect()
}

fn without_sweep(mut link: Link) -> Link {
    if let Value::Map(entries) = &mut link.document.value {
        entries.retain(|entry| entry.key != KEY);
    }
    link
}

/// A mapping with one key of `document`, where it has it.
fn only(document: &Node, key: &str) -> Node {
    let entries = document.entry(key).cloned().into_iter().collect();
    Node { value: Value::Map(entries), place: document.place.clone() }
}

/// What a file of the cell would say.
fn document(cell: &Cell<'_>, name: String, place: &Place) -> Node {
    let scalar =
        |text: String| Node { value: Value::Scalar(Scalar { text, quoted: true }), place: place.clone() };
    let entry = |key: &str, node: Node| Entry { key: key.to_owned(), key_place: node.place.clone(), node };
    let mapping = |entry: Entry| Node { place: entry.key_place.clone(), value: Value::Map(vec![entry]) };
    let named = mapping(entry("name", scalar(name)));
    cell.iter().fold(named, |document, (axis, value)| {
        let value = axis.key.rsplit('.').fold(value.clone(), |node, key| mapping(entry(key, node)));
        document.merged(value)
    })
}

/// `margin-0.3-scale-64`; with a number where that is no name.
fn name(cell: &Cell<'_>, stem: &str, number: usize) -> String {
    let part = |(axis, value): &(&Axis, Node)| {
        let key = axis.key.rsplit('.').next().unwrap_or(&axis.key);
        format!("{key}-{}", value.scalar().unwrap_or_default())
    };
    let name = cell.iter().map(part).collect::<Vec<_>>().join("-");
    VariantName::new(&name)
        .map_or_else(|_| format!("{stem}-{:03}", number + 1), |name| name.as_str().to_owned())
}

/// All keys of a sweep.
fn read(section: &mut Section<'_>) -> Sweep {
    let node = section.take("axes", AXES, axis::schema());
    let mut axes = section.below("axes", node);
    let axes: Vec<Axis> = axes.keys().into_iter().filter_map(|key| axis::axis(&mut axes, key)).collect();
    let search = search::search(section);
    if node.is_none_or(|node| node.entries().is_some_and(<[Entry]>::is_empty))
        && let Some(place) = section.place()
    {
        let found = Diagnostic::at(place, "`sweep` has no axis");
        section.reading().report(found.help("write such as `axes: {loss.margin: [0.2, 0.5, 0.8]}`"));
    }
    search.fits(section, &axes);
    Sweep { axes, search }
}

/// The schema of a sweep.
pub(super) fn schema(reading: &Reading<'_>) -> Json {
    let mut section = Section::new(reading, None, KEY);
    read(&mut section);
    section.finish()
}
