//! ROC curves: true accept rates over false accept rates on a logarithmic axis.

use arclab_metrics::TarAt;
use kuva::prelude::{BandPlot, Layout, LegendPosition, Plot};

use super::{
    Chart, Colour, Figure, Palette, RateCurve, curves,
    ticks::{Tick, Ticks},
};

const SIZE: (f64, f64) = (600.0, 400.0);
const BAND_OPACITY: f64 = 0.12;

/// One curve a variant with its band; none without curves.
pub(crate) fn roc(curves: &[RateCurve], caption: &str) -> Option<Figure> {
    let lowest = curves.iter().filter_map(|curve| Some(curve.rates.first()?.0)).reduce(f64::min)?;
    // One pair of different people has one rate, and no axis.
    if lowest >= 1.0 {
        return None;
    }
    Some(Figure::draw(caption, SIZE, |palette| {
        let plots = plots(curves, palette, |far, tar| (far.log10(), tar));
        let layout = Layout::auto_from_plots(&plots)
            .with_x_axis_min(lowest.log10())
            .with_x_axis_max(0.0)
            .with_y_axis_min(0.0)
            .with_y_axis_max(1.0)
            .with_x_label("False accept rate")
            .with_y_label("True accept rate")
            .with_legend_position(LegendPosition::OutsideBottomColumns);
        let y = (0..=5).map(|fifth| (f64::from(fifth) / 5.0, format!("{:.1}", f64::from(fifth) / 5.0)));
        Chart { plots, layout, ticks: Ticks { x: decades(lowest), y: y.collect() } }
    }))
}

/// Bands below lines, each point where `at` places it.
pub(super) fn plots(
    curves: &[RateCurve],
    palette: Palette,
    at: impl Fn(f64, f64) -> (f64, f64),
) -> Vec<Plot> {
    let band = |curve: &RateCurve| -> Plot {
        let edge = |of: fn(&TarAt) -> f64| {
            curve.band.iter().map(|point| at(point.far.get(), of(point))).unzip::<f64, f64, Vec<_>, Vec<_>>()
        };
        let ((x, low), (_, high)) = (edge(|point| point.tar.low), edge(|point| point.tar.high));
        let colour = palette.colour(Colour::Variant(curve.variant));
        BandPlot::new(x, low, high).with_color(colour).with_opacity(BAND_OPACITY).into()
    };
    let line = |curve: &RateCurve| -> Plot {
        let points = curve.rates.iter().map(|&(far, tar)| at(far, tar));
        curves::line(curve.variant, palette)
            .with_data(points)
            .with_step()
            .with_legend(curve.name.as_str())
            .into()
    };
    curves.iter().map(band).chain(curves.iter().map(line)).collect()
}

/// `1e-4`, `0.001`, `0.01`, `0.1` and 1, with 2 and 5 between them where there is room.
fn decades(lowest: f64) -> Vec<Tick> {
    let between = if lowest < 1e-3 { &[1.0][..] } else { &[1.0, 2.0, 5.0] };
    let decades = lowest.log10().floor() as i32..=0;
    let all = decades.flat_map(|decade| between.iter().map(move |part| (decade, part * 10_f64.powi(decade))));
    let shown = all.filter(|&(_, far)| lowest <= far * ROUNDING && far <= ROUNDING);
    let label = |decade: i32, far: f64| {
        if decade < -3 { format!("{far:.0e}") } else { format!("{far:.0$}", decade.unsigned_abs() as usize) }
    };
    shown.map(|(decade, far)| (far.log10(), label(decade, far))).collect()
}

/// A power of ten may be off by its last bit.
const ROUNDING: f64 = 1.0 + 1e-9;

#[cfg(test)]
mod tests {
    use super::decades;

    #[test]
    fn rates_are_labelled_by_decade_and_between_them_where_there_is_room() {
        let labels = |lowest| decades(lowest).into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(0.005), ["0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]);
        assert_eq!(labels(1e-5), ["1e-5", "1e-4", "0.001", "0.01", "0.1", "1"]);
        assert!((decades(1e-5)[1].0 + 4.0).abs() < 1e-12);
    }
}
