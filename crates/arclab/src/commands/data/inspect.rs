//! `arclab data inspect`.

use std::path::Path;

use arclab_data::{
    FolderError, Inspection, PairCounts, PairsError, PeopleCounts, ProblemKind, Sort, inspect, inspect_pairs,
};
use arclab_report::{Cell, Column, Format, Kind, Table};

use super::{InspectArgs, named};
use crate::{
    output::{self, Output},
    progress::DataProgress,
};

/// Sorts of images that people are shown.
const SORTS: usize = 8;

pub(super) fn execute(store: &Path, arguments: &InspectArgs, output: Output) -> anyhow::Result<()> {
    let path = named(&arguments.path, arguments.catalogue.as_deref())?;
    let progress = DataProgress::reading(output);
    let inspected = inspect(&path, arguments.sample, &store.join("cache"), &progress);
    progress.finish();
    let tables = match inspected {
        Ok(found) => tables(&found, output.format),
        Err(FolderError::UnknownForm { path, found }) => match inspect_pairs(&path) {
            Ok(pairs) => vec![facts("pairs", &path, of_pairs(&pairs), output.format)],
            Err(PairsError::People { people, .. }) => {
                vec![facts("people", &path, of_people(people), output.format)]
            }
            // What is no list either is told as what it might be: a set of images.
            Err(PairsError::UnknownForm { .. }) => {
                return Err(FolderError::UnknownForm { path, found }.into());
            }
            Err(error) => return Err(error.into()),
        },
        Err(error) => return Err(error.into()),
    };
    output::print(&arclab_report::render(&tables, output.format))
}

fn of_people(people: PeopleCounts) -> Vec<Fact> {
    vec![
        ("form", "Form", Cell::text("people as LFW's people.txt has them, and no pairs")),
        ("sets", "Sets", Cell::Count(people.sets as u64)),
        ("identities", "Identities", Cell::Count(people.people as u64)),
        ("images", "Images", Cell::Count(people.images)),
    ]
}

/// A fact: its key, its title and its value.
type Fact = (&'static str, &'static str, Cell);

/// Tables of what was found.
pub(super) fn tables(found: &Inspection, format: Format) -> Vec<Table> {
    let mut set = facts("data", &found.path, of_set(found), format);
    if !found.names.is_empty() {
        set.notes.push(format!("The first names: {}.", found.names.join(", ")));
    }
    set.notes.extend(found.notes.iter().map(|note| format!("{note}.")));
    let mut tables = vec![set, sorts(found, format), problems(&found.problems, format)];
    tables.retain(|table| !table.rows().is_empty() || format == Format::Json);
    tables
}

/// What is known of what lies at `path`. People read one fact a line, and programs get them in columns.
fn facts(name: &str, path: &Path, mut facts: Vec<Fact>, format: Format) -> Table {
    let caption = path.display().to_string();
    if format.is_for_programs() {
        facts.insert(0, ("path", "Path", Cell::text(&caption)));
        let column = |(key, title, cell): &Fact| {
            let kind = if matches!(cell, Cell::Text(_)) { Kind::Text } else { Kind::Number };
            Column::new(*key, *title, kind)
        };
        let mut table = Table::new(name, caption, facts.iter().map(column).collect());
        table.push(facts.into_iter().map(|(_, _, cell)| cell).collect());
        return table;
    }
    let columns =
        [("fact", "About it"), ("value", "Found")].map(|(key, title)| Column::new(key, title, Kind::Text));
    let mut table = Table::new(name, caption, columns.into());
    for (_, title, cell) in facts.into_iter().filter(|(_, _, cell)| *cell != Cell::Empty) {
        table.push(vec![Cell::text(title), cell]);
    }
    table
}

fn of_set(found: &Inspection) -> Vec<Fact> {
    let counts = &found.images_per_identity;
    let count = |number: Option<&usize>| number.map_or(Cell::Empty, |&number| Cell::Count(number as u64));
    let details = if found.details.is_empty() { Cell::Empty } else { Cell::text(found.details.join("; ")) };
    let mut facts = vec![
        ("form", "Form", Cell::text(found.form.to_string())),
        ("recognised_by", "Recognised, for", Cell::text(&found.sign)),
        ("details", "In the file", details),
        ("images", "Images", Cell::Count(found.images as u64)),
        ("identities", "Identities", Cell::Count(counts.len() as u64)),
        ("images_per_identity_min", "Images of one, fewest", count(counts.first())),
        ("images_per_identity_median", "Images of one, median", count(counts.get(counts.len() / 2))),
        ("images_per_identity_max", "Images of one, most", count(counts.last())),
    ];
    if let Some(pairs) = &found.pairs {
        facts.extend(of_pairs(pairs).into_iter().skip(1));
    }
    facts
}

fn of_pairs(pairs: &PairCounts) -> Vec<Fact> {
    let number = |number: usize| Cell::Count(number as u64);
    let first = pairs.first.as_ref().map_or(Cell::Empty, |[a, b]| Cell::text(format!("{a} and {b}")));
    vec![
        ("form", "Form", Cell::text(pairs.form)),
        ("pairs", "Pairs", number(pairs.same + pairs.different)),
        ("same", "Pairs of one person", number(pairs.same)),
        ("different", "Pairs of two", number(pairs.different)),
        ("folds", "Folds", pairs.folds.map_or(Cell::Empty, number)),
        ("first_pair", "The first pair", first),
    ]
}

fn sorts(found: &Inspection, format: Format) -> Table {
    let caption = if found.sampled == found.images {
        "What the images are, by their headers".to_owned()
    } else {
        format!("What the images are, by the headers of {} of {}", found.sampled, found.images)
    };
    let (text, number) = (Kind::Text, Kind::Number);
    let columns = [
        ("format", "Format", text),
        ("width", "Width", number),
        ("height", "Height", number),
        ("colour", "Channels", text),
        ("bits", "Bits", number),
        ("images", "Images", number),
    ];
    let columns = columns.map(|(key, title, kind)| Column::new(key, title, kind));
    let mut table = Table::new("sample", caption, columns.into());
    let shown = if format.is_for_programs() { found.sorts.len() } else { SORTS };
    for (Sort { format, width, height, is_grey, bits }, count) in found.sorts.iter().take(shown) {
        table.push(vec![
            Cell::text(*format),
            Cell::Count((*width).into()),
            Cell::Count((*height).into()),
            Cell::text(if *is_grey { "grey" } else { "colour" }),
            Cell::Count((*bits).into()),
            Cell::Count(*count as u64),
        ]);
    }
    if found.sorts.len() > shown {
        table.notes.push(format!(
            "And {} sorts more, each as rare as the last or rarer.",
            found.sorts.len() - shown
        ));
    }
    table
}

pub(super) fn problems(problems: &[ProblemKind], format: Format) -> Table {
    let columns = vec![
        Column::new("problem", "Problem", Kind::Text),
        Column::new("count", "Count", Kind::Number),
        Column::new("example", "Such as", Kind::Text),
    ];
    let mut table = Table::new("problems", "What is left out, and why", columns);
    for kind in problems {
        // One row a problem, for people; programs get all examples.
        let shown = if format == Format::Json { kind.examples.len() } else { 1 };
        for (path, reason) in kind.examples.iter().take(shown) {
            let example = if *reason == kind.reason {
                path.display().to_string()
            } else {
                format!("{}: {reason}", path.display())
            };
            table.push(vec![Cell::text(&kind.reason), Cell::Count(kind.count as u64), Cell::text(example)]);
        }
    }
    table
}
