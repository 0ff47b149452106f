//! The tests of a comparison: whether the differences to the first variant are more than chance.

use crate::{
    Better, Cell, Column, Comparison, Disagreement, Kind, Table, comparison::title, notes::test_notes,
};

const DECIMALS: usize = 3;

impl Comparison {
    /// A row a test and variant: the pairs on which it and the first variant disagree, and what the tests say of them.
    pub fn tests_table(&self) -> Table {
        let baseline = self.variants().first().map_or("baseline", |baseline| baseline.name.as_str());
        let mut table = Table::new("tests", format!("More than chance? Against {baseline}"), columns());
        for (at, protocol) in self.protocols().iter().enumerate() {
            for place in 1..self.variants().len() {
                if let Some(cells) = self.test_cells(place, at) {
                    let names = [title(protocol), self.variants()[place].name.as_str()];
                    table.push(names.map(Cell::text).into_iter().chain(cells).collect());
                }
            }
        }
        if !table.rows().is_empty() {
            table.notes = test_notes(self);
        }
        table
    }

    fn test_cells(&self, place: usize, at: usize) -> Option<impl Iterator<Item = Cell>> {
        // Why there is none is said below the first table.
        let found = self.outcome(place, at)?.against.ok()??;
        let counts = found.disagreement.map_or([Cell::Empty, Cell::Empty, Cell::Empty], |of| {
            let Disagreement { lost, gained, pairs_needed } = of;
            [Cell::Count(lost), Cell::Count(gained), pairs_needed.map_or(Cell::Empty, Cell::Count)]
        });
        let [lost, gained, needed] = counts;
        let p = [found.accuracy.effect.p, found.accuracy.corrected_p].map(Cell::P);
        let errors = [found.false_positives, found.false_negatives].map(|tested| Cell::P(tested.corrected_p));
        let auc = [Cell::difference(found.auc, DECIMALS), Cell::P(found.auc.corrected_p)];
        Some([lost, gained].into_iter().chain(p).chain(errors).chain(auc).chain([needed]))
    }
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("protocol", "Test", Kind::Text),
        Column::new("variant", "Variant", Kind::Text),
        Column::new("lost", "Lost", Kind::Number),
        Column::new("gained", "Gained", Kind::Number),
        Column::new("accuracy_p", "p", Kind::Number),
        Column::new("accuracy_corrected_p", "Corrected", Kind::Number),
        Column::new("false_positives_corrected_p", "FP", Kind::Number),
        Column::new("false_negatives_corrected_p", "FN", Kind::Number),
        Column::new("auc_difference", "AUC difference", Kind::Difference(Better::Higher)),
        Column::new("auc_corrected_p", "Corrected", Kind::Number),
        Column::new("pairs_needed", "Pairs needed", Kind::Number),
    ]
}
