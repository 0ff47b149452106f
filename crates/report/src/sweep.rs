//! What a sweep has shown: its cells, which parameters matter, and whether the best cell is more than the luckiest of many.

use arclab_metrics::{Difference, Proportion, seed_difference};
use arclab_search::{Luck, importance, luck};
use arclab_spec::VariantName;

use crate::{Cell, Column, Kind, Part, Section, Table, cell::shown_p, charts, history::WAITS_FOR_SEARCH};

/// Below which a best cell is taken for better than the others.
const CLEAR: f64 = 0.05;
/// Of the forest: the same report every time.
const SEED: u64 = 0;

/// A sweep for its report.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepResults {
    /// Keys of the axes.
    pub axes: Vec<String>,
    /// What cells are held against.
    pub against: CellResults,
    /// Its cells, in the order of the search.
    pub cells: Vec<CellResults>,
}

/// A cell, by its seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct CellResults {
    /// Its variant.
    pub variant: VariantName,
    /// What each axis has in it; none where it does not count.
    pub values: Vec<Option<String>>,
    /// Its place on each axis.
    pub point: Vec<Option<f64>>,
    /// Epochs in all.
    pub epochs: u32,
    /// The accuracy on validation pairs after each epoch, one list a seed, in the order of the seeds.
    pub curves: Vec<Vec<f64>>,
    /// Seconds that workers were on its runs.
    pub seconds: f64,
    /// Where it stands.
    pub stands: Stands,
}

/// Where a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// All of its runs succeeded.
    Whole,
    /// Its search has stopped it.
    StoppedEarly,
    /// The hours of its sweep were spent before it began.
    NeverBegun,
    /// A run of it failed or was called off.
    Failed,
    /// What is left of it waits until its search compares it with others.
    Waits,
    /// It is still to go on.
    Open,
}

impl Stands {
    fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::StoppedEarly => "stopped early",
            Self::NeverBegun => "not begun",
            Self::Failed => "failed",
            Self::Waits => WAITS_FOR_SEARCH,
            Self::Open => "to go on",
        }
    }
}

impl CellResults {
    /// Epochs that all seeds have done.
    pub(crate) fn done(&self) -> usize {
        self.curves.iter().map(Vec::len).min().unwrap_or(0)
    }

    /// What each seed showed after so many epochs; none before that.
    fn after(&self, epochs: usize) -> Option<Vec<f64>> {
        let at = epochs.checked_sub(1)?;
        self.curves.iter().map(|curve| curve.get(at).copied()).collect()
    }

    /// The mean over seeds after so many epochs.
    pub(crate) fn mean(&self, epochs: usize) -> Option<f64> {
        let values = self.after(epochs).filter(|values| !values.is_empty())?;
        Some(values.iter().sum::<f64>() / values.len() as f64)
    }
}

impl SweepResults {
    /// What a page and a report begin with.
    pub fn section(&self) -> Section {
        let figure = charts::cells(self)
            .map(|figure| Part::Figures { small: false, figures: vec![("sweep".to_owned(), figure)] });
        Section::new("Sweep", "").with(self.tables().into_iter().map(Part::Table).chain(figure))
    }

    /// The cells, and what matters where there are several axes.
    pub fn tables(&self) -> Vec<Table> {
        let mut tables = vec![self.cells_table()];
        tables.extend(self.importance_table());
        tables
    }

    fn begun(&self) -> impl Iterator<Item = &CellResults> {
        self.cells.iter().filter(|cell| cell.stands != Stands::NeverBegun)
    }

    /// Epochs that all cells have done that can go on at all: after these they are compared with one another.
    fn common(&self) -> usize {
        let alive = self.begun().filter(|cell| cell.stands != Stands::Failed);
        alive.map(CellResults::done).min().unwrap_or(0)
    }

