//! What came of aligning a set, as tables.

use std::path::Path;

use arclab_data::{Exported, by_kind};
use arclab_report::{Cell, Column, Format, Kind, Table};

use super::super::inspect;

/// What came of it.
pub(super) struct Done<'a> {
    pub(super) out: &'a Path,
    pub(super) made: &'a Exported,
    /// Passed on as they are.
    pub(super) already: usize,
    /// Photos with several faces.
    pub(super) chosen: usize,
    /// Of the photos.
    pub(super) root: &'a Path,
}

impl Done<'_> {
    /// The counts, and what was dropped: by reason for people, and each photo for programs.
    pub(super) fn tables(&self, format: Format) -> Vec<Table> {
        let dropped = &self.made.left_out;
        let mut tables = vec![self.counts()];
        if format.is_for_programs() {
            let columns = [("path", "Dropped"), ("reason", "Why")];
            let columns = columns.map(|(key, title)| Column::new(key, title, Kind::Text));
            let mut table = Table::new("dropped", "What was dropped, and why", columns.into());
            for file in dropped {
                let path = file.path.strip_prefix(self.root).unwrap_or(&file.path);
                table.push(vec![Cell::text(path.display().to_string()), Cell::text(&file.reason)]);
            }
            tables.push(table);
        } else if !dropped.is_empty() {
            let mut table = inspect::problems(&by_kind(dropped), format);
            table.notes.push(format!("Each of them is in {}.", self.out.join("dropped.csv").display()));
            tables.push(table);
        }
        tables
    }

    fn counts(&self) -> Table {
        let columns = [
            ("path", "Written", Kind::Text),
            ("identities", "Identities", Kind::Number),
            ("images", "Images", Kind::Number),
            ("already", "Aligned already", Kind::Number),
            ("chosen", "One of several faces", Kind::Number),
            ("dropped", "Dropped", Kind::Number),
        ];
        let columns = columns.map(|(key, title, kind)| Column::new(key, title, kind));
        let mut table = Table::new("align", "What was aligned", columns.into());
        let count = |count: usize| Cell::Count(count as u64);
        table.push(vec![
            Cell::text(self.out.display().to_string()),
            count(self.made.identities),
            count(self.made.images),
            count(self.already),
            count(self.chosen),
            count(self.made.left_out.len()),
        ]);
        if self.already > 0 {
            table.notes.push("What was aligned already was passed on as it is, to the byte.".to_owned());
        }
        table
    }
}
