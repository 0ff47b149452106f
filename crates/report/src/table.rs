//! A table: headed columns and typed cells, written by a [`Format`].

use serde_json::Value;

use crate::{Cell, Format, format};

/// What a column's cells are: decides alignment, and the fields that programs get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// Numbers, counts, durations.
    Number,
    /// [`Cell::Spread`]: the field, and `FIELD_std`.
    Spread,
    /// [`Cell::Proportion`]: the field, `FIELD_low` and `FIELD_high`.
    Interval,
    /// [`Cell::Difference`]: the field, `FIELD_low` and `FIELD_high`, and `FIELD_is_clear`, which an asterisk says to people.
    Difference(Better),
}

/// Which differences are good news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Accuracy.
    Higher,
    /// Errors.
    Lower,
    /// That depends on what was expected.
    Unsaid,
}

/// A column's heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name of the field in CSV and JSON.
    pub key: String,
    /// What people read.
    pub title: String,
    /// What its cells are.
    pub kind: Kind,
}

impl Column {
    /// A heading.
    pub fn new(key: impl Into<String>, title: impl Into<String>, kind: Kind) -> Self {
        Self { key: key.into(), title: title.into(), kind }
    }

    /// Names of the fields in CSV and JSON.
    pub(crate) fn fields(&self) -> Vec<String> {
        let endings: &[&str] = match self.kind {
            Kind::Text | Kind::Number => &[""],
            Kind::Spread => &["", "_std"],
            Kind::Interval => &["", "_low", "_high"],
            Kind::Difference(_) => &["", "_low", "_high", "_is_clear"],
        };
        endings.iter().map(|ending| format!("{}{ending}", self.key)).collect()
    }

    pub(crate) fn is_left_aligned(&self) -> bool {
        // Differences have their own brackets and stars to line up.
        matches!(self.kind, Kind::Text | Kind::Difference(_))
    }
}

/// Rows under headings, with a caption above and notes below.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Name in a document of several tables: `accuracy`.
    pub name: String,
    /// What the table shows.
    pub caption: String,
    /// The headings.
    pub columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

impl Table {
    /// A table without rows.
    pub fn new(name: impl Into<String>, caption: impl Into<String>, columns: Vec<Column>) -> Self {
        Self { name: name.into(), caption: caption.into(), columns, rows: Vec::new(), notes: Vec::new() }
    }

    /// Adds a row; panics unless it has one cell a column, which would be a mistake in the program.
    pub fn push(&mut self, row: Vec<Cell>) {
        assert_eq!(
            row.len(),
            self.columns.len(),
            "a row of table `{}` has a cell for each column",
            self.name
        );
        self.rows.push(row);
    }

    /// The rows.
    pub fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }

    /// The table without columns that have nothing to show, for people; programs want the same ones always.
    #[must_use]
    pub fn without_empty_columns(&self) -> Self {
        let shows =
            |place: usize| self.rows.is_empty() || self.rows.iter().any(|row| row[place] != Cell::Empty);
        let kept: Vec<usize> = (0..self.columns.len()).filter(|&place| shows(place)).collect();
        let rows = self.rows.iter().map(|row| kept.iter().map(|&place| row[place].clone()).collect());
        Self {
            columns: kept.iter().map(|&place| self.columns[place].clone()).collect(),
            rows: rows.collect(),
            ..self.clone()
        }
    }

    /// The table with a first column that says `text` in every row.
    pub(crate) fn led_by(&self, column: Column, text: &str) -> Self {
        let mut table = self.clone();
        table.columns.insert(0, column);
        for row in &mut table.rows {
            row.insert(0, Cell::text(text));
        }
        table
    }

    /// The table as text, ending with a new line.
    pub fn render(&self, format: Format) -> String {
        format::render(std::slice::from_ref(self), format)
    }

    /// What a row holds for programs: one value a field, null where a cell is empty.
    pub(crate) fn raw(&self, row: &[Cell]) -> Vec<Value> {
        let cells = self.columns.iter().zip(row);
        cells
            .flat_map(|(column, cell)| {
                let mut values = cell.raw();
                values.resize(column.fields().len(), Value::Null);
                values
            })
            .collect()
    }
}