    /// The best of the cells that came to the end.
    pub(crate) fn best(&self) -> Option<&CellResults> {
        let whole = self.cells.iter().filter(|cell| cell.stands == Stands::Whole);
        let with_mean = whole.filter_map(|cell| Some((cell, cell.mean(cell.done())?)));
        with_mean.reduce(|a, b| if b.1 > a.1 { b } else { a }).map(|(cell, _)| cell)
    }

    fn cells_table(&self) -> Table {
        let mut columns = vec![Column::new("variant", "Variant", Kind::Text)];
        columns.extend(self.axes.iter().map(|key| Column::new(key, key, Kind::Text)));
        columns.extend([
            Column::new("runs", "Runs", Kind::Number),
            Column::new("epochs", "Epochs", Kind::Number),
            Column::new("of_epochs", "Of", Kind::Number),
            Column::new("validation_accuracy", "Validation accuracy", Kind::Interval),
            Column::new("stands", "Stands", Kind::Text),
            Column::new("seconds", "Time", Kind::Number),
        ]);
        let mut table = Table::new("sweep", "Cells of the sweep", columns);
        table.push(self.row(&self.against, "held against"));
        let best = self.best().map(|cell| &cell.variant);
        for cell in &self.cells {
            let stands = if best == Some(&cell.variant) { "best" } else { cell.stands.word() };
            table.push(self.row(cell, stands));
        }
        table.notes = self.notes();
        table
    }

