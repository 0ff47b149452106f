//! Figures as SVG elements for a page, whose style sheet gives the colours.

mod curves;
mod histogram;

use kuva::{
    backend::svg::SvgBackend,
    prelude::{Layout, Plot, Theme, render_multiple},
};

pub(crate) use curves::{loss, validation_accuracy};
pub(crate) use histogram::{ScoreRange, scores};

/// Colours of variants that the page's style sheet defines: `--c0` to `--c7`.
const COLOURS: usize = 8;

fn colour(variant: usize) -> String {
    format!("var(--c{})", variant % COLOURS)
}

/// Colours by name of the page's style sheet, so that a chart follows its light or dark scheme.
fn theme() -> Theme {
    Theme {
        background: "none".to_owned(),
        axis_color: "var(--axis)".to_owned(),
        grid_color: "var(--grid)".to_owned(),
        tick_color: "var(--axis)".to_owned(),
        text_color: "var(--text)".to_owned(),
        legend_bg: "none".to_owned(),
        legend_border: "none".to_owned(),
        font_family: Some("inherit".to_owned()),
        ..Theme::light()
    }
}

/// The chart as an element that fills the width it is given; `label` is what it says to who cannot see it.
fn svg(plots: Vec<Plot>, layout: Layout, size: (f64, f64), label: &str) -> String {
    let layout = layout.with_theme(theme()).with_width(size.0).with_height(size.1);
    let scene = render_multiple(plots, layout);
    let drawn = SvgBackend::new().render_scene(&scene);
    // The scene's own size: a legend of many lines has made it higher.
    let (width, height) = (scene.width, scene.height);
    let label = crate::format::html::escaped(label);
    let head = format!("<svg role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {width} {height}\" ");
    drawn.replacen("<svg ", &head, 1)
}
