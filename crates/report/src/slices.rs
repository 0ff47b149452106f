//! False negative and false positive rates by how much the images of a pair differ, and whether they rise with it.

use arclab_metrics::{EvaluateError, Placed, Proportion, Trend, holm, trend};
use arclab_spec::VariantName;

use crate::{
    AttributeColumn, Cell, Column, ErrorKind, Kind, PairList, ProtocolResult, Table, decided::Decided,
};

/// Why pairs cannot be cut into slices.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum SliceError {
    /// No pair has the attribute.
    #[error("no pair has it: what is `drawn` is known of the embedded faces alone")]
    Unknown,
    /// There is nothing to cut.
    #[error("all pairs have the same: {0}")]
    OneValue(f64),
    /// The scores and the evaluation do not belong together.
    #[error("the scores cannot be decided again")]
    Undecided(#[source] EvaluateError),
}

/// One pair list cut by an attribute of its pairs, and what variants get wrong in each slice.
#[derive(Debug, Clone, PartialEq)]
pub struct Slices {
    /// The smallest and the largest gap in each slice.
    pub bounds: Vec<[f64; 2]>,
    /// One a variant, in the order given.
    pub variants: Vec<VariantSlices>,
}

/// One variant's errors by slice.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantSlices {
    /// Its name.
    pub name: VariantName,
    /// False negatives among pairs of the same person.
    pub false_negatives: SlicedErrors,
    /// False positives among pairs of different people.
    pub false_positives: SlicedErrors,
}

/// One kind of error by slice.
#[derive(Debug, Clone, PartialEq)]
pub struct SlicedErrors {
    /// Of which kind.
    pub kind: ErrorKind,
    /// One a slice.
    pub slices: Vec<Slice>,
    /// Over single pairs; none where all or none of them are wrong.
    pub trend: Option<Trend>,
    /// The trend's p after Holm's correction over all trends that were looked at.
    pub corrected_p: Option<f64>,
}

/// Errors among the pairs of one slice, over all seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slice {
    /// Wrong decisions.
    pub wrong: u64,
    /// Decisions on pairs of the kind.
    pub count: u64,
    /// Their share; none where there are no such pairs.
    pub rate: Option<Proportion>,
}

impl Slices {
    /// Cuts `list` into at most `wanted` slices of as many pairs each, by their `gaps`; pairs without one are left out. Each
    /// variant comes with its results on the list, one a seed.
    pub fn new(
        variants: &[(VariantName, Vec<&ProtocolResult>)],
        list: &PairList,
        gaps: &[Option<f64>],
        wanted: usize,
    ) -> Result<Self, SliceError> {
        let bounds = bounds(gaps, wanted)?;
        let of_variant = |(name, results): &(VariantName, Vec<&ProtocolResult>)| {
            let decided: Result<Vec<Decided>, _> =
                results.iter().map(|result| Decided::new(result, list)).collect();
            let decided = decided.map_err(SliceError::Undecided)?;
            let errors = |kind| sliced(kind, &decided, list, gaps, &bounds);
            Ok(VariantSlices {
                name: name.clone(),
                false_negatives: errors(ErrorKind::FalseNegative),
                false_positives: errors(ErrorKind::FalsePositive),
            })
        };
        let variants = variants.iter().map(of_variant).collect::<Result<_, SliceError>>()?;
        Ok(Self { bounds, variants })
    }

    /// Both kinds of error of all variants.
    fn errors_mut(&mut self) -> impl Iterator<Item = &mut SlicedErrors> {
        self.variants.iter_mut().flat_map(|variant| {
            let VariantSlices { false_negatives, false_positives, .. } = variant;
            [false_negatives, false_positives]
        })
    }
}

/// Counts the p of all trends as those of several that were looked at.
pub fn correct_trends(of: &mut [Slices]) {
    let mut found: Vec<&mut SlicedErrors> = of.iter_mut().flat_map(Slices::errors_mut).collect();
    found.retain(|errors| errors.trend.is_some());
    let p: Vec<f64> = found.iter().filter_map(|errors| errors.trend).map(|trend| trend.p).collect();
    for (errors, corrected) in found.into_iter().zip(holm(&p)) {
        errors.corrected_p = Some(corrected);
    }
}

/// Quantiles, as far as they differ; each value a slice of its own where there are few.
fn bounds(gaps: &[Option<f64>], wanted: usize) -> Result<Vec<[f64; 2]>, SliceError> {
    let mut sorted: Vec<f64> = gaps.iter().flatten().copied().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (&least, &most) = sorted.first().zip(sorted.last()).ok_or(SliceError::Unknown)?;
    if least == most {
        return Err(SliceError::OneValue(least));
    }
    let last = |slice: usize| sorted[(sorted.len() * slice).div_ceil(wanted.max(1)) - 1];
    let mut ends: Vec<f64> = (1..=wanted.max(1)).map(last).collect();
    ends.dedup();
    // Half of all pairs may have the least value: it then is a slice of its own.
    if let [only] = *ends {
        ends.insert(0, sorted[sorted.partition_point(|&gap| gap < only) - 1]);
    }
    let after = |end: &f64| sorted[sorted.partition_point(|gap| gap <= end)];
    let from = std::iter::once(least).chain(ends[..ends.len() - 1].iter().map(after));
    Ok(from.zip(&ends).map(|(low, &high)| [low, high]).collect())
}

