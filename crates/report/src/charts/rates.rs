//! What ROC and DET curves are drawn from: the true accept rates of a variant at false accept rates.

use arclab_metrics::{Far, Resampling, TarAt, tar_band};
use arclab_spec::ProtocolName;

use crate::{Comparison, ProtocolResult, VariantResults, rates::different_pairs};

/// One variant's rates on one test.
#[derive(Debug, Clone)]
pub(crate) struct RateCurve {
    /// Its place among the variants, which gives its colour.
    pub(crate) variant: usize,
    pub(crate) name: String,
    /// False and true accept rates, from the rate of a single pair to 1.
    pub(crate) rates: Vec<(f64, f64)>,
    /// From the rate of ten pairs.
    pub(crate) band: Vec<TarAt>,
}

/// Steps of a curve, and of its band, from the lowest rate to 1: each the same part of a decade.
const CURVE_STEPS: u32 = 240;
const BAND_STEPS: u32 = 60;
/// Draws of a band: enough for its ends to be steady, and fewer where each takes long and the band is narrow.
const DRAWS: (u32, u32) = (200, 1000);
/// Pairs of which the most draws take about two seconds.
const PAIRS_OF_MOST_DRAWS: usize = 100_000;

/// The curves of all variants whose scores were kept; of several seeds, that of the first.
pub(crate) fn rate_curves(comparison: &Comparison, protocol: &ProtocolName) -> Vec<RateCurve> {
    let of = |(place, variant): (usize, &VariantResults)| {
        let result = variant.runs.iter().find_map(|run| run.protocols.get(protocol))?;
        let roc = comparison.curve(result)?;
        let lowest = 1.0 / different_pairs(result) as f64;
        let mut rates: Vec<_> =
            grid(lowest, CURVE_STEPS).into_iter().map(|far| (far.get(), roc.tar_at(far))).collect();
        rates.push((1.0, 1.0));
        let band = band(comparison, result, &grid(lowest, BAND_STEPS))?;
        Some(RateCurve { variant: place, name: variant.name.as_str().to_owned(), rates, band })
    };
    comparison.variants().iter().enumerate().filter_map(of).collect()
}

fn band(comparison: &Comparison, result: &ProtocolResult, fars: &[Far]) -> Option<Vec<TarAt>> {
    let list = comparison.lists().get(&result.pair_list)?;
    let draws = DRAWS.1 as usize * PAIRS_OF_MOST_DRAWS / list.same.len().max(1);
    let draws = draws.clamp(DRAWS.0 as usize, DRAWS.1 as usize) as u32;
    let resampling = Resampling { unit: comparison.unit(), draws, seed: 0 };
    tar_band(&result.scores, &list.same, &list.people, fars, resampling).ok()
}

/// From `lowest` to just below 1.
fn grid(lowest: f64, steps: u32) -> Vec<Far> {
    let at = |step: u32| Far::new(lowest.powf(1.0 - f64::from(step) / f64::from(steps)));
    (0..steps).filter_map(|step| at(step).ok()).collect()
}
