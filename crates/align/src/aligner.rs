//! One photo to its crop: which face is meant, and whether there is anything to do.

use crate::{
    Detector, DetectorError, Landmarks, LandmarksFile, NoLandmarks, Photo, Point, Policy, Refusal, align,
    is_aligned,
};

/// Where landmarks come from.
pub enum Finder {
    /// Faces are detected.
    Detector {
        /// The network.
        detector: Box<Detector>,
        /// Which of several faces is taken.
        policy: Policy,
        /// Smaller faces do not count, in pixels.
        least_width: f64,
    },
    /// They are known.
    File(LandmarksFile),
}

/// Brings photos to the template.
pub struct Aligner {
    /// Where landmarks come from.
    pub finder: Finder,
    /// Side of a crop in pixels.
    pub size: usize,
}

/// What becomes of a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aligned {
    /// It is a crop of the size already.
    Already,
    /// Its face, brought to the template.
    Crop {
        /// The pixels.
        crop: Photo,
        /// Faces of which it was chosen.
        of: usize,
    },
}

/// Why a photo gives no crop.
#[derive(Debug, thiserror::Error)]
pub enum NoCrop {
    /// No face is meant.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The network failed.
    #[error(transparent)]
    Detector(#[from] DetectorError),
    /// The file of landmarks does not have the photo.
    #[error(transparent)]
    NoLandmarks(#[from] NoLandmarks),
    /// As of most crops that are no faces to the detector, which sees little but the face in them.
    #[error("no face was found; it has the size asked for, and is perhaps aligned already")]
    PerhapsAlready,
    /// No similarity brings its points to the template.
    #[error("its five landmarks are one point")]
    OnePoint,
    /// Left and right are not the picture's.
    #[error(
        "its landmarks are mirrored: of the eyes and of the corners of the mouth that on the picture's left comes first"
    )]
    Mirrored,
    /// They are of another photo, or of another size of it.
    #[error("its landmarks lie outside of its {width} × {height} pixels")]
    Outside {
        /// In pixels.
        width: usize,
        /// In pixels.
        height: usize,
    },
}

impl Aligner {
    /// What becomes of `photo`, whose name is `PERSON/FILE`.
    pub fn align(&self, name: &str, photo: &Photo) -> Result<Aligned, NoCrop> {
        let (landmarks, of) = match &self.finder {
            Finder::File(file) => {
                let landmarks = file.of(name)?;
                check(landmarks, photo)?;
                (*landmarks, 1)
            }
            Finder::Detector { detector, policy, least_width } => {
                let chosen = policy.choose(&detector.find(photo)?, photo, *least_width);
                let chosen = chosen.map_err(|refusal| self.refused(refusal, photo))?;
                (chosen.face.landmarks, chosen.of)
            }
        };
        if photo.width == self.size && is_aligned(photo, &landmarks) {
            return Ok(Aligned::Already);
        }
        let crop = align(photo, &landmarks, self.size).ok_or(NoCrop::OnePoint)?;
        Ok(Aligned::Crop { crop, of })
    }

    fn refused(&self, refusal: Refusal, photo: &Photo) -> NoCrop {
        let is_sized = [photo.width, photo.height] == [self.size; 2];
        if is_sized && refusal == Refusal::None { NoCrop::PerhapsAlready } else { refusal.into() }
    }
}

