//! Of boxes that overlap, the surest: several places of the grids find the same face.

use super::Face;

/// Two boxes that share more of what they cover together are one face.
const SAME_FACE: f64 = 0.3;

/// The surest face of each heap, the surest of all first.
pub(super) fn keep_the_surest(mut faces: Vec<Face>) -> Vec<Face> {
    faces.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Face> = Vec::new();
    for face in faces {
        if kept.iter().all(|other| overlap(&face, other) <= SAME_FACE) {
            kept.push(face);
        }
    }
    kept
}

/// Area that both cover over that which either does.
fn overlap(a: &Face, b: &Face) -> f64 {
    let shared = |of: fn(&Face) -> [f64; 2]| {
        let ([a_low, a_high], [b_low, b_high]) = (of(a), of(b));
        (a_high.min(b_high) - a_low.max(b_low)).max(0.0)
    };
    let both = shared(|face| face.corners.map(|corner| corner.x))
        * shared(|face| face.corners.map(|corner| corner.y));
    let area = |face: &Face| face.width() * face.height();
    both / (area(a) + area(b) - both)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Landmarks, Point};

    fn face(x: f64, score: f32) -> Face {
        Face {
            corners: [Point { x, y: 0.0 }, Point { x: x + 10.0, y: 10.0 }],
            score,
            landmarks: Landmarks::template(112),
        }
    }

    #[test]
    fn boxes_that_overlap_much_are_one_face_and_others_are_two() {
        // 8 of 12 columns are shared, then 4 of 16.
        assert!((overlap(&face(0.0, 0.7), &face(2.0, 0.8)) - 8.0 / 12.0).abs() < 1e-12);
        let kept = keep_the_surest(vec![face(0.0, 0.7), face(2.0, 0.8), face(8.0, 0.9), face(50.0, 0.65)]);
        let found: Vec<f64> = kept.iter().map(|face| face.corners[0].x).collect();
        assert_eq!(found, [8.0, 2.0, 50.0]);
    }
}
