//! Pair lists as CSV with the columns `a`, `b`, `same` and perhaps `fold`.

use std::path::Path;

use super::{PairProblem, PairsError, listed::Written};
use crate::table::Table;

pub(super) fn read(path: &Path) -> Result<Vec<Written>, PairsError> {
    let table = Table::read(path, &["a", "b", "same"], &["fold"])?;
    let mut pairs = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        let error = |problem| PairsError::Line { path: path.to_owned(), line: row.line, problem };
        let cell = |column| table.cell(row, column).unwrap_or_default();
        pairs.push(Written {
            line: row.line,
            names: [cell("a").to_owned(), cell("b").to_owned()],
            same: label(cell("same")).map_err(error)?,
            fold: table.cell(row, "fold").map(fold).transpose().map_err(error)?.flatten(),
        });
    }
    if let Some(odd) = pairs.iter().find(|pair| pair.fold.is_some() != pairs[0].fold.is_some()) {
        let problem = PairProblem::Fold(odd.fold.map_or_else(String::new, |fold| fold.to_string()));
        return Err(PairsError::Line { path: path.to_owned(), line: odd.line, problem });
    }
    Ok(pairs)
}

fn label(text: &str) -> Result<bool, PairProblem> {
    match text {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        other => Err(PairProblem::Label(other.to_owned())),
    }
}

/// arclab's own lists leave the column empty where there are no folds.
fn fold(text: &str) -> Result<Option<u32>, PairProblem> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| PairProblem::Fold(text.to_owned()))
}
