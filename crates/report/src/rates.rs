//! The rates of a comparison: what each variant's scores give at other thresholds than its own.

use arclab_metrics::{Evaluation, Far, Roc, Summary};
use arclab_spec::ProtocolName;

use crate::{
    Cell, Column, Comparison, Kind, ProtocolResult, Table, VariantResults, comparison::title, notes,
};

const DECIMALS: usize = 3;
/// Digits after the point of the false accept rates that verification is asked for: 1e-1 to 1e-6.
const FAR_DIGITS: std::ops::RangeInclusive<i32> = 1..=6;

impl Comparison {
    /// A row a test and variant: accuracy with a threshold chosen elsewhere and, apart from it, with the one that suits the test's own
    /// pairs best; the area under the ROC curve, the equal error rate, and true accept rates where they can be measured.
    pub fn rates_table(&self) -> Table {
        let mut table = Table::new("rates", "Rates", columns());
        for protocol in self.protocols() {
            for variant in self.variants() {
                if let Some(cells) = self.rate_cells(variant, protocol) {
                    let names = [title(protocol), variant.name.as_str()];
                    table.push(names.map(Cell::text).into_iter().chain(cells).collect());
                }
            }
        }
        if !table.rows().is_empty() {
            table.notes = notes::rate_notes(self);
            table.notes.extend(self.not_measurable());
        }
        table
    }

    fn rate_cells(
        &self,
        variant: &VariantResults,
        protocol: &ProtocolName,
    ) -> Option<impl Iterator<Item = Cell>> {
        let results: Vec<_> = variant.runs.iter().filter_map(|run| run.protocols.get(protocol)).collect();
        let of = |number: fn(&Evaluation) -> f64| {
            mean(results.iter().map(|result| Some(number(&result.evaluation))))
        };
        let stored = [of(|all| all.accuracy), of(|all| all.best_accuracy), of(|all| all.auc)];
        let curves: Vec<Option<Roc>> = results.iter().map(|result| self.curve(result)).collect();
        let of =
            |number: &dyn Fn(&Roc) -> Option<f64>| mean(curves.iter().map(|curve| number(curve.as_ref()?)));
        let equal_errors = of(&|curve| Some(curve.eer()));
        let accepted: Vec<Cell> =
            fars().map(|(_, far)| of(&|curve| Some(curve.operating_point(far).ok()?.tar))).collect();
        (!results.is_empty()).then(|| stored.into_iter().chain([equal_errors]).chain(accepted))
    }

    /// Of the scores, where they and their pair list were kept.
    pub(crate) fn curve(&self, result: &ProtocolResult) -> Option<Roc> {
        Roc::new(&result.scores, &self.lists().get(&result.pair_list)?.same).ok()
    }

    /// `Closed-set, Open-set: TAR at a FAR of 1e-3 and below is not measurable with 750 pairs of different people.`
    fn not_measurable(&self) -> Vec<String> {
        let mut found: Vec<(String, Vec<&str>)> = Vec::new();
        for protocol in self.protocols() {
            let different = self.results(protocol).map(different_pairs).min().unwrap_or(0);
            let too_low = fars().find(|(_, far)| (different as f64) < (1.0 / far.get()).round());
            let Some((digits, _)) = too_low else { continue };
            let what = format!(
                "TAR at a FAR of 1e-{digits} and below is not measurable with {different} pairs of different people."
            );
            match found.iter_mut().find(|(known, _)| *known == what) {
                Some((_, of)) => of.push(title(protocol)),
                None => found.push((what, vec![title(protocol)])),
            }
        }
        found.into_iter().map(|(what, of)| format!("{}: {what}", of.join(", "))).collect()
    }
}

pub(crate) fn different_pairs(result: &ProtocolResult) -> u64 {
    let counts = result.evaluation.confusion;
    counts.false_positives + counts.true_negatives
}

/// Over the seeds; empty where one of them has no value, as the mean of the others would not be that of the variant.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Cell {
    let summary = values.collect::<Option<Vec<f64>>>().and_then(|values| Summary::of(&values));
    summary.map_or(Cell::Empty, |summary| Cell::Spread { summary, decimals: DECIMALS })
}

/// With their digits.
fn fars() -> impl Iterator<Item = (i32, Far)> {
    FAR_DIGITS.filter_map(|digits| Some((digits, Far::new(format!("1e-{digits}").parse().ok()?).ok()?)))
}

fn columns() -> Vec<Column> {
    let rate = |key: &str, title: &str| Column::new(key, title, Kind::Spread);
    let mut columns = vec![
        Column::new("protocol", "Test", Kind::Text),
        Column::new("variant", "Variant", Kind::Text),
        rate("accuracy", "Accuracy"),
        rate("best_accuracy", "Best on test"),
        rate("auc", "AUC"),
        rate("eer", "EER"),
    ];
    columns.extend(
        fars().map(|(digits, _)| rate(&format!("tar_at_far_1e-{digits}"), &format!("TAR@1e-{digits}"))),
    );
    columns
}
