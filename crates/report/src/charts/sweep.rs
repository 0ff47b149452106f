//! How far the cells of a sweep came: validation accuracy by epoch, the mean over seeds, up to where each was stopped.

use kuva::prelude::{Layout, LegendPosition, LinePlot, Plot};

use super::{Chart, Colour, Figure, Palette, Ticks, VARIANT_COLOURS, curves};
use crate::{CellResults, SweepResults};

const SIZE: (f64, f64) = (600.0, 360.0);

/// None where no cell has done two epochs.
pub(crate) fn cells(sweep: &SweepResults) -> Option<Figure> {
    let shown = || sweep.cells.iter().filter(|cell| cell.done() > 1);
    let epochs = shown().map(CellResults::done).max()?;
    let best = sweep.best().map(|best| &best.variant);
    // With more than there are colours, the best one stands out, and is drawn last.
    let is_many = sweep.cells.len() > VARIANT_COLOURS;
    Some(Figure::draw("Validation accuracy of the cells, as far as each came", SIZE, |palette| {
        let line = |(place, cell): (usize, &CellResults)| {
            let is_named = !is_many || best == Some(&cell.variant);
            let line = if is_named {
                curves::line(if is_many { 0 } else { place }, palette).with_legend(cell.variant.as_str())
            } else {
                quiet(palette)
            };
            (is_named, line.with_data(curve(cell)))
        };
        let mut lines: Vec<(bool, LinePlot)> = shown().enumerate().map(line).collect();
        lines.sort_by_key(|(is_named, _)| *is_named);
        let plots: Vec<Plot> = lines.into_iter().map(|(_, line)| line.into()).collect();
        let layout = Layout::auto_from_plots(&plots)
            .with_x_tick_step(curves::step(epochs as f64))
            .with_x_label("Epoch")
            .with_y_label("Validation accuracy")
            .with_legend_position(LegendPosition::OutsideBottomColumns);
        Chart { plots, layout, ticks: Ticks::default() }
    }))
}

fn quiet(palette: Palette) -> LinePlot {
    LinePlot::new().with_color(palette.colour(Colour::Quiet)).with_stroke_width(1.0)
}

/// The mean over seeds after each epoch that all of them have done.
fn curve(cell: &CellResults) -> Vec<(f64, f64)> {
    (1..=cell.done()).filter_map(|epoch| Some((epoch as f64, cell.mean(epoch)?))).collect()
}