/// What a person wrote may be of another photo, or in another order.
fn check(landmarks: &Landmarks, photo: &Photo) -> Result<(), NoCrop> {
    let [left, right, nose, mouth_left, mouth_right] = landmarks.0;
    let (width, height) = (photo.width, photo.height);
    let within = (0.0..width as f64).contains(&nose.x) && (0.0..height as f64).contains(&nose.y);
    if !within {
        return Err(NoCrop::Outside { width, height });
    }
    let eyes = Point { x: f64::midpoint(left.x, right.x), y: f64::midpoint(left.y, right.y) };
    let mouth = Point {
        x: f64::midpoint(mouth_left.x, mouth_right.x),
        y: f64::midpoint(mouth_left.y, mouth_right.y),
    };
    // A quarter turn to the right leads from the picture's right downwards.
    let turn = |a: Point, b: Point| (b.x - a.x) * (mouth.y - eyes.y) - (b.y - a.y) * (mouth.x - eyes.x);
    let is_mirrored = turn(left, right) < 0.0 && turn(mouth_left, mouth_right) < 0.0;
    if is_mirrored { Err(NoCrop::Mirrored) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn aligner(points: [(f64, f64); 5]) -> Aligner {
        let numbers: Vec<String> = points.iter().flat_map(|(x, y)| [x.to_string(), y.to_string()]).collect();
        let text = format!("ann/1.jpg\t{}\n", numbers.join("\t"));
        let file = LandmarksFile::parse(Path::new("points.tsv"), &text).unwrap();
        Aligner { finder: Finder::File(file.of_set(["ann/1.jpg"])), size: 32 }
    }

    /// The template of 32 pixels, each point changed.
    fn aligned(points: impl Fn((f64, f64)) -> (f64, f64)) -> Result<Aligned, String> {
        let photo =
            Photo { width: 32, height: 32, rgb: (0..3072).map(|place| (place % 251) as u8).collect() };
        let points = Landmarks::template(32).0.map(|Point { x, y }| points((x, y)));
        aligner(points).align("ann/1.jpg", &photo).map_err(|why| why.to_string())
    }

    #[test]
    fn a_crop_stays_as_it_is_and_a_face_elsewhere_is_brought_to_the_template() {
        assert_eq!(aligned(|point| point), Ok(Aligned::Already));
        let Ok(Aligned::Crop { crop, of: 1 }) = aligned(|(x, y)| (x / 2.0, y / 2.0)) else { panic!() };
        assert_eq!((crop.width, crop.height), (32, 32));
        // A crop of another size is brought to the one asked for.
        let large =
            Aligner { size: 64, ..aligner(Landmarks::template(32).0.map(|point| (point.x, point.y))) };
        let photo = Photo { width: 32, height: 32, rgb: vec![9; 3072] };
        assert!(matches!(large.align("ann/1.jpg", &photo), Ok(Aligned::Crop { .. })));
    }

    #[test]
    fn landmarks_that_cannot_be_meant_give_no_crop_and_say_why() {
        let said = |points: fn((f64, f64)) -> (f64, f64)| aligned(points).unwrap_err();
        assert!(said(|(x, y)| (31.0 - x, y)).contains("mirrored"), "left and right as the person has them");
        assert!(said(|_| (5.0, 5.0)).contains("are one point"));
        for points in [|(x, y)| (10.0 * x, 10.0 * y), |(x, y): (f64, f64)| (-10.0 * x, 10.0 * y)] {
            assert!(said(points).contains("outside of its 32 × 32 pixels"), "mirrored or not");
        }
        // A head that lies on its side, or stands on it, is none of these.
        assert!(aligned(|(x, y)| (31.0 - y, x)).is_ok() && aligned(|(x, y)| (31.0 - x, 31.0 - y)).is_ok());
        let other =
            aligner([(1.0, 1.0); 5]).align("ann/2.jpg", &Photo { width: 1, height: 1, rgb: vec![0; 3] });
        assert_eq!(other.unwrap_err().to_string(), "the landmarks have none of it");
    }

    #[test]
    fn a_crop_in_which_no_face_is_found_is_perhaps_aligned_already() {
        let said = |width: usize, height: usize, refusal: Refusal| {
            let photo = Photo { width, height, rgb: vec![0; 3 * width * height] };
            aligner([(1.0, 1.0); 5]).refused(refusal, &photo).to_string()
        };
        assert!(said(32, 32, Refusal::None).ends_with("is perhaps aligned already"));
        for other in [said(32, 40, Refusal::None), said(32, 32, Refusal::Several(2))] {
            assert!(!other.contains("already"), "{other}");
        }
    }
}
