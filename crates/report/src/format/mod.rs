//! The forms in which tables go out, one file each.

mod csv;
pub(crate) mod html;
mod json;
mod latex;
pub(crate) mod markdown;
mod text;

use std::collections::BTreeSet;

use crate::{Column, Kind, Table};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for a terminal.
    Text {
        /// Whether to mark headings and clear differences by colour.
        colour: bool,
    },
    /// A table of GitHub's Markdown.
    Markdown,
    /// Comma-separated fields (RFC 4180), unrounded.
    Csv,
    /// A `table` for the `booktabs` package.
    Latex,
    /// An array of objects, unrounded.
    Json,
}

impl Format {
    /// Whether programs read it, which want all of a table and its numbers as they are.
    pub fn is_for_programs(self) -> bool {
        match self {
            Self::Csv | Self::Json => true,
            Self::Text { .. } | Self::Markdown | Self::Latex => false,
        }
    }
}

/// Tables in one document. One table gives an array in JSON, several give an object of arrays by name, with the notes
/// under `notes`.
pub fn render(tables: &[Table], format: Format) -> String {
    let each = |write: &dyn Fn(&Table) -> String| tables.iter().map(write).collect::<Vec<_>>().join("\n");
    match format {
        Format::Text { colour } => {
            let tables = without_repeated_notes(tables);
            tables.iter().map(|table| text::write(table, colour)).collect::<Vec<_>>().join("\n")
        }
        Format::Markdown => each(&markdown::write),
        Format::Csv => each(&csv::write),
        Format::Latex => each(&latex::write),
        Format::Json => json::write(tables),
    }
}

/// Whoever reads several tables one below the other need not read a note twice.
fn without_repeated_notes(tables: &[Table]) -> Vec<Table> {
    let mut said = BTreeSet::new();
    let mut tables = tables.to_vec();
    for table in &mut tables {
        table.notes.retain(|note| said.insert(note.clone()));
    }
    tables
}

/// The tables of several experiments in one document, each under its name in JSON, with a column of it elsewhere.
pub fn render_experiments(experiments: &[(String, Vec<Table>)], format: Format) -> String {
    if let [(_, tables)] = experiments {
        return render(tables, format);
    }
    if format == Format::Json {
        let document = experiments.iter().map(|(name, tables)| (name.clone(), json::document(tables)));
        return json::text(&document.collect());
    }
    let named = |(name, tables): &(String, Vec<Table>)| {
        let column = || Column::new("experiment", "Experiment", Kind::Text);
        tables.iter().map(|table| table.led_by(column(), name)).collect::<Vec<_>>()
    };
    render(&experiments.iter().flat_map(named).collect::<Vec<_>>(), format)
}
