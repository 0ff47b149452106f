//! Error rates by slice: a point with its interval a slice, a line a variant.

use kuva::prelude::{Layout, LegendPosition, LinePlot, Plot, ScatterPlot};

use super::{Chart, Colour, Figure, Palette, Ticks};
use crate::{AttributeColumn, ErrorKind, SlicedErrors, Slices};

const SIZE: (f64, f64) = (600.0, 360.0);
/// Variants stand beside one another within a slice, over so much of its width.
const SPREAD: f64 = 0.5;

impl Slices {
    /// The false negative and the false positive rates of all variants.
    pub fn figures(&self, title: &str, attribute: &AttributeColumn) -> [Figure; 2] {
        [ErrorKind::FalseNegative, ErrorKind::FalsePositive].map(|kind| self.figure(title, attribute, kind))
    }

    fn figure(&self, title: &str, attribute: &AttributeColumn, kind: ErrorKind) -> Figure {
        let name = attribute.title().to_lowercase();
        let caption = format!("{title}: {} rate by {name} gap\n95% intervals", kind.title().to_lowercase());
        let unit =
            if attribute.gap_unit.is_empty() { String::new() } else { format!(" ({})", attribute.gap_unit) };
        Figure::draw(caption, SIZE, |palette| {
            let plots: Vec<Plot> =
                (0..self.variants.len()).flat_map(|place| self.line(place, kind, palette)).collect();
            let layout = Layout::auto_from_plots(&plots)
                .with_x_label(format!("{} gap{unit}", attribute.title()))
                .with_y_label(format!("{} rate", kind.title()))
                .with_x_categories(self.labels(attribute))
                .with_x_axis_min(0.5)
                .with_x_axis_max(self.bounds.len() as f64 + 0.5)
                .with_y_axis_min(0.0)
                .with_legend_position(LegendPosition::OutsideBottomColumns);
            Chart { plots, layout, ticks: Ticks::default() }
        })
    }

    fn labels(&self, attribute: &AttributeColumn) -> Vec<String> {
        let decimals = self.decimals(attribute);
        self.bounds.iter().map(|[low, high]| format!("{low:.decimals$}–{high:.decimals$}")).collect()
    }

    fn line(&self, place: usize, kind: ErrorKind, palette: Palette) -> [Plot; 2] {
        let variant = &self.variants[place];
        let errors: &SlicedErrors = match kind {
            ErrorKind::FalseNegative => &variant.false_negatives,
            ErrorKind::FalsePositive => &variant.false_positives,
        };
        let aside = SPREAD * ((place as f64 + 0.5) / self.variants.len() as f64 - 0.5);
        let rates = errors.slices.iter().enumerate();
        let rates: Vec<_> =
            rates.filter_map(|(slice, of)| Some((slice as f64 + 1.0 + aside, of.rate?))).collect();
        let points = || rates.iter().map(|&(x, rate)| (x, rate.value));
        let ends = rates.iter().map(|(_, rate)| (rate.value - rate.low, rate.high - rate.value));
        let colour = palette.colour(Colour::Variant(place));
        let line = LinePlot::new().with_data(points()).with_color(&*colour).with_stroke_width(1.5);
        let points = ScatterPlot::new()
            .with_data(points())
            .with_y_err_asymmetric(ends)
            .with_color(&*colour)
            .with_size(4.0);
        [line.into(), points.with_legend(variant.name.as_str()).into()]
    }
}
