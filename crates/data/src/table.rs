//! Reading a CSV file whose columns are known by name, with the line of every row.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use csv::{ReaderBuilder, StringRecord, Trim};

/// Why a CSV file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// Not there, no CSV, not UTF-8, or rows of different lengths.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why, with the line.
        source: csv::Error,
    },
    /// As some editors of Windows save it.
    #[error("{} is in UTF-16: save it as UTF-8", path.display())]
    Utf16 {
        /// The file.
        path: PathBuf,
    },
    /// A column is not there.
    #[error("{}, line 1: no column `{column}`; the columns are {found}, and {needed} are needed", path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The columns that are there.
        found: String,
        /// The columns that must be.
        needed: String,
    },
    /// A column has no meaning, perhaps for a slip of the pen.
    #[error("{}, line 1: unknown column `{column}`; allowed are {allowed}", path.display())]
    UnknownColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The columns that may be there.
        allowed: String,
    },
    /// A column is there twice.
    #[error("{}, line 1: the column `{column}` is there twice", path.display())]
    RepeatedColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
    },
}

/// A file's rows.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
    columns: BTreeMap<String, usize>,
}

/// One row.
#[derive(Debug)]
pub(crate) struct Row {
    /// Line in the file, from 1.
    pub(crate) line: u64,
    record: StringRecord,
}

impl Table {
    /// Reads `path`, which must have the columns `needed`, may have those of `optional`, and no other.
    pub(crate) fn read(path: &Path, needed: &[&str], optional: &[&str]) -> Result<Self, TableError> {
        let error = |source| {
            let path = path.to_owned();
            if begins_as_utf16(&path) {
                TableError::Utf16 { path }
            } else {
                TableError::Read { path, source }
            }
        };
        let mut reader = ReaderBuilder::new().trim(Trim::All).from_path(path).map_err(error)?;
        let columns = columns(path, reader.headers().map_err(error)?, needed, optional)?;
        let mut rows = Vec::new();
        for record in reader.into_records() {
            let record = record.map_err(error)?;
            rows.push(Row { line: record.position().map_or(0, csv::Position::line), record });
        }
        Ok(Self { rows, columns })
    }

    /// The text of `row` in `column`; `None` where the file has no such column.
    pub(crate) fn cell<'a>(&self, row: &'a Row, column: &str) -> Option<&'a str> {
        row.record.get(*self.columns.get(column)?)
    }
}

/// Whether a byte order mark says so, which no UTF-8 begins with.
fn begins_as_utf16(path: &Path) -> bool {
    let mut mark = [0; 2];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut mark));
    read.is_ok() && matches!(mark, [0xFF, 0xFE] | [0xFE, 0xFF])
}

fn columns(
    path: &Path,
    header: &StringRecord,
    needed: &[&str],
    optional: &[&str],
) -> Result<BTreeMap<String, usize>, TableError> {
    let mut columns = BTreeMap::new();
    for (position, name) in header.iter().enumerate() {
        if columns.insert(name.to_owned(), position).is_some() {
            return Err(TableError::RepeatedColumn { path: path.to_owned(), column: name.to_owned() });
        }
    }
    // What is missing first: in a file of another form every column is unknown, too.
    if let Some(column) = needed.iter().find(|name| !columns.contains_key(**name)) {
        return Err(TableError::MissingColumn {
            path: path.to_owned(),
            column: (*column).to_owned(),
            found: quoted(header.iter()),
            needed: quoted(needed.iter().copied()),
        });
    }
    let known = |name: &str| needed.contains(&name) || optional.contains(&name);
    if let Some(column) = header.iter().find(|name| !known(name)) {
        return Err(TableError::UnknownColumn {
            path: path.to_owned(),
            column: column.to_owned(),
            allowed: quoted(needed.iter().chain(optional).copied()),
        });
    }
    Ok(columns)
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