fn sliced(
    kind: ErrorKind,
    decided: &[Decided],
    list: &PairList,
    gaps: &[Option<f64>],
    bounds: &[[f64; 2]],
) -> SlicedErrors {
    let (mut placed, mut people, mut of) = (Vec::new(), Vec::new(), Vec::new());
    for decided in decided {
        for (pair, gap) in gaps.iter().enumerate() {
            if let Some(at) = gap.filter(|_| ErrorKind::of(list.same[pair]) == kind) {
                placed.push(Placed { at, found: decided.is_wrong(pair) });
                people.push(list.people[pair]);
                of.push(bounds.partition_point(|bound| bound[1] < at));
            }
        }
    }
    let slice = |slice: usize| {
        let within = || (0..placed.len()).filter(|&pair| of[pair] == slice);
        let wrong: Vec<bool> = within().map(|pair| placed[pair].found).collect();
        let people: Vec<[u32; 2]> = within().map(|pair| people[pair]).collect();
        Slice {
            wrong: wrong.iter().filter(|&&wrong| wrong).count() as u64,
            count: wrong.len() as u64,
            rate: Proportion::over_identities(&wrong, &people),
        }
    };
    SlicedErrors {
        kind,
        slices: (0..bounds.len()).map(slice).collect(),
        trend: trend(&placed, Some(&people)),
        corrected_p: None,
    }
}

/// Rates by slice: a row a test, variant and slice. `tests` are named as people read them.
pub fn slices_table(tests: &[(&str, &Slices)], attribute: &AttributeColumn) -> Table {
    let unit =
        if attribute.gap_unit.is_empty() { String::new() } else { format!(" in {}", attribute.gap_unit) };
    let caption = format!("Errors by {} gap{unit}", attribute.title().to_lowercase());
    let mut columns =
        vec![Column::new("protocol", "Test", Kind::Text), Column::new("variant", "Variant", Kind::Text)];
    columns.extend([
        Column::new("gap_low", "From", Kind::Number),
        Column::new("gap_high", "To", Kind::Number),
        Column::new("same_pairs", "Same pairs", Kind::Number),
        Column::new("false_negatives", "FN", Kind::Number),
        Column::new("false_negative_rate", "FN rate", Kind::Interval),
        Column::new("different_pairs", "Different pairs", Kind::Number),
        Column::new("false_positives", "FP", Kind::Number),
        Column::new("false_positive_rate", "FP rate", Kind::Interval),
    ]);
    let mut table = Table::new("slices", caption, columns);
    let decimals = AttributeColumn::decimals(attribute.gap_unit);
    for (title, slices) in tests {
        for variant in &slices.variants {
            for (place, bounds) in slices.bounds.iter().enumerate() {
                let mut row = vec![Cell::text(*title), Cell::text(variant.name.as_str())];
                row.extend(bounds.map(|value| Cell::Number { value, decimals }));
                for errors in [&variant.false_negatives, &variant.false_positives] {
                    let Slice { wrong, count, rate } = errors.slices[place];
                    row.extend([
                        Cell::Count(count),
                        Cell::Count(wrong),
                        rate.map_or(Cell::Empty, Cell::Proportion),
                    ]);
                }
                table.push(row);
            }
        }
    }
    table.notes = vec![
        format!("{}: {}.", attribute.title(), attribute.about),
        "Slices hold as many pairs of both kinds each, as far as values differ. Rates over all seeds, with 95% intervals (Wilson's of so many \
         independent pairs as those that share people are worth)."
            .to_owned(),
    ];
    table
}

/// Whether rates rise with the gap: a row a test, variant and kind of error.
pub fn trends_table(tests: &[(&str, &Slices)], attribute: &AttributeColumn) -> Table {
    let per = if attribute.gap_unit.is_empty() {
        "per unit".to_owned()
    } else {
        format!("per {}", attribute.gap_unit)
    };
    let columns = vec![
        Column::new("protocol", "Test", Kind::Text),
        Column::new("variant", "Variant", Kind::Text),
        Column::new("errors", "Errors", Kind::Text),
        Column::new("first_rate", "Smallest gaps", Kind::Interval),
        Column::new("last_rate", "Largest gaps", Kind::Interval),
        Column::new("slope", format!("Rise {per}"), Kind::Number),
        Column::new("p", "p", Kind::Number),
        Column::new("corrected_p", "Corrected", Kind::Number),
    ];
    let mut table = Table::new(
        "trends",
        format!("Do errors rise with the {} gap?", attribute.title().to_lowercase()),
        columns,
    );
    for (title, slices) in tests {
        for variant in &slices.variants {
            for errors in [&variant.false_negatives, &variant.false_positives] {
                let rate = |slice: Option<&Slice>| {
                    slice.and_then(|slice| slice.rate).map_or(Cell::Empty, Cell::Proportion)
                };
                table.push(vec![
                    Cell::text(*title),
                    Cell::text(variant.name.as_str()),
                    Cell::text(errors.kind.short()),
                    rate(errors.slices.first()),
                    rate(errors.slices.last()),
                    errors
                        .trend
                        .map_or(Cell::Empty, |trend| Cell::Number { value: trend.slope, decimals: 5 }),
                    errors.trend.map_or(Cell::Empty, |trend| Cell::P(trend.p)),
                    errors.corrected_p.map_or(Cell::Empty, Cell::P),
                ]);
            }
        }
    }
    let count = table.rows().iter().filter(|row| row[6] != Cell::Empty).count();
    table.notes = vec![format!(
        "p: Cochran and Armitage's test for trend over single pairs, with the variance of pairs that share people. Corrected: Holm, over {} here.",
        match count {
            1 => "the one trend".to_owned(),
            count => format!("the {count} trends"),
        }
    )];
    table
}
