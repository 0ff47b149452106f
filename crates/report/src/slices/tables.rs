//! Slices as tables.

use super::{Slice, SlicedErrors, Slices, VariantSlices};
use crate::{AttributeColumn, Cell, Column, Kind, Table};

/// Rates by slice: a row a test, variant and slice. `tests` are named as people read them.
pub fn slices_table(tests: &[(&str, &Slices)], attribute: &AttributeColumn) -> Table {
    let unit =
        if attribute.gap_unit.is_empty() { String::new() } else { format!(" in {}", attribute.gap_unit) };
    let caption = format!("Errors by {} gap{unit}", attribute.title().to_lowercase());
    let mut table = Table::new("slices", caption, rate_columns());
    for (title, slices) in tests {
        let decimals = slices.decimals(attribute);
        for variant in &slices.variants {
            for (place, bounds) in slices.bounds.iter().enumerate() {
                let names = [title, variant.name.as_str()].map(Cell::text);
                let bounds = bounds.map(|value| Cell::Number { value, decimals });
                let errors = both(variant).into_iter().flat_map(|errors| rate_cells(&errors.slices[place]));
                table.push(names.into_iter().chain(bounds).chain(errors).collect());
            }
        }
    }
    table.notes = vec![
        format!("{}: {}.", attribute.title(), attribute.about),
        "Slices hold as many pairs of both kinds each, as far as values differ. FN and FP: pairs decided wrongly, on average over the \
         seeds. Rates have 95% intervals: Wilson's of so many independent pairs as those that share people are worth."
            .to_owned(),
    ];
    table
}

fn rate_columns() -> Vec<Column> {
    vec![
        Column::new("protocol", "Test", Kind::Text),
        Column::new("variant", "Variant", Kind::Text),
        Column::new("gap_low", "From", Kind::Number),
        Column::new("gap_high", "To", Kind::Number),
        Column::new("same_pairs", "Same pairs", Kind::Number),
        Column::new("false_negatives", "FN", Kind::Number),
        Column::new("false_negative_rate", "FN rate", Kind::Interval),
        Column::new("different_pairs", "Different pairs", Kind::Number),
        Column::new("false_positives", "FP", Kind::Number),
        Column::new("false_positive_rate", "FP rate", Kind::Interval),
    ]
}

fn rate_cells(slice: &Slice) -> [Cell; 3] {
    let Slice { wrong, count, rate } = *slice;
    let decimals = usize::from(wrong.fract() != 0.0);
    [Cell::Count(count), Cell::Number { value: wrong, decimals }, rate.map_or(Cell::Empty, Cell::Proportion)]
}

fn both(variant: &VariantSlices) -> [&SlicedErrors; 2] {
    [&variant.false_negatives, &variant.false_positives]
}

/// Whether rates rise with the gap: a row a test, variant and kind of error.
pub fn trends_table(tests: &[(&str, &Slices)], attribute: &AttributeColumn) -> Table {
    let caption = format!("Do errors rise with the {} gap?", attribute.title().to_lowercase());
    let mut table = Table::new("trends", caption, trend_columns(attribute));
    let mut count = 0;
    for (title, slices) in tests {
        for variant in &slices.variants {
            for errors in both(variant) {
                count += usize::from(errors.trend.is_some());
                let names = [title, variant.name.as_str(), errors.kind.short()].map(Cell::text);
                table.push(names.into_iter().chain(trend_cells(errors)).collect());
            }
        }
    }
    table.notes = vec![
        "p: Cochran and Armitage's test for trend over single pairs, with the variance of pairs that share people.".to_owned(),
    ];
    if count > 1 {
        table.notes.push(format!("Corrected: Holm, over the {count} trends here."));
    }
    table
}

fn trend_columns(attribute: &AttributeColumn) -> Vec<Column> {
    let unit = if attribute.gap_unit.is_empty() { "unit" } else { attribute.gap_unit };
    vec![
        Column::new("protocol", "Test", Kind::Text),
        Column::new("variant", "Variant", Kind::Text),
        Column::new("errors", "Errors", Kind::Text),
        Column::new("first_rate", "Smallest gaps", Kind::Interval),
        Column::new("last_rate", "Largest gaps", Kind::Interval),
        Column::new("slope", format!("Rise per {unit}"), Kind::Number),
        Column::new("p", "p", Kind::Number),
        Column::new("corrected_p", "Corrected", Kind::Number),
    ]
}

fn trend_cells(errors: &SlicedErrors) -> [Cell; 5] {
    let rate =
        |slice: Option<&Slice>| slice.and_then(|slice| slice.rate).map_or(Cell::Empty, Cell::Proportion);
    [
        rate(errors.slices.first()),
        rate(errors.slices.last()),
        errors.trend.map_or(Cell::Empty, |trend| Cell::Number { value: trend.slope, decimals: 5 }),
        errors.trend.map_or(Cell::Empty, |trend| Cell::P(trend.p)),
        errors.corrected_p.map_or(Cell::Empty, Cell::P),
    ]
}
