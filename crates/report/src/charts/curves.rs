//! Training curves: one line a run, one colour a variant.

use kuva::prelude::{Layout, LegendPosition, LinePlot, Plot};

use super::{Chart, Colour, Figure, Palette, Ticks, VARIANT_COLOURS};
use crate::{RunResults, VariantResults};

const SIZE: (f64, f64) = (600.0, 360.0);

/// Training loss by epoch; none if no run kept any.
pub(crate) fn loss(variants: &[VariantResults]) -> Option<Figure> {
    curves(variants, ("Training loss", "Training loss"), |run| &run.loss)
}

/// Accuracy on the validation pairs by epoch; none if no run kept any.
pub(crate) fn validation_accuracy(variants: &[VariantResults]) -> Option<Figure> {
    curves(variants, ("Accuracy on the validation pairs", "Validation accuracy"), |run| {
        &run.validation_accuracy
    })
}

fn curves(
    variants: &[VariantResults],
    (caption, axis): (&str, &str),
    points: fn(&RunResults) -> &Vec<(f64, f64)>,
) -> Option<Figure> {
    let is_kept = variants.iter().flat_map(|variant| &variant.runs).any(|run| !points(run).is_empty());
    is_kept.then(|| {
        Figure::draw(caption, SIZE, |palette| {
            let plots = lines(variants, points, palette);
            let layout = Layout::auto_from_plots(&plots)
                .with_x_tick_step(step(epochs(variants, points)))
                .with_x_label("Epoch")
                .with_y_label(axis)
                .with_legend_position(LegendPosition::OutsideBottomColumns);
            Chart { plots, layout, ticks: Ticks::default() }
        })
    })
}

fn epochs(variants: &[VariantResults], points: fn(&RunResults) -> &Vec<(f64, f64)>) -> f64 {
    let runs = variants.iter().flat_map(|variant| &variant.runs);
    runs.flat_map(points).map(|(epoch, _)| *epoch).fold(1.0, f64::max)
}

/// Whole epochs between two ticks, of which there are eight at most.
pub(super) fn step(epochs: f64) -> f64 {
    let steps = (0..).flat_map(|zeros| [1.0, 2.0, 5.0].map(|part| part * 10_f64.powi(zeros)));
    steps.into_iter().find(|step| epochs / step <= 8.0).unwrap_or(epochs)
}

fn lines(
    variants: &[VariantResults],
    points: fn(&RunResults) -> &Vec<(f64, f64)>,
    palette: Palette,
) -> Vec<Plot> {
    let mut plots: Vec<Plot> = Vec::new();
    for (place, variant) in variants.iter().enumerate() {
        let lines = variant.runs.iter().map(points).filter(|points| !points.is_empty());
        for (run, points) in lines.enumerate() {
            let line = line(place, palette).with_data(points.iter().copied());
            // One entry a variant, whatever the number of its seeds.
            plots.push(if run == 0 { line.with_legend(variant.name.as_str()) } else { line }.into());
        }
    }
    plots
}

/// A variant's line, without its points.
pub(super) fn line(variant: usize, palette: Palette) -> LinePlot {
    let line = LinePlot::new().with_color(palette.colour(Colour::Variant(variant))).with_stroke_width(2.0);
    // Past the last colour they come again, dashed.
    if variant >= VARIANT_COLOURS { line.with_dashed() } else { line }
}
