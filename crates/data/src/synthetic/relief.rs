//! The face's relief: slopes that the light shades.

use super::pose::{Pose, Spot};

/// Slopes of the surface over the picture, in depth per pixel of width and height.
pub(super) struct Relief<'a> {
    pose: &'a Pose,
    side: usize,
    slopes: Vec<[f32; 2]>,
}

/// A straight elevation between two points that may differ in radius and height.
struct Taper {
    from: [f32; 2],
    along: [f32; 2],
    length_squared: f32,
    radii: [f32; 2],
    heights: [f32; 2],
}

impl<'a> Relief<'a> {
    /// A smooth head.
    pub(super) fn new(pose: &'a Pose, size: u32) -> Self {
        let side = size as usize;
        Self { pose, side, slopes: vec![[0.0; 2]; side * side] }
    }

    /// A round elevation, or with a negative height a hollow.
    pub(super) fn bump(&mut self, centre: Spot, radius: f32, height: f32) {
        self.taper([centre, centre], [radius; 2], [height; 2]);
    }

    /// A straight elevation.
    pub(super) fn ridge(&mut self, from: Spot, to: Spot, radius: f32, height: f32) {
        self.taper([from, to], [radius; 2], [height; 2]);
    }

    /// A straight elevation whose radius and height change on the way.
    pub(super) fn taper(&mut self, ends: [Spot; 2], radii: [f32; 2], heights: [f32; 2]) {
        let scale = self.pose.scale();
        let [from, to] = ends.map(|end| self.pose.place(end)).map(|point| [point.x, point.y]);
        let along = [to[0] - from[0], to[1] - from[1]];
        let taper = Taper {
            from,
            along,
            length_squared: (along[0] * along[0] + along[1] * along[1]).max(1e-6),
            radii: radii.map(|radius| radius * scale),
            heights: heights.map(|height| height * scale),
        };
        let reach = taper.radii[0].max(taper.radii[1]);
        let (columns, rows) = (self.range(from[0], to[0], reach), self.range(from[1], to[1], reach));
        for y in rows {
            for x in columns.clone() {
                let slope = taper.slope(x as f32 + 0.5, y as f32 + 0.5);
                let sum = &mut self.slopes[y * self.side + x];
                *sum = [sum[0] + slope[0], sum[1] + slope[1]];
            }
        }
    }

    fn range(&self, from: f32, to: f32, reach: f32) -> std::ops::Range<usize> {
        let low = (from.min(to) - reach).floor().clamp(0.0, self.side as f32);
        let high = (from.max(to) + reach).ceil().clamp(0.0, self.side as f32);
        low as usize..high as usize
    }

    /// The slope at a pixel.
    pub(super) fn at(&self, index: usize) -> [f32; 2] {
        self.slopes[index]
    }
}

impl Taper {
    /// Slope of h (1 - q)² with q the squared distance over the squared radius; 0 from the radius on.
    fn slope(&self, x: f32, y: f32) -> [f32; 2] {
        let away = [x - self.from[0], y - self.from[1]];
        let t = ((away[0] * self.along[0] + away[1] * self.along[1]) / self.length_squared).clamp(0.0, 1.0);
        let off = [away[0] - t * self.along[0], away[1] - t * self.along[1]];
        let radius = self.radii[0] + t * (self.radii[1] - self.radii[0]);
        let height = self.heights[0] + t * (self.heights[1] - self.heights[0]);
        let inverse = 1.0 / (radius * radius);
        let left = (1.0 - (off[0] * off[0] + off[1] * off[1]) * inverse).max(0.0);
        off.map(|value| -4.0 * height * left * value * inverse)
    }
}
