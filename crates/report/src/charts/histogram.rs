//! Score histograms: same pairs against different ones, with the threshold.

use kuva::prelude::{Histogram, Layout, LegendPosition, Plot, ReferenceLine};

use super::{Chart, Colour, Figure, Ticks, ticks::Tick};
use crate::{PairList, ProtocolResult};

const SIZE: (f64, f64) = (380.0, 240.0);
const BINS: usize = 40;

/// The scores that a histogram's axis covers: common to the charts of a protocol, so that they can be compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ScoreRange {
    low: f64,
    high: f64,
}

impl ScoreRange {
    /// From the lowest to the highest score, rounded outwards to tenths; none without scores.
    pub(crate) fn of<'a>(results: impl Iterator<Item = &'a ProtocolResult>) -> Option<Self> {
        let scores = results.flat_map(|result| &result.scores).map(|&score| f64::from(score));
        let (low, high) = scores
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), score| (low.min(score), high.max(score)));
        let low = (low * 10.0).floor() / 10.0;
        // At least a tenth, where all scores are one.
        let high = ((high * 10.0).ceil() / 10.0).max(low + 0.1);
        (low.is_finite() && high.is_finite()).then_some(Self { low, high })
    }

    fn edges(self) -> Vec<f64> {
        let step = (self.high - self.low) / BINS as f64;
        (0..=BINS).map(|edge| self.low + step * edge as f64).collect()
    }

    /// Every fifth of 1, or tenth of a short range.
    fn ticks(self) -> Vec<Tick> {
        let parts = if self.high - self.low > 0.6 { 5.0 } else { 10.0 };
        let ticks = (self.low * parts).ceil() as i32..=(self.high * parts).floor() as i32;
        ticks.map(|tick| (f64::from(tick) / parts, format!("{:.1}", f64::from(tick) / parts))).collect()
    }

    /// Number of scores in each bin; the last one takes the upper end.
    fn count(self, scores: impl Iterator<Item = f32>) -> Vec<f64> {
        let mut counts = vec![0.0; BINS];
        for score in scores {
            let place = (f64::from(score) - self.low) / (self.high - self.low) * BINS as f64;
            counts[(place.max(0.0) as usize).min(BINS - 1)] += 1.0;
        }
        counts
    }
}

/// The scores of one run on one pair list.
pub(crate) fn scores(result: &ProtocolResult, list: &PairList, range: ScoreRange, caption: &str) -> Figure {
    let of = |kind: bool| {
        let pairs = result.scores.iter().zip(&list.same).filter(move |(_, same)| **same == kind);
        range.count(pairs.map(|(&score, _)| score))
    };
    Figure::draw(caption, SIZE, |palette| {
        let histogram = |kind: bool, name: &str, colour: Colour| -> Plot {
            let bars = Histogram::from_bins(range.edges(), of(kind));
            bars.with_color(palette.colour(colour)).with_legend(name).into()
        };
        let plots =
            vec![histogram(false, "different", Colour::Different), histogram(true, "same", Colour::Same)];
        let mut layout = Layout::auto_from_plots(&plots)
            .with_x_label("Cosine similarity")
            .with_y_label("Pairs")
            .with_legend_position(LegendPosition::OutsideBottomColumns);
        if let Some(threshold) = result.evaluation.mean_threshold() {
            let line = ReferenceLine::vertical(threshold).with_color(palette.colour(Colour::Text));
            layout = layout.with_reference_line(line);
        }
        Chart { plots, layout, ticks: Ticks { x: range.ticks(), y: Vec::new() } }
    })
}
