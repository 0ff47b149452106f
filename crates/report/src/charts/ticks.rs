//! Axes with ticks at places of our own: kuva knows none but even and logarithmic ones.

use kuva::{
    prelude::{Layout, Theme},
    render::{
        color::Color,
        layout::ComputedLayout,
        render::{Primitive, Scene, TextAnchor},
    },
};

/// A place on an axis, and what stands beside it.
pub(crate) type Tick = (f64, String);

/// The ticks of both axes. Their labels are up to four digits wide.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ticks {
    pub(crate) x: Vec<Tick>,
    pub(crate) y: Vec<Tick>,
}

const TICK_LENGTH: f64 = 5.0;

impl Ticks {
    /// The layout without even ticks where there are some of these. Margins stay as they would be with them.
    pub(super) fn reserve(&self, mut layout: Layout) -> Layout {
        // No multiple of it lies on any axis.
        if !self.x.is_empty() {
            layout = layout.with_x_tick_step(f64::INFINITY);
        }
        if !self.y.is_empty() {
            layout = layout.with_y_tick_step(f64::INFINITY);
        }
        layout
    }

    /// Draws grid lines below what is in the scene, and labels beside the axes.
    pub(super) fn draw(&self, scene: &mut Scene, at: &ComputedLayout, theme: &Theme) {
        let (left, right) = (at.margin_left, at.width - at.margin_right);
        let (top, bottom) = (at.margin_top, at.height - at.margin_bottom);
        let size = f64::from(at.tick_size);
        let mut below = Vec::new();
        for (value, label) in &self.x {
            let x = at.map_x(*value);
            below.push(line([x, top, x, bottom], &theme.grid_color));
            below.push(line([x, bottom, x, bottom + TICK_LENGTH], &theme.tick_color));
            below.push(text(
                [x, bottom + TICK_LENGTH + 0.95 * size],
                label,
                TextAnchor::Middle,
                at.tick_size,
            ));
        }
        for (value, label) in &self.y {
            let y = at.map_y(*value);
            below.push(line([left, y, right, y], &theme.grid_color));
            below.push(line([left - TICK_LENGTH, y, left, y], &theme.tick_color));
            below.push(text(
                [left - at.tick_label_margin, y + 0.36 * size],
                label,
                TextAnchor::End,
                at.tick_size,
            ));
        }
        scene.elements.splice(0..0, below);
    }
}

fn line([x1, y1, x2, y2]: [f64; 4], colour: &str) -> Primitive {
    Primitive::Line { x1, y1, x2, y2, stroke: Color::from(colour), stroke_width: 1.0, stroke_dasharray: None }
}

fn text([x, y]: [f64; 2], content: &str, anchor: TextAnchor, size: u32) -> Primitive {
    Primitive::Text {
        x,
        y,
        content: content.to_owned(),
        size,
        anchor,
        rotate: None,
        bold: false,
        color: None,
    }
}
