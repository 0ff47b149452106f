//! A chart, drawn for a page and for files.

use kuva::{
    backend::{raster::RasterBackend, svg::SvgBackend},
    prelude::{Layout, Plot, render_multiple},
    render::{
        color::Color,
        layout::ComputedLayout,
        render::{Primitive, Scene},
    },
};

use super::{Palette, Ticks};
use crate::format::html::escaped;

/// Pixels of a PNG file a unit of the drawing.
const PNG_SCALE: f32 = 2.0;
/// What a heading of one line takes from the height of a file, and what each further line takes.
const HEADING_HEIGHT: (f64, f64) = (30.0, 18.0);

/// A chart that can be a page's element, an SVG file or a PNG file.
pub struct Figure {
    caption: String,
    page: Scene,
    print: Scene,
}

/// What is drawn, and on which axes.
pub(crate) struct Chart {
    pub(crate) plots: Vec<Plot>,
    pub(crate) layout: Layout,
    /// On axes where even ticks will not do.
    pub(crate) ticks: Ticks,
}

impl Figure {
    /// Draws a chart of this width and height in each palette's colours. The caption's first line is a heading, and what follows
    /// says more.
    pub(crate) fn draw(
        caption: impl Into<String>,
        size: (f64, f64),
        chart: impl Fn(Palette) -> Chart,
    ) -> Self {
        let caption = caption.into();
        let drawn = |palette: Palette| {
            let Chart { plots, layout, ticks } = chart(palette);
            let layout = ticks.reserve(layout).with_theme(palette.theme()).with_width(size.0);
            let layout = match palette {
                // A page has the caption beside the chart.
                Palette::Page => layout.with_height(size.1),
                Palette::Print => headed(layout, &caption, size.1),
            };
            let placed = ComputedLayout::from_layout(&layout);
            let mut scene = render_multiple(plots, layout);
            ticks.draw(&mut scene, &placed, &palette.theme());
            scene
        };
        let (page, mut print) = (drawn(Palette::Page), drawn(Palette::Print));
        print.elements.iter_mut().for_each(separate_opacity);
        Self { caption, page, print }
    }

    /// What stands above the chart: a heading, and under it what else a reader should know.
    pub fn caption(&self) -> &str {
        &self.caption
    }

    /// An SVG element that fills the width it is given, with its caption for those who cannot see it. The page's style sheet gives
    /// the colours.
    pub fn element(&self) -> String {
        // The scene's own size: a legend of many lines has made it higher.
        let Scene { width, height, .. } = self.page;
        let label = escaped(&self.caption.replace('\n', ", "));
        let head = format!("<svg role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {width} {height}\" ");
        SvgBackend::new().render_scene(&self.page).replacen("<svg ", &head, 1)
    }

    /// An SVG file that needs no style sheet.
    pub fn svg(&self) -> String {
        let Scene { width, height, .. } = self.print;
        let head = format!("<svg viewBox=\"0 0 {width} {height}\" ");
        SvgBackend::new().render_scene(&self.print).replacen("<svg ", &head, 1)
    }

    /// A PNG file of [`Figure::pixels`].
    pub fn png(&self) -> Vec<u8> {
        let drawn = RasterBackend::new().with_scale(PNG_SCALE).render_scene(&self.print);
        drawn.expect("a figure has a width and a height")
    }

    /// Width and height of the PNG file.
    pub fn pixels(&self) -> (u32, u32) {
        let pixels = |length: f64| (length as f32 * PNG_SCALE).ceil() as u32;
        (pixels(self.print.width), pixels(self.print.height))
    }
}

/// With its caption above the chart.
fn headed(layout: Layout, caption: &str, height: f64) -> Layout {
    let (heading, more) = caption.split_once('\n').unwrap_or((caption, ""));
    let layout = layout.with_title(heading).with_title_size(15);
    if more.is_empty() {
        return layout.with_height(height + HEADING_HEIGHT.0);
    }
    layout
        .with_subtitle(more)
        .with_subtitle_size(12)
        .with_height(height + HEADING_HEIGHT.0 + HEADING_HEIGHT.1)
}

/// `#rrggbbaa` as a colour and its opacity: neither kuva's PNG nor every reader of SVG knows it as one.
fn separate_opacity(element: &mut Primitive) {
    let Primitive::Rect { fill, opacity, .. } = element else { return };
    let Color::Css(css) = &*fill else { return };
    let Some((colour, alpha)) = css.split_at_checked(7) else { return };
    if let Ok(alpha) = u8::from_str_radix(alpha, 16) {
        *opacity = Some(f64::from(alpha) / 255.0);
        *fill = Color::from(colour);
    }
}

#[cfg(test)]
mod tests {
    use kuva::prelude::{Histogram, LinePlot};

    use super::*;
    use crate::charts::Colour;

    fn figure() -> Figure {
        Figure::draw("Heading <1>\nand more", (300.0, 200.0), |palette| {
            let bars = Histogram::from_bins(vec![0.0, 1.0, 2.0], vec![1.0, 2.0]);
            let line = LinePlot::new().with_data([(0.0, 0.0), (2.0, 2.0)]).with_stroke_width(4.0);
            let plots = vec![
                bars.with_color(palette.colour(Colour::Same)).into(),
                line.with_color(palette.colour(Colour::Variant(0))).into(),
            ];
            Chart { layout: Layout::auto_from_plots(&plots), plots, ticks: Ticks::default() }
        })
    }

    #[test]
    fn an_element_takes_its_colours_from_the_page_and_a_file_has_its_own() {
        let (element, file) = (figure().element(), figure().svg());
        assert!(element.contains("stroke=\"var(--c0)\"") && element.contains("fill=\"var(--same)\""));
        assert!(element.starts_with(
            "<svg role=\"img\" aria-label=\"Heading &lt;1&gt;, and more\" viewBox=\"0 0 300 200\""
        ));
        assert!(!file.contains("var(") && !file.contains("inherit") && file.contains("fill=\"#ffffff\""));
        assert!(
            file.contains("stroke=\"#1f5fbf\"") && file.contains("fill=\"#1a8f7a\" fill-opacity=\"0.69"),
            "{file}"
        );
        // What a page shows beside the element, a file has to say itself.
        assert!(file.contains(">Heading &lt;1&gt;</text>") && file.contains(">and more</text>"));
        assert!(!element.contains(">and more</text>"));
    }

    #[test]
    fn a_png_has_the_size_that_is_said_and_the_colours_of_the_file() {
        let figure = figure();
        let image = image::load_from_memory(&figure.png()).expect("a PNG").into_rgb8();
        assert_eq!(image.dimensions(), figure.pixels());
        assert_eq!(figure.pixels(), (600, 2 * (200 + 48)));
        let has = |colour: [u8; 3]| image.pixels().any(|pixel| pixel.0 == colour);
        assert!(has([0xff; 3]) && has([0x1f, 0x5f, 0xbf]));
        // The bars are translucent: nowhere their full colour.
        assert!(!has([0x1a, 0x8f, 0x7a]));
    }
}
