//! From a grid's numbers to faces.
//!
//! With stride s, at column c and row r: score = √(class · object); the box's centre is ((Δx + c)·s, (Δy + r)·s) and its size
//! (exp(w)·s, exp(h)·s); point k lies at ((xₖ + c)·s, (yₖ + r)·s).

use super::Face;
use crate::{Landmarks, Point};

/// Pixels of the input from one place to the next, of each grid.
pub(super) const STRIDES: [usize; 3] = [8, 16, 32];

/// What the network says of each place of one grid, row by row.
pub(super) struct Grid<'a> {
    pub(super) stride: usize,
    /// Places in a row.
    pub(super) side: usize,
    pub(super) class: &'a [f32],
    pub(super) object: &'a [f32],
    /// Four numbers a place.
    pub(super) boxes: &'a [f32],
    /// Ten numbers a place.
    pub(super) points: &'a [f32],
}

impl Grid<'_> {
    /// Adds the faces that are at least so sure.
    pub(super) fn faces(&self, least_score: f32, faces: &mut Vec<Face>) {
        let (boxes, _) = self.boxes.as_chunks::<4>();
        let (points, _) = self.points.as_chunks::<10>();
        let rates = self.class.iter().zip(self.object);
        for (place, ((class, object), (size, points))) in rates.zip(boxes.iter().zip(points)).enumerate() {
            let score = (class.clamp(0.0, 1.0) * object.clamp(0.0, 1.0)).sqrt();
            if score >= least_score {
                faces.push(self.face(place, score, *size, *points));
            }
        }
    }

    fn face(&self, place: usize, score: f32, [dx, dy, w, h]: [f32; 4], points: [f32; 10]) -> Face {
        let (column, row) = ((place % self.side) as f64, (place / self.side) as f64);
        let stride = self.stride as f64;
        let at =
            |x: f32, y: f32| Point { x: (f64::from(x) + column) * stride, y: (f64::from(y) + row) * stride };
        let (centre, half) = (at(dx, dy), [w, h].map(|side| f64::from(side).exp() * stride / 2.0));
        Face {
            corners: [
                Point { x: centre.x - half[0], y: centre.y - half[1] },
                Point { x: centre.x + half[0], y: centre.y + half[1] },
            ],
            score,
            landmarks: Landmarks(std::array::from_fn(|k| at(points[2 * k], points[2 * k + 1]))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sure_place_gives_its_box_and_points_and_an_unsure_one_nothing() {
        let mut points = [0.0; 40];
        points[30] = 0.5;
        points[39] = -1.0;
        let mut boxes = [0.0; 16];
        boxes[12..].copy_from_slice(&[0.5, 0.0, 2_f32.ln(), 4_f32.ln()]);
        let grid = Grid {
            stride: 8,
            side: 2,
            class: &[0.1, 0.1, 0.1, 0.9],
            object: &[0.1, 1.0, 0.1, 0.9],
            boxes: &boxes,
            points: &points,
        };
        let mut faces = Vec::new();
        grid.faces(0.6, &mut faces);
        let [face] = faces.as_slice() else { panic!("{faces:?}") };
        // The last place: column 1, row 1.
        assert!((face.score - 0.9).abs() < 1e-6);
        let close = |point: Point, x: f64, y: f64| (point.x - x).abs() < 1e-5 && (point.y - y).abs() < 1e-5;
        assert!(close(face.centre(), 12.0, 8.0), "{face:?}");
        assert!((face.width() - 16.0).abs() < 1e-5 && (face.height() - 32.0).abs() < 1e-5);
        assert!(close(face.landmarks.0[0], 12.0, 8.0) && close(face.landmarks.0[4], 8.0, 0.0));
    }
}
