//! False negative and false positive rates by how much the images of a pair differ, and whether they rise with it.

mod tables;

use arclab_metrics::{EvaluateError, Placed, Proportion, Trend, holm, trend};
use arclab_spec::VariantName;

pub use self::tables::{slices_table, trends_table};
use crate::{AttributeColumn, ErrorKind, PairList, ProtocolResult, decided::Decided};

/// Digits after the point at most.
const MOST_DECIMALS: usize = 4;

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

/// Errors among the pairs of one slice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slice {
    /// Pairs decided wrongly; the mean over the seeds.
    pub wrong: f64,
    /// Pairs of the kind.
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

    /// As few digits after the point as tell all bounds apart, and no fewer than the attribute's unit has.
    pub(crate) fn decimals(&self, attribute: &AttributeColumn) -> usize {
        let usual = AttributeColumn::decimals(attribute.gap_unit);
        let tells_apart = |decimals: &usize| {
            let shown = self.bounds.iter().flatten().map(|bound| format!("{bound:.0$}", *decimals));
            let distinct: std::collections::BTreeSet<String> = shown.collect();
            let bounds: std::collections::BTreeSet<u64> =
                self.bounds.iter().flatten().map(|bound| bound.to_bits()).collect();
            distinct.len() == bounds.len()
        };
        // Neighbouring slices may be apart by less than any sensible number of digits.
        (usual..=MOST_DECIMALS).find(tells_apart).unwrap_or(usual + 1)
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
    let wanted = wanted.clamp(1, sorted.len());
    let last = |slice: usize| sorted[(sorted.len() * slice).div_ceil(wanted) - 1];
    let mut ends: Vec<f64> = (1..=wanted).map(last).collect();
    ends.dedup();
    // Most pairs may have one value: what lies below it is a slice of its own.
    if let [only] = *ends
        && wanted > 1
    {
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
    for (pair, gap) in gaps.iter().enumerate() {
        if let Some(at) = gap.filter(|_| ErrorKind::of(list.same[pair]) == kind) {
            // Seeds look at the same pair again: it stays one.
            let wrong = decided.iter().filter(|decided| decided.is_wrong(pair)).count();
            placed.push(Placed { at, found: wrong as f64 / decided.len() as f64 });
            people.push(list.people[pair]);
            of.push(bounds.partition_point(|bound| bound[1] < at));
        }
    }
    let slice = |slice: usize| {
        let within = || (0..placed.len()).filter(|&pair| of[pair] == slice);
        let wrong: Vec<f64> = within().map(|pair| placed[pair].found).collect();
        let people: Vec<[u32; 2]> = within().map(|pair| people[pair]).collect();
        Slice {
            wrong: wrong.iter().sum(),
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
