//! The second table of a comparison: false positives and false negatives.

use arclab_metrics::Summary;
use arclab_spec::ProtocolName;

use crate::{
    Better, Cell, Column, Comparison, Differences, Kind, Table, TableOptions, Tested,
    comparison::{Outcome, title},
    notes::notes,
    reported,
};

impl Comparison {
    /// False positives and negatives of each variant, with the difference to the first variant: of the open set, as
    /// the course report has it; of all protocols if there are others than `closed` and `open`.
    pub fn errors_table(&self, options: TableOptions) -> Table {
        let shown = self.shown();
        let reported = options.reported && shown.iter().any(|&at| is_open(&self.protocols()[at]));
        let mut table = Table::new("errors", caption(self, &shown), columns(shown.len() > 1, reported));
        for &at in &shown {
            for place in 0..self.variants().len() {
                table.push(self.errors_row(place, at, shown.len() > 1, reported));
            }
        }
        table.notes = notes(self, &shown);
        if reported {
            table.notes.push(reported::NOTE.to_owned());
        }
        table
    }

    /// Places of the protocols to show.
    fn shown(&self) -> Vec<usize> {
        let all = 0..self.protocols().len();
        let of_report_only = self.protocols().iter().all(reported::knows);
        let open = self.protocols().iter().position(is_open);
        match open {
            Some(open) if of_report_only => vec![open],
            _ => all.collect(),
        }
    }

    fn errors_row(&self, place: usize, at: usize, several: bool, reported: bool) -> Vec<Cell> {
        let (variant, protocol) = (&self.variants()[place].name, &self.protocols()[at]);
        let mut row = Vec::new();
        if several {
            row.push(Cell::text(title(protocol)));
        }
        row.push(Cell::text(variant.as_str()));
        let outcome = self.outcome(place, at);
        let reported_errors = reported::errors(variant, protocol);
        let positives = Figure {
            count: outcome.map(|found| found.false_positives),
            difference: against(outcome, |found| found.false_positives),
            reported: reported_errors.map(|errors| errors.0),
        };
        let negatives = Figure {
            count: outcome.map(|found| found.false_negatives),
            difference: against(outcome, |found| found.false_negatives),
            reported: reported_errors.map(|errors| errors.1),
        };
        row.extend(positives.cells(reported).chain(negatives.cells(reported)));
        row
    }
}

/// One kind of error of one variant.
struct Figure {
    count: Option<Summary>,
    difference: Option<Tested>,
    reported: Option<u64>,
}

impl Figure {
    fn cells(self, reported: bool) -> impl Iterator<Item = Cell> {
        // Counts of one run are whole; means of several seeds need not be.
        let decimals = usize::from(self.count.is_some_and(|count| count.std.is_some()));
        let count = self.count.map_or(Cell::Empty, |summary| Cell::Spread { summary, decimals });
        let difference =
            self.difference.map_or(Cell::Empty, |difference| Cell::difference(difference, decimals));
        let figure = reported.then(|| self.reported.map_or(Cell::Empty, Cell::Count));
        [count, difference].into_iter().chain(figure)
    }
}

fn against(outcome: Option<&Outcome>, of: fn(Differences) -> Tested) -> Option<Tested> {
    outcome?.against.ok()?.map(of)
}

fn is_open(protocol: &ProtocolName) -> bool {
    protocol.as_str() == "open"
}

fn caption(comparison: &Comparison, shown: &[usize]) -> String {
    match shown {
        [one] => format!("{}: false positives and false negatives", title(&comparison.protocols()[*one])),
        _ => "False positives and false negatives".to_owned(),
    }
}

fn columns(several: bool, reported: bool) -> Vec<Column> {
    let mut columns = Vec::new();
    if several {
        columns.push(Column::new("protocol", "Test", Kind::Text));
    }
    columns.push(Column::new("variant", "Variant", Kind::Text));
    for (key, title) in [("false_positives", "False positives"), ("false_negatives", "False negatives")] {
        columns.push(Column::new(key, title, Kind::Spread));
        let key = |ending: &str| format!("{key}_{ending}");
        columns.push(Column::new(key("difference"), "Difference", Kind::Difference(Better::Lower)));
        if reported {
            columns.push(Column::new(key("reported"), "Reported", Kind::Number));
        }
    }
    columns
}
