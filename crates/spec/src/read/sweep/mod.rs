//! `sweep:` in a spec: axes over its keys, and the cells that are made of them.
//!
//! A cell is the spec with one value of each axis on top, as if a file beside it said so: it is a variant of its own, it extends
//! the spec, and what it declares are its axes. So everything that holds of variants holds of cells: plans that are equal share
//! their runs, tables hold each against the first, a mistake in a value is shown where the value stands.

mod axis;
mod budget;
mod search;
mod stop;

use serde_json::Value as Json;

pub(super) use self::budget::within;
use self::{axis::Axis, budget::Budget, search::Taken};
use super::{
    chain::{Chain, Link},
    overrides::Override,
    section::{Reading, Section},
    spec,
};
use crate::{
    Cell, InvalidName, Membership, Search, Spec, StopRule, Sweep, SweepAxis, VariantName,
    source::{Diagnostic, Entry, Node, Place, Scalar, Value},
};

/// The key.
pub(super) const KEY: &str = "sweep";
/// Cells beyond which a search is a mistake rather than a plan.
const MOST_CELLS: u64 = 10_000;

const AXES: &str = "Keys, such as `loss.margin`, each with the values that it takes: a list, or a range `{from, to, steps}`.";

/// What `sweep:` says.
struct Written {
    axes: Vec<Axis>,
    search: Search,
    stop: Option<StopRule>,
    budget: Budget,
}

/// The chains of the variants that `chain` stands for: itself; or, of a sweep, what it extends, which all cells are held against,
/// and the cells. What is extended is no sweep, whether or not it is one by itself.
pub(super) fn expanded(chain: Chain, overrides: &[Override], reading: &Reading<'_>) -> Vec<Chain> {
    let set = overrides
        .iter()
        .fold(only(&chain.own().document, KEY), |node, over| node.merged(only(over.document(), KEY)));
    let written = chain.own().document.get(KEY).and(set.get(KEY)).filter(|node| !node.is_null());
    let links: Vec<Link> = chain.links.into_iter().map(without_sweep).collect();
    let Some(node) = written else { return vec![Chain { links, sweep: None }] };
    let [parents @ .., own] = links.as_slice() else { return Vec::new() };
    let mut section = Section::new(reading, Some(node), KEY);
    let written = read(&mut section);
    section.finish();
    refuse_set(&written.axes, overrides, reading);
    let Some(against) = against(parents, own) else {
        let found = Diagnostic::at(
            &node.place,
            "a sweep extends nothing, so that its cells are held against nothing",
        );
        reading.report(found.help("write such as `extends: baseline.yaml`"));
        return Vec::new();
    };
    if search::is_too_large(written.search, &written.axes) {
        return Vec::new();
    }
    let Some(sweep) = written.named(own, reading) else { return Vec::new() };
    let part = |links, cell| Chain { links, sweep: Some(Membership { sweep: sweep.clone(), cell }) };
    let cells = search::cells(written.search, &written.axes, reading.later()).into_iter().zip(0..).map(
        |(cell, number)| {
            let name = name(&cell, sweep.name.as_str(), number);
            // What a sweep is to teach, each of its cells is.
            let document = document(&cell, name, &node.place).merged(only(&own.document, "hypothesis"));
            let link = Link { file: own.file.clone(), document };
            part(links.iter().cloned().chain([link]).collect(), Some(written.cell(&cell, number)))
        },
    );
    [part(against, None)].into_iter().chain(cells).collect()
}

/// Reports what would stop nothing, and a budget that is none.
pub(super) fn fits(spec: &Spec, reading: &Reading<'_>) {
    // The first cell tells it for all.
    let is_first = |part: &&Membership| part.cell.as_ref().is_some_and(|cell| cell.number == 0);
    if let Some(part) = spec.sweep.as_ref().filter(is_first) {
        stop::fits(&part.sweep, spec, reading);
        budget::fits(&part.sweep, spec, reading);
    }
}

/// What cells are held against: what is extended, with the sweep's seeds and resources, so that seeds pair.
fn against(parents: &[Link], own: &Link) -> Option<Vec<Link>> {
    let (last, others) = parents.split_last()?;
    let seeds = own.document.get("training").map(|training| only(training, "seeds"));
    let mut document =
        last.document.clone().merged(only(&own.document, "resources")).merged(only(&own.document, "queue"));
    if let (Some(seeds), Some(entry)) = (seeds, own.document.entry("training")) {
        let value = Value::Map(vec![Entry { node: seeds, ..entry.clone() }]);
        document = document.merged(Node { value, place: own.document.place.clone() });
    }
    let last = Link { file: last.file.clone(), document };
    Some(others.iter().cloned().chain([last]).collect())
}

