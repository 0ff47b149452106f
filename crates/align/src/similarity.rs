//! The similarity transform that brings points closest to others, in the sense of least squares (Umeyama, Least-squares
//! estimation of transformation parameters between two point patterns, IEEE Transactions on Pattern Analysis and Machine
//! Intelligence 13, 1991).
//!
//! In the plane, with points as complex numbers, w ≈ a·z + b has the solution a = Σ conj(z - z̄)(w - w̄) / Σ |z - z̄|² and
//! b = w̄ - a·z̄: |a| is the scale, its angle the turn, and nothing is mirrored, which is what Umeyama's singular values come to.

use crate::{Landmarks, Point};

/// Scale, turn and shift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similarity {
    /// Scale times the cosine of the turn.
    cosine: f64,
    /// Scale times its sine.
    sine: f64,
    shift: Point,
}

impl Similarity {
    /// What brings `from` closest to `to`; none where `from` is one point.
    pub fn between(from: &Landmarks, to: &Landmarks) -> Option<Self> {
        let (z, w) = (mean(from), mean(to));
        let (mut cosine, mut sine, mut spread) = (0.0, 0.0, 0.0);
        for (from, to) in from.0.iter().zip(to.0) {
            let (zx, zy, wx, wy) = (from.x - z.x, from.y - z.y, to.x - w.x, to.y - w.y);
            cosine += zx * wx + zy * wy;
            sine += zx * wy - zy * wx;
            spread += zx * zx + zy * zy;
        }
        let (cosine, sine) = (cosine / spread, sine / spread);
        let shift = Point { x: w.x - cosine * z.x + sine * z.y, y: w.y - sine * z.x - cosine * z.y };
        (spread > 0.0 && cosine.hypot(sine) > 0.0).then_some(Self { cosine, sine, shift })
    }

    /// What makes an image `scale` times as large, its upper left corner staying.
    pub(crate) fn scaling(scale: f64) -> Self {
        let shift = 0.5 * scale - 0.5;
        Self { cosine: scale, sine: 0.0, shift: Point { x: shift, y: shift } }
    }

    /// Where a point comes to lie.
    pub fn apply(&self, Point { x, y }: Point) -> Point {
        Point {
            x: self.cosine * x - self.sine * y + self.shift.x,
            y: self.sine * x + self.cosine * y + self.shift.y,
        }
    }

    /// How much larger things become.
    pub fn scale(&self) -> f64 {
        self.cosine.hypot(self.sine)
    }

    /// What brings everything back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let square = self.scale().powi(2);
        let (cosine, sine) = (self.cosine / square, -self.sine / square);
        let Point { x, y } = self.shift;
        Self { cosine, sine, shift: Point { x: -cosine * x + sine * y, y: -sine * x - cosine * y } }
    }
}

fn mean(landmarks: &Landmarks) -> Point {
    let sum = |of: fn(&Point) -> f64| landmarks.0.iter().map(of).sum::<f64>() / 5.0;
    Point { x: sum(|point| point.x), y: sum(|point| point.y) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(angle: f64, scale: f64, shift: (f64, f64)) -> Landmarks {
        let (sine, cosine) = (scale * angle.sin(), scale * angle.cos());
        Landmarks(Landmarks::template(112).0.map(|Point { x, y }| Point {
            x: cosine * x - sine * y + shift.0,
            y: sine * x + cosine * y + shift.1,
        }))
    }

    #[test]
    fn a_face_that_was_turned_scaled_and_shifted_is_brought_back() {
        let face = turned(0.3, 2.5, (40.0, -7.0));
        let found = Similarity::between(&face, &Landmarks::template(112)).unwrap();
        assert!((found.scale() - 1.0 / 2.5).abs() < 1e-12);
        let back = Landmarks(face.0.map(|point| found.apply(point)));
        assert!(back.distance(&Landmarks::template(112)) < 1e-9);
        let there = Landmarks(back.0.map(|point| found.inverse().apply(point)));
        assert!(there.distance(&face) < 1e-9);
    }

    #[test]
    fn no_other_similarity_comes_closer() {
        let mut face = turned(-0.2, 1.7, (3.0, 9.0));
        face.0[2].x += 6.0;
        face.0[4].y -= 4.0;
        let template = Landmarks::template(112);
        let squares = |of: &Similarity| {
            face.0.iter().zip(template.0).map(|(&from, to)| of.apply(from).distance_squared(to)).sum::<f64>()
        };
        let found = Similarity::between(&face, &template).unwrap();
        let least = squares(&found);
        for (cosine, sine, x, y) in
            [(1e-3, 0.0, 0.0, 0.0), (0.0, -1e-3, 0.0, 0.0), (0.0, 0.0, 0.1, 0.0), (0.0, 0.0, 0.0, -0.1)]
        {
            let other = Similarity {
                cosine: found.cosine + cosine,
                sine: found.sine + sine,
                shift: Point { x: found.shift.x + x, y: found.shift.y + y },
            };
            assert!(squares(&other) > least);
        }
    }

    #[test]
    fn five_times_one_point_is_no_face() {
        let face = Landmarks([Point { x: 3.0, y: 4.0 }; 5]);
        assert_eq!(Similarity::between(&face, &Landmarks::template(112)), None);
    }

    impl Point {
        fn distance_squared(self, other: Self) -> f64 {
            (self.x - other.x).powi(2) + (self.y - other.y).powi(2)
        }
    }
}
