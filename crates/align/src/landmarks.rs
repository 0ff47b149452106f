//! Five points of a face.

/// A place in an image: pixels from the centre of its first one, to the right and downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

/// The eyes' centres, the tip of the nose and the corners of the mouth, each pair from the picture's left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Landmarks(pub [Point; 5]);

/// Where InsightFace's crops of 112 × 112 have them.
const TEMPLATE_112: [(f64, f64); 5] =
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)];

impl Landmarks {
    /// Where an aligned crop of `size` × `size` pixels has them: InsightFace's template, scaled as a resized crop would be.
    pub fn template(size: usize) -> Self {
        let scale = size as f64 / 112.0;
        // Pixels' centres keep their places when a crop is resized, not their corners.
        let scaled = |place: f64| (place + 0.5) * scale - 0.5;
        Self(TEMPLATE_112.map(|(x, y)| Point { x: scaled(x), y: scaled(y) }))
    }

    /// Distance between the eyes.
    pub fn eye_distance(&self) -> f64 {
        let [left, right, ..] = self.0;
        left.distance(right)
    }

    /// The mean distance to the same points of another face.
    pub fn distance(&self, other: &Self) -> f64 {
        self.0.iter().zip(other.0).map(|(a, b)| a.distance(b)).sum::<f64>() / 5.0
    }
}

impl Point {
    fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_of_112_is_insightfaces_and_others_are_resized_from_it() {
        let [left, ..] = Landmarks::template(112).0;
        assert!((left.x - 38.2946).abs() < 1e-12 && (left.y - 51.6963).abs() < 1e-12);
        let (small, large) = (Landmarks::template(56), Landmarks::template(224));
        assert!((2.0 * small.eye_distance() - Landmarks::template(112).eye_distance()).abs() < 1e-9);
        // The middle of a crop stays its middle.
        assert!((large.0[2].x - (2.0 * 56.0252 + 0.5)).abs() < 1e-9);
    }
}
