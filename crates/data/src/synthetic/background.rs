//! What stands behind the person, out of focus, and what the person wears; another in every photo.

use tiny_skia::{Color, FillRule, Paint, PathBuilder, Pixmap, Rect, Transform};

use super::canvas::Canvas;
use super::colour::Rgb;
use super::occlusion::cloth;
use super::pose::edge;
use super::random::Stream;

/// Side of the picture that is painted and then enlarged, which puts it out of focus.
const SIDE: u32 = 14;

/// A blurred scene.
pub(super) struct Background {
    /// Display values, `SIDE` × `SIDE`.
    scene: Vec<[f32; 3]>,
}

impl Background {
    pub(super) fn new(stream: &mut Stream) -> Self {
        let base = cloth(stream);
        let Some(mut scene) = Pixmap::new(SIDE, SIDE) else { return Self { scene: Vec::new() } };
        scene.fill(opaque(base, 1.0));
        for _ in 0..4 {
            let colour = base.towards(cloth(stream), stream.between(0.2, 0.9));
            paint_thing(&mut scene, colour, stream);
        }
        let scene = scene
            .pixels()
            .iter()
            .map(|pixel| [pixel.red(), pixel.green(), pixel.blue()].map(|value| f32::from(value) / 255.0))
            .collect();
        Self { scene }
    }

    /// The scene's display values at a place in [0, 1] × [0, 1].
    pub(super) fn at(&self, x: f32, y: f32) -> [f32; 3] {
        if self.scene.is_empty() {
            return [0.5; 3];
        }
        let (column, row) = (x * (SIDE - 1) as f32, y * (SIDE - 1) as f32);
        let (left, top) = ((column as usize).min(SIDE as usize - 2), (row as usize).min(SIDE as usize - 2));
        let (right, down) = (column - left as f32, row - top as f32);
        let index = top * SIDE as usize + left;
        let corner = |offset: usize| self.scene[index + offset];
        let (a, b, c, d) = (corner(0), corner(1), corner(SIDE as usize), corner(SIDE as usize + 1));
        std::array::from_fn(|i| {
            let upper = a[i] + (b[i] - a[i]) * right;
            let lower = c[i] + (d[i] - c[i]) * right;
            upper + (lower - upper) * down
        })
    }
}

fn paint_thing(scene: &mut Pixmap, colour: Rgb, stream: &mut Stream) {
    let side = SIDE as f32;
    let (x, y) = (stream.between(-0.3, 1.0) * side, stream.between(-0.3, 1.0) * side);
    let (width, height) = (stream.between(0.15, 0.9) * side, stream.between(0.15, 0.9) * side);
    let round = stream.chance(0.5);
    let mut paint = Paint::default();
    paint.set_color(opaque(colour, 0.9));
    let Some(rect) = Rect::from_xywh(x, y, width, height) else { return };
    let path = if round { PathBuilder::from_oval(rect) } else { Some(PathBuilder::from_rect(rect)) };
    if let Some(path) = path {
        scene.fill_path(&path, &paint, FillRule::Winding, Transform::identity(), None);
    }
}

fn opaque(colour: Rgb, opacity: f32) -> Color {
    let [red, green, blue] = colour.0;
    Color::from_rgba(red, green, blue, opacity).unwrap_or(Color::BLACK)
}

/// The person's clothes, which nobody wears twice.
pub(super) fn paint_clothes(canvas: &mut Canvas<'_>, stream: &mut Stream) {
    let (colour, neckline) = (cloth(stream), stream.between(54.0, 72.0));
    let outline = [
        edge(-70.0, 70.0, -10.0),
        edge(-26.0, neckline - 8.0, -8.0),
        edge(0.0, neckline + 8.0, 4.0),
        edge(26.0, neckline - 8.0, -8.0),
        edge(70.0, 70.0, -10.0),
        edge(80.0, 130.0, -10.0),
        edge(-80.0, 130.0, -10.0),
    ];
    canvas.polygon(&outline, colour, 1.0);
}
