//! Where a point of the head lands in the picture.
//!
//! The head is an ellipsoid that turns and bows; then it is aligned as real photos are, by the similarity that
//! takes five points of the face to a template, and the small errors that alignment leaves are added.

use tiny_skia::Point;

use super::attributes::Attributes;
use super::head::Head;

/// Left eye, right eye, nose, left and right corner of the mouth in a crop of 112 × 112 (InsightFace's template).
const TEMPLATE: [[f32; 2]; 5] =
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]];
/// The crop is a little wider than the template's, so that hair and chin are seen.
const WIDER: f32 = 0.9;
/// The point of the crop about which it is wider.
const CENTRE: [f32; 2] = [56.0, 59.0];

/// A point of the head; x to the picture's right, y down, z towards the camera. One unit is one pixel of an aligned
/// crop of 112 × 112; the origin is the head's centre, between the ears.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spot {
    /// On the face, `lift` before its surface.
    Skin { x: f32, y: f32, lift: f32 },
    /// On the outline of what is seen: it moves with its depth but keeps its width as the head turns.
    Edge { x: f32, y: f32, depth: f32 },
}

/// A point on the face.
pub(super) fn skin(x: f32, y: f32) -> Spot {
    Spot::Skin { x, y, lift: 0.0 }
}

/// A point on an outline.
pub(super) fn edge(x: f32, y: f32, depth: f32) -> Spot {
    Spot::Edge { x, y, depth }
}

/// The five points by which a photo is aligned, in the template's order.
pub(super) type FivePoints = [Spot; 5];

/// The head's rotation and the crop's similarity.
#[derive(Debug, Clone)]
pub(super) struct Pose {
    yaw: [f32; 2],
    pitch: [f32; 2],
    half_width: f32,
    half_height: f32,
    depth: f32,
    /// The similarity, as the complex number that turns and scales, and the shift.
    turn: [f32; 2],
    shift: [f32; 2],
}

impl Pose {
    /// The pose of a head under the conditions drawn, in a crop of `size` pixels.
    pub(super) fn new(head: &Head, points: &FivePoints, drawn: &Attributes, size: u32) -> Self {
        let turned = |degrees: f32| [degrees.to_radians().cos(), degrees.to_radians().sin()];
        let mut pose = Self {
            yaw: turned(drawn.yaw_deg),
            pitch: turned(drawn.pitch_deg),
            half_width: head.half_width,
            half_height: head.half_height,
            depth: head.depth,
            turn: [1.0, 0.0],
            shift: [0.0, 0.0],
        };
        let seen = points.map(|point| pose.rotate(point));
        pose.align(&seen);
        pose.misalign(drawn);
        let pixel = size as f32 / 112.0;
        pose.turn = pose.turn.map(|value| value * pixel);
        pose.shift = pose.shift.map(|value| value * pixel);
        pose
    }

    /// Pixels per unit of the head.
    pub(super) fn scale(&self) -> f32 {
        (self.turn[0] * self.turn[0] + self.turn[1] * self.turn[1]).sqrt()
    }

    /// The similarity of least squares from `seen` to the template (Umeyama, in complex numbers).
    fn align(&mut self, seen: &[[f32; 2]; 5]) {
        let wanted = TEMPLATE.map(|point| [0, 1].map(|i| CENTRE[i] + WIDER * (point[i] - CENTRE[i])));
        let (from, to) = (mean(seen), mean(&wanted));
        let (mut real, mut imaginary, mut norm) = (0.0, 0.0, 0.0);
        for (p, q) in seen.iter().zip(&wanted) {
            let (p, q) = ([p[0] - from[0], p[1] - from[1]], [q[0] - to[0], q[1] - to[1]]);
            real += p[0] * q[0] + p[1] * q[1];
            imaginary += p[0] * q[1] - p[1] * q[0];
            norm += p[0] * p[0] + p[1] * p[1];
        }
        self.turn = [real / norm, imaginary / norm];
        let moved = self.turned(from);
        self.shift = [to[0] - moved[0], to[1] - moved[1]];
    }

    /// Adds what alignment left: a turn and a scale about the middle of the face, and a shift.
    fn misalign(&mut self, drawn: &Attributes) {
        let radians = drawn.roll_deg.to_radians();
        let [real, imaginary] = [drawn.scale * radians.cos(), drawn.scale * radians.sin()];
        let times = |[a, b]: [f32; 2]| [a * real - b * imaginary, a * imaginary + b * real];
        let away = times([self.shift[0] - CENTRE[0], self.shift[1] - CENTRE[1]]);
        self.turn = times(self.turn);
        self.shift = [CENTRE[0] + away[0] + drawn.shift_x_px, CENTRE[1] + away[1] + drawn.shift_y_px];
    }

    /// Where on the head a pixel looks: 0 in the middle, 1 at the ellipsoid's edge.
    pub(super) fn sphere(&self, x: f32, y: f32) -> [f32; 2] {
        let (x, y) = (x - self.shift[0], y - self.shift[1]);
        let norm = self.turn[0] * self.turn[0] + self.turn[1] * self.turn[1];
        let across = (self.turn[0] * x + self.turn[1] * y) / norm;
        let down = (self.turn[0] * y - self.turn[1] * x) / norm;
        [across / self.half_width, down / self.half_height]
    }

    fn turned(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [self.turn[0] * x - self.turn[1] * y, self.turn[1] * x + self.turn[0] * y]
    }

    /// Depth of the ellipsoid's surface; a little positive beyond its edge.
    fn surface(&self, x: f32, y: f32) -> f32 {
        let (u, v) = (x / self.half_width, y / self.half_height);
        self.depth * (1.0 - u * u - v * v).max(0.03).sqrt()
    }

    fn rotate(&self, spot: Spot) -> [f32; 2] {
        let ([cos_yaw, sin_yaw], [cos_pitch, sin_pitch]) = (self.yaw, self.pitch);
        match spot {
            Spot::Skin { x, y, lift } => {
                let z = self.surface(x, y) + lift;
                let nearer = z * cos_yaw - x * sin_yaw;
                [x * cos_yaw + z * sin_yaw, y * cos_pitch + nearer * sin_pitch]
            }
            Spot::Edge { x, y, depth } => [x + depth * sin_yaw, y + depth * sin_pitch],
        }
    }

    /// Where the spot lands, in pixels.
    pub(super) fn place(&self, spot: Spot) -> Point {
        let [x, y] = self.turned(self.rotate(spot));
        Point::from_xy(x + self.shift[0], y + self.shift[1])
    }
}

fn mean(points: &[[f32; 2]; 5]) -> [f32; 2] {
    [0, 1].map(|i| points.iter().map(|point| point[i]).sum::<f32>() / 5.0)
}
