//! What was found, as tables.

use arclab_data::{CheckRequest, Checked, Problem, SizeCount};
use arclab_report::{Cell, Column, Format, Kind, Table};

use super::{needs, shown};

/// Examples of each problem that people are shown.
const SHOWN: usize = 3;
/// Characters of examples, where there are several.
const LONGEST: usize = 80;
/// Sizes that people are shown.
const SIZES: usize = 8;

/// For people a row a problem; programs get a row an example besides.
pub(super) fn tables(checked: &Checked, request: &CheckRequest, format: Format) -> Vec<Table> {
    let mut tables = vec![problems(checked, request, format)];
    if format.is_for_programs() {
        tables.push(examples(checked, format));
    }
    tables.extend([people(checked), sizes(checked, format)]);
    let tests = tests(checked);
    if !tests.rows().is_empty() || format == Format::Json {
        tables.push(tests);
    }
    tables
}

fn count(count: usize) -> Cell {
    Cell::Count(count as u64)
}

/// What was looked for, and how often it was found.
fn problems(checked: &Checked, request: &CheckRequest, format: Format) -> Table {
    let caption = format!(
        "{}: {} images of {} people",
        request.set.display(),
        checked.own,
        checked.balance.people.len()
    );
    let mut table = if format.is_for_programs() {
        let columns = ["problem", "title", "is_wrong"].map(|key| Column::new(key, key, Kind::Text));
        let columns = columns.into_iter().chain([Column::new("count", "count", Kind::Number)]);
        Table::new("problems", caption, columns.collect())
    } else {
        Table::new("problems", caption, for_people())
    };
    for problem in Problem::ALL {
        let found = checked.found.get(&problem);
        let cases = found.map_or(Cell::Empty, |cases| count(cases.len()));
        if format.is_for_programs() {
            let is_wrong = if problem.is_wrong() { "yes" } else { "no" };
            table.push(vec![
                Cell::text(problem.key()),
                Cell::text(problem.title()),
                Cell::text(is_wrong),
                cases,
            ]);
            continue;
        }
        let example = match found {
            None => Cell::text(needs(problem)),
            Some(cases) if cases.is_empty() => Cell::Empty,
            Some(_) => Cell::text(some(&shown(checked, problem, format))),
        };
        table.push(vec![Cell::text(problem.title()), cases, example]);
    }
    table.notes.extend(checked.notes.iter().map(|note| format!("{note}.")));
    table.notes.push(
        "Looking the same: perceptual hashes that differ in at most 15 of 256 bits; counted are groups, and of tests their images. It is a hint: aligned photos of one moment \
         come so close, too."
            .to_owned(),
    );
    table
}

/// As many examples as fit a line, and one at least.
fn some(examples: &[String]) -> String {
    let mut shown = String::new();
    for (place, example) in examples.iter().take(SHOWN).enumerate() {
        if place > 0 && shown.chars().count() + example.chars().count() > LONGEST {
            break;
        }
        shown += if place > 0 { ", " } else { "" };
        shown += example;
    }
    shown
}

fn for_people() -> Vec<Column> {
    vec![
        Column::new("problem", "What was looked for", Kind::Text),
        Column::new("count", "Found", Kind::Number),
        Column::new("example", "Such as", Kind::Text),
    ]
}

/// A row an example.
fn examples(checked: &Checked, format: Format) -> Table {
    let columns = ["problem", "example", "about"].map(|key| Column::new(key, key, Kind::Text));
    let mut table = Table::new("examples", "Examples", columns.into());
    for (problem, cases) in &checked.found {
        for (example, case) in shown(checked, *problem, format).into_iter().zip(cases) {
            let is_told = problem.is_told_by_images() && !case.text.is_empty();
            let about = if is_told { Cell::text(&case.text) } else { Cell::Empty };
            table.push(vec![Cell::text(problem.key()), Cell::text(example), about]);
        }
    }
    table
}

/// How images are spread over people.
fn people(checked: &Checked) -> Table {
    let columns = [
        ("people", "People"),
        ("images_min", "Fewest"),
        ("images_lower_quartile", "Quarter"),
        ("images_median", "Half"),
        ("images_upper_quartile", "Three quarters"),
        ("images_max", "Most"),
        ("alone", "With one"),
        ("effective_people", "Effective people"),
    ];
    let columns = columns.map(|(key, title)| Column::new(key, title, Kind::Number));
    let mut table = Table::new("people", "Images of one person", columns.into());
    let balance = &checked.balance;
    let alone = balance.people.iter().filter(|(_, count)| *count < 2).count();
    let mut row = vec![count(balance.people.len())];
    row.extend(balance.quartiles.map(count));
    row.extend([count(alone), Cell::Number { value: balance.effective, decimals: 1 }]);
    table.push(row);
    table.notes.push(format!(
        "The most are of {}. Effective people: as many with equally many images would be as diverse (1 / Σ p²).",
        balance.largest
    ));
    table
}

/// The sizes of the files.
fn sizes(checked: &Checked, format: Format) -> Table {
    let columns = [("width", "Width"), ("height", "Height"), ("images", "Images")];
    let columns = columns.map(|(key, title)| Column::new(key, title, Kind::Number));
    let mut table = Table::new("sizes", "Sizes of the files, in pixels", columns.into());
    let most = if format.is_for_programs() { usize::MAX } else { SIZES };
    for (size, images) in checked.sizes.iter().take(most) {
        let side = |side| size.map_or(Cell::Empty, |size| Cell::Count(u64::from(size[side])));
        table.push(vec![side(0), side(1), count(*images)]);
    }
    table.notes.extend(about_sizes(&checked.sizes, checked.images.size(), most));
    table
}

fn about_sizes(sizes: &[SizeCount], side: u32, most: usize) -> Vec<String> {
    let images_where = |is: fn(&[u32; 2]) -> bool| {
        let of = sizes.iter().filter(|(size, _)| size.as_ref().is_some_and(is));
        of.map(|(_, images)| images).sum::<usize>()
    };
    let oblong = images_where(|[width, height]| width != height);
    let unknown: usize = sizes.iter().filter(|(size, _)| size.is_none()).map(|(_, images)| images).sum();
    let notes = [
        (sizes.len() > most).then(|| format!("And {} other sizes.", sizes.len() - most)),
        (oblong > 0).then(|| format!("{oblong} are not square: runs take their middle.")),
        (unknown > 0).then(|| {
            format!("Of {unknown} it is not known: they were cached at {side} pixels before sizes were kept.")
        }),
    ];
    notes.into_iter().flatten().collect()
}

/// What the tests are on.
fn tests(checked: &Checked) -> Table {
    let number = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let columns = vec![
        Column::new("test", "Test", Kind::Text),
        number("pairs", "Pairs"),
        number("images", "Images"),
        number("images_in_training", "In training"),
        number("people", "People"),
        number("people_in_training", "In training"),
    ];
    let mut table = Table::new("tests", "Tests", columns);
    for test in &checked.tests {
        table.push(vec![
            Cell::text(&test.name),
            test.pairs.map_or(Cell::Empty, count),
            count(test.images),
            test.images_in_training.map_or(Cell::Empty, count),
            count(test.people),
            test.people_in_training.map_or(Cell::Empty, count),
        ]);
    }
    table.notes.push(
        "Images are in training by their content, people by their names; a closed test is of people in training. Nothing is said \
         where it is not known what trains: a split or a spec says it."
            .to_owned(),
    );
    table
}
