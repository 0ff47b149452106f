//! `arclab data fetch`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use arclab_fetch::{Fetched, Patience, fetch, public_sets, shared_folder};
use arclab_report::{Cell, Column, Format, Kind, Table};
use arclab_spec::PublicSet;

use super::{FetchArgs, naming::Naming};
use crate::{
    output::{self, Output},
    progress::FetchProgress,
};

pub(super) fn execute(arguments: &FetchArgs, output: Output) -> anyhow::Result<()> {
    let sets = public_sets(arguments.from.as_deref())?;
    let Some(name) = &arguments.name else {
        return output::print(&arclab_report::render(&[listed(&sets, output.format)], output.format));
    };
    let Some(set) = sets.iter().find(|set| set.name == *name) else {
        let names: Vec<&str> = sets.iter().map(|set| set.name.as_str()).collect();
        bail!("`{name}` is no public set that is known here: there are {}", names.join(", "));
    };
    let folder = folder(set, arguments)?;
    let images = set.images.as_ref().map(|file| folder.join(file));
    let naming = match &images {
        Some(images) => Some(Naming::new(name, images, arguments.catalogue.as_deref())?),
        None => None,
    };
    let is_known = match &naming {
        Some(naming) if !arguments.replace => naming.is_known("--replace")?,
        Some(_) | None => false,
    };
    output.note(format_args!("{name}: {}; licence: {}", set.about, set.licence));
    let files = bring(set, &folder, arguments, output)?;
    output::print(&arclab_report::render(&[files], output.format))?;
    if let Some(naming) = naming {
        if is_known {
            naming.keep(output);
        } else {
            naming.give(Some(set.licence.clone()), Some(set.source.clone()), output)?;
        }
        if !set.is_aligned {
            output.note(format_args!(
                "its faces are not where networks expect them: `arclab data align {name} --as {name}-aligned` brings them there"
            ));
        }
    }
    Ok(())
}

fn folder(set: &PublicSet, arguments: &FetchArgs) -> anyhow::Result<PathBuf> {
    match &arguments.into {
        Some(folder) => Ok(folder.clone()),
        None if set.images.is_some() => Ok(Path::new("data").join(&set.name)),
        None => shared_folder().context("the environment names no home: say with --into where to put it"),
    }
}

/// Brings all files of `set`, and says of each where it is.
fn bring(set: &PublicSet, folder: &Path, arguments: &FetchArgs, output: Output) -> anyhow::Result<Table> {
    let patience = Patience { silence: Duration::from_secs(arguments.patience), ..Patience::default() };
    let columns = vec![
        Column::new("file", "File", Kind::Text),
        Column::new("bytes", "Bytes", Kind::Number),
        Column::new("sha256", "SHA-256", Kind::Text),
        Column::new("fetched", "Fetched", Kind::Text),
    ];
    let mut table = Table::new("fetched", format!("{}: {}", set.name, set.about), columns);
    let progress = FetchProgress::new(output);
    for file in &set.files {
        let fetched = fetch(file, folder, patience, &progress);
        progress.finish();
        table.push(vec![
            Cell::text(folder.join(&file.name).display().to_string()),
            Cell::Count(file.bytes),
            Cell::text(&file.sha256),
            Cell::text(match fetched? {
                Fetched::Present => "was there",
                Fetched::New => "now",
            }),
        ]);
    }
    Ok(table)
}

/// What there is to bring. Of licence and source people read below the table, which would be too wide.
fn listed(sets: &[PublicSet], format: Format) -> Table {
    let mut columns = vec![
        Column::new("name", "Name", Kind::Text),
        Column::new("about", "What it is", Kind::Text),
        Column::new("bytes", "Bytes", Kind::Number),
    ];
    if format.is_for_programs() {
        columns.push(Column::new("licence", "Licence", Kind::Text));
        columns.push(Column::new("source", "Source", Kind::Text));
    }
    let mut table = Table::new("public", "Public sets that `arclab data fetch NAME` brings", columns);
    for set in sets {
        let bytes = set.files.iter().map(|file| file.bytes).fold(0, u64::saturating_add);
        let mut row = vec![Cell::text(&set.name), Cell::text(&set.about), Cell::Count(bytes)];
        if format.is_for_programs() {
            row.extend([Cell::text(&set.licence), Cell::text(&set.source)]);
        } else {
            table.notes.push(format!("{}: licence: {}; source: {}.", set.name, set.licence, set.source));
        }
        table.push(row);
    }
    table
}
