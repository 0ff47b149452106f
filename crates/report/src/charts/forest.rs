//! Differences of accuracy to the first variant, with their intervals.

use kuva::prelude::{ForestPlot, ForestRow, Layout};

use super::{Chart, Colour, Figure, Ticks};
use crate::{Comparison, Tested};

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 70.0;
const HEIGHT_OF_ROW: f64 = 32.0;

/// A row a variant that is held against the first; none where none is.
pub(crate) fn forest(comparison: &Comparison, protocol: usize, caption: &str) -> Option<Figure> {
    let baseline = comparison.variants().first()?.name.as_str();
    let row = |place: usize| {
        let found = comparison.outcome(place, protocol)?.against.ok()??;
        Some((comparison.variants()[place].name.as_str(), found.accuracy))
    };
    let rows: Vec<(&str, Tested)> = (1..comparison.variants().len()).filter_map(row).collect();
    (!rows.is_empty()).then(|| {
        Figure::draw(caption, (WIDTH, HEIGHT + HEIGHT_OF_ROW * rows.len() as f64), |palette| {
            let mut plot = ForestPlot::new().with_marker_size(4.5).with_whisker_width(2.0).with_cap_size(4.0);
            plot.rows = rows
                .iter()
                .map(|&(name, found)| forest_row(name, found, palette.colour(of(found))))
                .collect();
            let plots = vec![plot.into()];
            let layout =
                Layout::auto_from_plots(&plots).with_x_label(format!("Accuracy less that of {baseline}"));
            Chart { plots, layout, ticks: Ticks::default() }
        })
    })
}

fn forest_row(name: &str, found: Tested, colour: String) -> ForestRow {
    let label = if found.is_clear() { format!("{name} *") } else { name.to_owned() };
    let of = found.effect.difference;
    ForestRow { color: Some(colour), ..ForestRow::new(label, of.value, of.low, of.high) }
}

fn of(found: Tested) -> Colour {
    match (found.is_clear(), found.effect.difference.value > 0.0) {
        (false, _) => Colour::Quiet,
        (true, true) => Colour::Gain,
        (true, false) => Colour::Loss,
    }
}
