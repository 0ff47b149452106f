//! Which face of a photo is meant, and which photos have none that is.

use crate::{Face, Photo, Point};

/// Which of several faces is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// The largest, less the farther it lies from the middle: photos of a person have others behind them.
    #[default]
    Largest,
    /// The one nearest the middle.
    Central,
    /// None: such a photo is dropped.
    Only,
}

/// A face, and how many there were.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chosen {
    /// The face.
    pub face: Face,
    /// All that were large enough.
    pub of: usize,
}

/// Why a photo gives no face.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The detector found nothing.
    #[error("no face was found")]
    None,
    /// What it found is too small.
    #[error("the largest face is {width:.0} pixels wide, less than {least:.0}")]
    Small {
        /// Of the largest face.
        width: f64,
        /// Asked for.
        least: f64,
    },
    /// There are several, and none is to be chosen.
    #[error("it has {0} faces")]
    Several(usize),
}

impl Policy {
    /// The face of `photo` that is meant, of those at least `least_width` pixels wide.
    pub fn choose(self, faces: &[Face], photo: &Photo, least_width: f64) -> Result<Chosen, Refusal> {
        let largest = faces.iter().map(Face::width).fold(0.0, f64::max);
        let large: Vec<Face> = faces.iter().filter(|face| face.width() >= least_width).copied().collect();
        match (self, large.as_slice()) {
            (_, []) if faces.is_empty() => Err(Refusal::None),
            (_, []) => Err(Refusal::Small { width: largest, least: least_width }),
            (Self::Only, [_, _, ..]) => Err(Refusal::Several(large.len())),
            (_, [first, others @ ..]) => {
                let better = |best: Face, next: &Face| {
                    if self.rank(next, photo) > self.rank(&best, photo) { *next } else { best }
                };
                Ok(Chosen { face: others.iter().fold(*first, better), of: large.len() })
            }
        }
    }

    /// Higher for the face that is rather meant. The largest by area, less twice the squared distance from the middle, is
    /// what InsightFace's scripts take of a photo.
    fn rank(self, face: &Face, photo: &Photo) -> f64 {
        let middle = Point { x: photo.width as f64 / 2.0, y: photo.height as f64 / 2.0 };
        let centre = face.centre();
        let squared = (centre.x - middle.x).powi(2) + (centre.y - middle.y).powi(2);
        match self {
            Self::Largest | Self::Only => face.width() * face.height() - 2.0 * squared,
            Self::Central => -squared,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Landmarks;

    fn face(x: f64, y: f64, width: f64) -> Face {
        Face {
            corners: [Point { x, y }, Point { x: x + width, y: y + width }],
            score: 0.9,
            landmarks: Landmarks::template(112),
        }
    }

    fn photo() -> Photo {
        Photo { width: 200, height: 200, rgb: vec![0; 120_000] }
    }

    #[test]
    fn of_two_faces_the_larger_or_the_more_central_one_is_taken_or_neither() {
        let (large, central) = (face(0.0, 60.0, 80.0), face(80.0, 80.0, 40.0));
        let of = |policy: Policy| policy.choose(&[central, large], &photo(), 20.0);
        assert_eq!(of(Policy::Largest).map(|chosen| chosen.face), Ok(central));
        assert_eq!(of(Policy::Central).map(|chosen| chosen.of), Ok(2));
        assert_eq!(of(Policy::Only), Err(Refusal::Several(2)));
        let larger = face(20.0, 40.0, 120.0);
        assert_eq!(Policy::Largest.choose(&[central, larger], &photo(), 20.0).map(|c| c.face), Ok(larger));
        assert_eq!(Policy::Central.choose(&[larger, central], &photo(), 20.0).map(|c| c.face), Ok(central));
    }

    #[test]
    fn small_faces_do_not_count_and_a_photo_of_none_but_small_ones_says_so() {
        let (small, large) = (face(10.0, 10.0, 15.0), face(50.0, 50.0, 90.0));
        assert_eq!(Policy::Only.choose(&[small, large], &photo(), 20.0).map(|c| c.face), Ok(large));
        assert_eq!(
            Policy::Only.choose(&[small], &photo(), 20.0),
            Err(Refusal::Small { width: 15.0, least: 20.0 })
        );
        assert_eq!(Policy::Only.choose(&[], &photo(), 20.0), Err(Refusal::None));
    }
}