    fn row(&self, cell: &CellResults, stands: &str) -> Vec<Cell> {
        let value = |place: usize| cell.values.get(place).cloned().flatten().map_or(Cell::Empty, Cell::Text);
        let mut row = vec![Cell::text(cell.variant.as_str())];
        row.extend((0..self.axes.len()).map(value));
        row.extend([
            Cell::Count(cell.curves.len() as u64),
            Cell::Count(cell.done() as u64),
            Cell::Count(u64::from(cell.epochs)),
            accuracy(&cell.after(cell.done()).unwrap_or_default()),
            Cell::text(stands),
            Cell::Seconds(cell.seconds),
        ]);
        row
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "Validation accuracy: the mean over seeds after the epochs that all of them have done, with its 95% interval \
             (Student's t over seeds). Cells are chosen by it alone; the tests have no say."
                .to_owned(),
        ];
        notes.extend(self.best().map(|best| self.said_of(best)));
        notes.extend(self.said_of_luck());
        notes.extend(self.said_of_stopping());
        notes
    }

    fn said_of(&self, best: &CellResults) -> String {
        let (own, others) = (best.after(best.done()), self.against.after(best.done()));
        let differences: Option<Vec<f64>> =
            own.zip(others).map(|(own, others)| own.iter().zip(others).map(|(a, b)| a - b).collect());
        let against = &self.against.variant;
        let versus = match differences.as_deref().map(seed_difference) {
            _ if best.curves == self.against.curves => format!("it is what {against} is, by the same runs"),
            Some(Some(effect)) => {
                let Difference { value, low, high } = effect.difference;
                format!("{value:+.3} [{low:+.3}, {high:+.3}] against {against}, paired by seed")
            }
            Some(None) => format!("one seed does not tell how it stands against {against}"),
            None => format!("{against} has not come as far"),
        };
        let among = self.begun().count();
        format!(
            "{} is the best of the cells that came to the end: {versus}. That does not allow for its being the best of {among}.",
            best.variant
        )
    }

    /// Whether the best cell may be the luckiest of equals.
    fn said_of_luck(&self) -> Option<String> {
        let common = self.common();
        let cells: Vec<(&CellResults, Vec<f64>)> =
            self.cells.iter().filter_map(|cell| Some((cell, cell.after(common)?))).collect();
        if cells.len() < 2 {
            return None;
        }
        let values: Vec<Vec<f64>> = cells.iter().map(|(_, values)| values.clone()).collect();
        let count = cells.len();
        let best = self.best().map(|best| &best.variant);
        let chosen = cells.iter().position(|(cell, _)| Some(&cell.variant) == best);
        let Some(Luck { cell, above, by_chance, p }) = luck(&values, chosen) else {
            return Some(format!(
                "Warning: with one seed a cell nothing tells luck from merit, and the best of {count} equally good cells looks better \
                 than it is: ask for several `training.seeds`."
            ));
        };
        let begin = if p < CLEAR { "More than luck" } else { "Warning: this may be luck" };
        let name = &cells[cell].0.variant;
        let (above, side) = (above.abs(), if above < 0.0 { "below" } else { "above" });
        let p = shown_p(p);
        let p = if p.starts_with('<') { format!("p {p}") } else { format!("p = {p}") };
        Some(format!(
            "{begin}: after epoch {common}, the last that all cells have done, {name} is {above:.4} {side} the mean of {count} cells; the \
             luckiest of as many equals would be {by_chance:.4} above it on average ({p}, studentised extreme deviate)."
        ))
    }

    fn said_of_stopping(&self) -> Option<String> {
        let stopped: Vec<&CellResults> =
            self.cells.iter().filter(|cell| cell.stands == Stands::StoppedEarly).collect();
        let mut after: Vec<usize> = stopped.iter().map(|cell| cell.done()).collect();
        after.sort_unstable();
        after.dedup();
        let after: Vec<String> = after.iter().map(usize::to_string).collect();
        let epochs = |of: &dyn Fn(&CellResults) -> usize| self.begun().map(of).sum::<usize>();
        let done = epochs(&|cell| cell.curves.iter().map(Vec::len).sum());
        let all = epochs(&|cell| cell.curves.len() * cell.epochs as usize);
        (!stopped.is_empty()).then(|| {
            format!(
                "{} of {} cells were stopped early, after epoch {}: {done} epochs of {all} were done.",
                stopped.len(),
                self.begun().count(),
                after.join(" or ")
            )
        })
    }

    fn importance_table(&self) -> Option<Table> {
        let common = self.common();
        let cells: Vec<(&CellResults, f64)> =
            self.cells.iter().filter_map(|cell| Some((cell, cell.mean(common)?))).collect();
        if self.axes.len() < 2 {
            return None;
        }
        let points: Vec<_> = cells.iter().map(|(cell, _)| cell.point.clone()).collect();
        let values: Vec<f64> = cells.iter().map(|(_, mean)| *mean).collect();
        let shares = importance(&points, &values, SEED)?;
        let columns = vec![
            Column::new("parameter", "Parameter", Kind::Text),
            Column::new("importance", "Importance", Kind::Number),
        ];
        let mut table = Table::new("importance", "What matters", columns);
        let mut shares: Vec<(&str, f64)> = self.axes.iter().map(String::as_str).zip(shares).collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (key, share) in &shares {
            table.push(vec![Cell::text(*key), Cell::Number { value: *share, decimals: 2 }]);
        }
        let together = (1.0 - shares.iter().map(|(_, share)| share).sum::<f64>()).max(0.0);
        table.push(vec![Cell::text("several together"), Cell::Number { value: together, decimals: 2 }]);
        table.notes = vec![format!(
            "Importance: the share of the variation of validation accuracy after epoch {common} that a parameter explains by itself, \
             by functional analysis of variance on a random forest (Hutter, Hoos and Leyton-Brown, 2014); what luck does to the {} cells is in it.",
            cells.len()
        )];
        Some(table)
    }
}

/// Over seeds.
fn accuracy(values: &[f64]) -> Cell {
    match (seed_difference(values), values) {
        (Some(effect), _) => {
            let Difference { value, low, high } = effect.difference;
            Cell::Proportion(Proportion { value, low: low.max(0.0), high: high.min(1.0) })
        }
        (None, [value]) => Cell::Number { value: *value, decimals: 3 },
        (None, _) => Cell::Empty,
    }
}
