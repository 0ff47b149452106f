//! Paints smooth shapes of the head into a picture.

use tiny_skia::{Color, FillRule, Paint, Path, PathBuilder, Pixmap, Point, Transform};

use super::colour::Rgb;
use super::pose::{Pose, Spot};

/// A layer on which things are painted in the head's own coordinates.
pub(super) struct Canvas<'a> {
    /// The picture so far, transparent where nothing was painted.
    pub(super) pixmap: Pixmap,
    /// Where the head stands.
    pub(super) pose: &'a Pose,
}

impl Canvas<'_> {
    /// Fills the smooth closed curve through the spots.
    pub(super) fn blob(&mut self, outline: &[Spot], colour: Rgb, opacity: f32) {
        let points: Vec<Point> = outline.iter().map(|&spot| self.pose.place(spot)).collect();
        self.fill(smooth(&[points]), colour, opacity);
    }

    /// Fills what lies between two smooth closed curves.
    pub(super) fn ring(&mut self, outer: &[Spot], inner: &[Spot], colour: Rgb, opacity: f32) {
        let curves = [outer, inner].map(|curve| curve.iter().map(|&spot| self.pose.place(spot)).collect());
        self.fill(smooth(&curves), colour, opacity);
    }

    /// Fills the polygon through the spots.
    pub(super) fn polygon(&mut self, corners: &[Spot], colour: Rgb, opacity: f32) {
        let mut builder = PathBuilder::new();
        for (index, &spot) in corners.iter().enumerate() {
            let point = self.pose.place(spot);
            if index == 0 { builder.move_to(point.x, point.y) } else { builder.line_to(point.x, point.y) }
        }
        builder.close();
        self.fill(builder.finish(), colour, opacity);
    }

    /// Draws a line through the spots that is as wide at each as asked; widths are halves, in units of the head.
    pub(super) fn ribbon(&mut self, line: &[(Spot, f32)], colour: Rgb, opacity: f32) {
        let scale = self.pose.scale();
        let points: Vec<Point> = line.iter().map(|&(spot, _)| self.pose.place(spot)).collect();
        let sides: Vec<Point> = (0..line.len()).map(|i| sideways(&points, i, line[i].1 * scale)).collect();
        let there = points.iter().zip(&sides).map(|(point, side)| *point + *side);
        let back = points.iter().zip(&sides).rev().map(|(point, side)| *point - *side);
        self.fill(smooth(&[there.chain(back).collect()]), colour, opacity);
    }

    /// Fills an ellipse that lies on the face; radii in units of the head.
    pub(super) fn spot(&mut self, x: f32, y: f32, radii: [f32; 2], colour: Rgb, opacity: f32) {
        let outline: Vec<Spot> = circle(10)
            .map(|[cos, sin]| Spot::Skin { x: x + radii[0] * cos, y: y + radii[1] * sin, lift: 0.0 })
            .collect();
        self.blob(&outline, colour, opacity);
    }

    fn fill(&mut self, path: Option<Path>, colour: Rgb, opacity: f32) {
        // A shape without area has no path, and nothing to fill.
        let Some(path) = path else { return };
        let [red, green, blue] = colour.0.map(|value| value.clamp(0.0, 1.0));
        let mut paint = Paint::default();
        let Some(colour) = Color::from_rgba(red, green, blue, opacity.clamp(0.0, 1.0)) else { return };
        paint.set_color(colour);
        self.pixmap.fill_path(&path, &paint, FillRule::EvenOdd, Transform::identity(), None);
    }
}

/// Cosine and sine of `count` angles evenly around the circle.
pub(super) fn circle(count: usize) -> impl Iterator<Item = [f32; 2]> {
    (0..count).map(move |i| {
        let angle = i as f32 / count as f32 * std::f32::consts::TAU;
        [angle.cos(), angle.sin()]
    })
}

/// A vector of the given length across the line at its point `i`.
fn sideways(points: &[Point], i: usize, length: f32) -> Point {
    let along = points[(i + 1).min(points.len() - 1)] - points[i.saturating_sub(1)];
    let norm = (along.x * along.x + along.y * along.y).sqrt().max(1e-6);
    Point::from_xy(-along.y / norm * length, along.x / norm * length)
}

/// The closed Catmull-Rom splines through the points of each curve.
fn smooth(curves: &[Vec<Point>]) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for points in curves {
        let count = points.len();
        let at = |i: usize| points[i % count];
        builder.move_to(at(0).x, at(0).y);
        for i in 0..count {
            let (before, from, to, after) = (at(i + count - 1), at(i), at(i + 1), at(i + 2));
            let (one, two) = ((to - before), (after - from));
            builder.cubic_to(
                from.x + one.x / 6.0,
                from.y + one.y / 6.0,
                to.x - two.x / 6.0,
                to.y - two.y / 6.0,
                to.x,
                to.y,
            );
        }
        builder.close();
    }
    builder.finish()
}
