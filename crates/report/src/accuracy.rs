//! The first table of a comparison: accuracy by protocol.

use crate::{
    Better, Cell, Column, Comparison, Kind, Table, TableOptions,
    comparison::{Outcome, title},
    notes::notes,
    reported,
};

const DECIMALS: usize = 3;

impl Comparison {
    /// Accuracy of each variant on each protocol, with the difference to the first variant.
    pub fn accuracy_table(&self, options: TableOptions) -> Table {
        let mut columns = lead(self);
        for protocol in self.protocols() {
            columns.push(Column::new(format!("{protocol}_accuracy"), title(protocol), Kind::Spread));
            let key = format!("{protocol}_difference");
            columns.push(Column::new(key, "Difference", Kind::Difference(Better::Higher)));
            if options.reported && reported::knows(protocol) {
                columns.push(Column::new(format!("{protocol}_reported"), "Reported", Kind::Number));
            }
        }
        let mut table = Table::new("accuracy", "Accuracy", columns);
        for place in 0..self.variants().len() {
            table.push(self.accuracy_row(place, options));
        }
        table.notes = notes(self, &(0..self.protocols().len()).collect::<Vec<_>>());
        if options.reported {
            table.notes.push(reported::NOTE.to_owned());
        }
        table
    }

    fn accuracy_row(&self, place: usize, options: TableOptions) -> Vec<Cell> {
        let mut row = lead_cells(self, place);
        let variant = &self.variants()[place].name;
        for (at, protocol) in self.protocols().iter().enumerate() {
            let outcome = self.outcome(place, at);
            row.push(outcome.map_or(Cell::Empty, |outcome| Cell::Spread {
                summary: outcome.accuracy,
                decimals: DECIMALS,
            }));
            row.push(difference(outcome));
            if options.reported && reported::knows(protocol) {
                let value = reported::accuracy(variant, protocol);
                row.push(value.map_or(Cell::Empty, |value| Cell::Number { value, decimals: DECIMALS }));
            }
        }
        row
    }
}

fn difference(outcome: Option<&Outcome>) -> Cell {
    match outcome.map(|outcome| outcome.against) {
        Some(Ok(Some(found))) => Cell::difference(found.accuracy, DECIMALS),
        _ => Cell::Empty,
    }
}

/// The columns that name a row: the variant, and its state where the caller gave any.
pub(crate) fn lead(comparison: &Comparison) -> Vec<Column> {
    let mut columns = vec![Column::new("variant", "Variant", Kind::Text)];
    if has_states(comparison) {
        columns.push(Column::new("state", "State", Kind::Text));
    }
    columns
}

pub(crate) fn lead_cells(comparison: &Comparison, place: usize) -> Vec<Cell> {
    let variant = &comparison.variants()[place];
    let mut cells = vec![Cell::text(variant.name.as_str())];
    if has_states(comparison) {
        cells.push(variant.state.clone().map_or(Cell::Empty, Cell::Text));
    }
    cells
}

fn has_states(comparison: &Comparison) -> bool {
    comparison.variants().iter().any(|variant| variant.state.is_some())
}
