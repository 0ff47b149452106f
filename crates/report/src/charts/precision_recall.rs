//! Precision and recall of a ranked list of labels, of which it is known how many are wrong.

use arclab_metrics::Ranking;
use kuva::prelude::{Layout, LegendPosition, LinePlot, Plot, ReferenceLine, ScatterPlot};

use super::{Chart, Colour, Figure, Ticks};

const SIZE: (f64, f64) = (560.0, 380.0);
/// Where axes end: beyond 1, so that points there are seen whole.
const END: f64 = 1.03;

/// The curve of a list that could have held `looked_at` labels, from its first entry to its last; none of an empty list.
/// `what` is listed: `pairs`, `training images`.
pub fn precision_recall(ranking: &Ranking, looked_at: usize, what: &str) -> Option<Figure> {
    let all_wrong = ranking.all_wrong();
    let caption = format!(
        "Wrong labels among {} listed {what}\n{all_wrong} of {looked_at} are wrong (dashed: the precision of a list in random order)",
        ranking.listed()
    );
    let chance = all_wrong as f64 / looked_at.max(1) as f64;
    let marked =
        [(all_wrong, "as many as are wrong"), (all_wrong / 2, "half of that"), (ranking.listed(), "all")];
    (ranking.listed() > 0 && all_wrong > 0).then(|| {
        Figure::draw(caption, SIZE, |palette| {
            let line = LinePlot::new().with_data(ranking.curve()).with_stroke_width(2.0);
            let mut plots: Vec<Plot> = vec![line.with_color(palette.colour(Colour::Variant(0))).into()];
            for (place, (count, name)) in marked.into_iter().enumerate() {
                let found = ranking.first(count);
                let legend = format!("{name}: {}", found.listed);
                let point = ScatterPlot::new().with_data([(found.recall, found.precision)]).with_size(5.0);
                plots.push(
                    point.with_color(palette.colour(Colour::Variant(place + 1))).with_legend(legend).into(),
                );
            }
            let dashed = ReferenceLine::horizontal(chance).with_color(palette.colour(Colour::Text));
            let layout = Layout::auto_from_plots(&plots)
                .with_x_label("Recall: share of all wrong labels that are listed")
                .with_y_label("Precision: share of the listed that are wrong")
                .with_x_axis_min(0.0)
                .with_x_axis_max(END)
                .with_y_axis_min(0.0)
                .with_y_axis_max(END)
                .with_reference_line(dashed)
                .with_legend_position(LegendPosition::OutsideBottomColumns);
            Chart { plots, layout, ticks: Ticks::default() }
        })
    })
}
