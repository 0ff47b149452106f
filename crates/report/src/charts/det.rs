//! DET curves: false reject rates over false accept rates, both on axes of normal deviates (Martin, Doddington, Kamm, Ordowski and
//! Przybocki, The DET curve in assessment of detection task performance, Eurospeech 1997).

use arclab_metrics::normal_quantile;
use kuva::prelude::{Layout, LegendPosition};

use super::{
    Chart, Figure, RateCurve, roc,
    ticks::{Tick, Ticks},
};

const SIZE: (f64, f64) = (600.0, 400.0);

/// Shares that may be ticks, in percent.
const PERCENT: [f64; 17] =
    [1e-4, 1e-3, 0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 90.0, 95.0, 99.0, 99.9];
/// Beyond it, nobody would use a rate.
const HIGHEST_FAR: f64 = 0.6;

/// One curve a variant with its band; none without curves.
pub(crate) fn det(curves: &[RateCurve], caption: &str) -> Option<Figure> {
    let curves = &curves.iter().map(used).collect::<Vec<_>>();
    let rates = || curves.iter().flat_map(|curve| &curve.rates);
    let lowest_far = rates().map(|(far, _)| *far).reduce(f64::min)?;
    // Rates of 0 and 1 lie infinitely far away.
    let refused = || rates().map(|(_, tar)| 1.0 - tar).filter(|refused| 0.0 < *refused && *refused < 1.0);
    let (x, y) = (
        Axis::of(lowest_far, HIGHEST_FAR),
        Axis::of(refused().reduce(f64::min)?, refused().reduce(f64::max)?),
    );
    // Of a list of few pairs there may be a single rate, and no axis.
    if x.low >= x.high || y.low >= y.high {
        return None;
    }
    Some(Figure::draw(caption, SIZE, |palette| {
        let plots = roc::plots(curves, palette, |far, tar| (x.place(far), y.place(1.0 - tar)));
        let layout = Layout::auto_from_plots(&plots)
            .with_x_axis_min(x.place(x.low))
            .with_x_axis_max(x.place(x.high))
            .with_y_axis_min(y.place(y.low))
            .with_y_axis_max(y.place(y.high))
            .with_x_label("False accept rate (%)")
            .with_y_label("False reject rate (%)")
            .with_legend_position(LegendPosition::OutsideBottomColumns);
        Chart { plots, layout, ticks: Ticks { x: x.ticks(), y: y.ticks() } }
    }))
}

/// The part of a curve that the axis shows.
fn used(curve: &RateCurve) -> RateCurve {
    let mut used = curve.clone();
    used.rates.retain(|(far, _)| *far <= HIGHEST_FAR);
    used.band.retain(|point| point.far.get() <= HIGHEST_FAR);
    used
}

/// From a share to another.
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    /// Outwards to a tick, where there is one.
    fn of(lowest: f64, highest: f64) -> Self {
        let shares = PERCENT.map(|percent| percent / 100.0);
        Self {
            low: shares.into_iter().rfind(|share| *share <= lowest).unwrap_or(lowest),
            high: shares.into_iter().find(|share| *share >= highest).unwrap_or(highest),
        }
    }

    /// Where a share lies; at the end of the axis if beyond it.
    fn place(&self, share: f64) -> f64 {
        normal_quantile(share.clamp(self.low, self.high))
    }

    fn ticks(&self) -> Vec<Tick> {
        let within =
            PERCENT.into_iter().filter(|percent| (self.low..=self.high).contains(&(percent / 100.0)));
        within.map(|percent| (normal_quantile(percent / 100.0), percent.to_string())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Axis;

    #[test]
    fn an_axis_reaches_to_its_ticks_and_shares_lie_at_their_normal_deviates() {
        let axis = Axis::of(0.013, 0.55);
        assert_eq!((axis.low, axis.high), (0.01, 0.6));
        let labels: Vec<String> = axis.ticks().into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["1", "2", "5", "10", "20", "40", "60"]);
        // Five percent of a normal distribution lie below -1.645.
        assert!((axis.place(0.05) + 1.644_854).abs() < 1e-6);
        // What would lie infinitely far away lies at the end.
        assert!((axis.place(0.0) - axis.place(0.01)).abs() < 1e-12);
    }
}
