//! Training curves: one line a run, one colour a variant.

use kuva::prelude::{Layout, LegendPosition, LinePlot, Plot};

use super::{COLOURS, colour, svg};
use crate::{RunResults, VariantResults};

const SIZE: (f64, f64) = (600.0, 360.0);

/// Training loss by epoch; none if no run kept any.
pub(crate) fn loss(variants: &[VariantResults]) -> Option<String> {
    curves(variants, "Training loss", |run| &run.loss)
}

/// Accuracy on the validation pairs by epoch; none if no run kept any.
pub(crate) fn validation_accuracy(variants: &[VariantResults]) -> Option<String> {
    curves(variants, "Validation accuracy", |run| &run.validation_accuracy)
}

fn curves(
    variants: &[VariantResults],
    title: &str,
    points: fn(&RunResults) -> &Vec<(f64, f64)>,
) -> Option<String> {
    let mut plots: Vec<Plot> = Vec::new();
    for (place, variant) in variants.iter().enumerate() {
        let lines = variant.runs.iter().map(points).filter(|points| !points.is_empty());
        for (run, points) in lines.enumerate() {
            let line = line(place, points);
            // One entry a variant, whatever the number of its seeds.
            plots.push(if run == 0 { line.with_legend(variant.name.as_str()) } else { line }.into());
        }
    }
    if plots.is_empty() {
        return None;
    }
    let layout = Layout::auto_from_plots(&plots)
        .with_x_label("Epoch")
        .with_y_label(title)
        .with_legend_position(LegendPosition::OutsideBottomColumns);
    Some(svg(plots, layout, SIZE, &format!("{title} by epoch, one line a run")))
}

fn line(variant: usize, points: &[(f64, f64)]) -> LinePlot {
    let line =
        LinePlot::new().with_data(points.iter().copied()).with_color(colour(variant)).with_stroke_width(2.0);
    // Past the last colour they come again, dashed.
    if variant >= COLOURS { line.with_dashed() } else { line }
}