/// Refuses what would make all cells one.
fn refuse_set(axes: &[Axis], overrides: &[Override], reading: &Reading<'_>) {
    for (axis, over) in axes.iter().flat_map(|axis| overrides.iter().map(move |over| (axis, over))) {
        if axis.key.split('.').try_fold(over.document(), |node, key| node.get(key)).is_some() {
            let message = format!("`{over}` sets an axis of a sweep");
            let help = format!("leave it out, or set the axis: `sweep.axes={{{}: [...]}}`", axis.key);
            reading.report(Diagnostic::at(&over.document().place, message).help(help));
        }
    }
}

impl Written {
    /// The sweep that the file of `own` declares.
    fn named(&self, own: &Link, reading: &Reading<'_>) -> Option<Sweep> {
        let stem = own.file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let wrong =
            |error: InvalidName| reading.report(Diagnostic::of_file(own.file.display(), error.to_string()));
        let name = spec::named(&stem.unwrap_or_default()).map_err(wrong).ok()?;
        let axes = self.axes.iter().map(|axis| SweepAxis {
            key: axis.key.clone(),
            written: axis.node.inline(),
            choices: axis.choices().map(|choices| choices as u32),
        });
        let (search, stop, Budget { runs, hours }) = (self.search, self.stop, self.budget);
        Some(Sweep { name, axes: axes.collect(), search, stop, runs, hours })
    }

    fn cell(&self, cell: &search::Cell<'_>, number: u32) -> Cell {
        let taken = |axis: &Axis| cell.iter().find(|taken| taken.axis.key == axis.key);
        let value = |axis: &Axis| {
            taken(axis).map(|taken| taken.node.scalar().map_or_else(|| taken.node.inline(), str::to_owned))
        };
        let point = self.axes.iter().map(|axis| taken(axis).map(|taken| taken.place));
        Cell { number, point: point.collect(), values: self.axes.iter().map(value).collect() }
    }
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
fn document(cell: &search::Cell<'_>, name: String, place: &Place) -> Node {
    let scalar =
        |text: String| Node { value: Value::Scalar(Scalar { text, quoted: true }), place: place.clone() };
    let entry = |key: &str, node: Node| Entry { key: key.to_owned(), key_place: node.place.clone(), node };
    let mapping = |entry: Entry| Node { place: entry.key_place.clone(), value: Value::Map(vec![entry]) };
    let named = mapping(entry("name", scalar(name)));
    cell.iter().fold(named, |document, taken| {
        let value =
            taken.axis.key.rsplit('.').fold(taken.node.clone(), |node, key| mapping(entry(key, node)));
        document.merged(value)
    })
}

/// `margin-0.3-scale-64`; with a number where that is no name, as of lists.
fn name(cell: &search::Cell<'_>, stem: &str, number: u32) -> String {
    let part = |Taken { axis, node, .. }: &Taken<'_>| {
        let key = axis.key.rsplit('.').next().unwrap_or(&axis.key);
        format!("{key}-{}", node.scalar().unwrap_or("[]"))
    };
    let name = cell.iter().map(part).collect::<Vec<_>>().join("-");
    VariantName::new(&name)
        .map_or_else(|_| format!("{stem}-{:03}", number + 1), |name| name.as_str().to_owned())
}

/// All keys of a sweep.
fn read(section: &mut Section<'_>) -> Written {
    let node = section.take("axes", AXES, axis::schema());
    let mut axes = section.below("axes", node);
    let axes: Vec<Axis> = axes.keys().into_iter().filter_map(|key| axis::axis(&mut axes, key)).collect();
    let budget = budget::budget(section);
    let search = search::search(section, budget.runs);
    let stop = stop::stop(section, &axes);
    if node.is_none_or(|node| node.entries().is_some_and(<[Entry]>::is_empty))
        && let Some(place) = section.place()
    {
        let found = Diagnostic::at(place, "`sweep` has no axis");
        section.reading().report(found.help("write such as `axes: {loss.margin: [0.2, 0.5, 0.8]}`"));
    }
    search::fits(search, section, &axes);
    Written { axes, search, stop, budget }
}

/// The schema of a sweep.
pub(super) fn schema(reading: &Reading<'_>) -> Json {
    let mut section = Section::new(reading, None, KEY);
    read(&mut section);
    section.finish()
}
