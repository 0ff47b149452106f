//! `arclab data check`.

use std::path::Path;

use arclab_data::{Checked, check};
use arclab_report::{Cell, Column, Format, Kind, Table};

use super::{CheckArgs, named};
use crate::{
    output::{self, Output},
    progress::DataProgress,
};

/// Examples of each problem that people are shown.
const SHOWN: usize = 3;

/// One thing that may be wrong, and where.
struct Problem {
    key: &'static str,
    title: &'static str,
    examples: Vec<String>,
}

pub(super) fn execute(store: &Path, arguments: &CheckArgs, output: Output) -> anyhow::Result<()> {
    let path = named(&arguments.path, arguments.catalogue.as_deref())?;
    let progress = DataProgress::new(output);
    let checked = check(&path, &store.join("cache"), &progress);
    progress.finish();
    let checked = checked?;
    let problems = problems(&checked);
    output::print(&table(&checked, &problems, arguments, output.format).render(output.format))
}

fn problems(checked: &Checked) -> Vec<Problem> {
    let name = |&image: &usize| checked.images.name(image).to_owned();
    let group = |images: &[usize]| images.iter().map(name).collect::<Vec<_>>().join(" = ");
    let copies = |across: bool| {
        let groups = checked.copies.iter().filter(|group| checked.is_across(group) == across);
        groups.map(|images| group(images)).collect()
    };
    let near = |across: bool| {
        let pairs = checked.near.iter().filter(|pair| checked.is_across(&[pair.a, pair.b]) == across);
        pairs.map(|pair| format!("{} ({} of 256 bits)", group(&[pair.a, pair.b]), pair.bits)).collect()
    };
    let of = |images: &[usize]| images.iter().map(name).collect::<Vec<_>>();
    let left_out = checked.left_out.iter().map(|file| format!("{}: {}", file.path.display(), file.reason));
    let few = checked.identities.iter().filter(|(_, count)| *count < 2);
    let problem = |key, title, examples| Problem { key, title, examples };
    vec![
        problem("left_out", "Files that are no image", left_out.collect()),
        problem("copies_across", "Equal files of several people", copies(true)),
        problem("copies_within", "Equal files of one person", copies(false)),
        problem("near_across", "Images of two people that look the same", near(true)),
        problem("near_within", "Images of one person that look the same", near(false)),
        problem("grey", "Grey images among colour", of(&checked.grey)),
        problem("blurred", "The most blurred hundredth", of(&checked.poor["blur"])),
        problem("dark", "The darkest hundredth", of(&checked.poor["brightness"])),
        problem("alone", "People with one image", few.map(|(identity, _)| identity.clone()).collect()),
    ]
}

/// A row a problem, for people; programs get a row an example.
fn table(checked: &Checked, problems: &[Problem], arguments: &CheckArgs, format: Format) -> Table {
    let for_programs = format.is_for_programs();
    let columns = vec![
        Column::new("problem", "What was looked for", Kind::Text),
        Column::new("count", "Found", Kind::Number),
        Column::new("example", "Such as", Kind::Text),
    ];
    let (images, people) = (checked.images.len(), checked.identities.len());
    let caption = format!("{}: {images} images of {people} people", arguments.path.display());
    let mut table = Table::new("check", caption, columns);
    for Problem { key, title, examples } in problems {
        let count = Cell::Count(examples.len() as u64);
        if for_programs {
            for example in examples {
                table.push(vec![Cell::text(*key), count.clone(), Cell::text(example)]);
            }
            continue;
        }
        let shown = examples.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        let example = if shown.is_empty() { Cell::Empty } else { Cell::text(shown) };
        table.push(vec![Cell::text(*title), count, example]);
    }
    if let (Some((_, fewest)), Some((most_of, most))) =
        (checked.identities.first(), checked.identities.last())
    {
        table.notes.push(format!("Images of one person: {fewest} to {most} (of {most_of})."));
    }
    table.notes.push(
        "Looking the same: perceptual hashes that differ in at most 15 of 256 bits. It is a hint: aligned photos of one moment \
         come so close, too."
            .to_owned(),
    );
    table
}
