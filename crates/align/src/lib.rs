//! Faces in photos, found and brought to the template that face-recognition networks expect.
//!
//! Everything works on red, green and blue bytes in memory; which files they come from is the caller's.

mod aligner;
mod choose;
mod detect;
mod landmarks;
mod landmarks_file;
mod photo;
mod similarity;
mod warp;

pub use aligner::{Aligned, Aligner, Finder, NoCrop};
pub use choose::{Chosen, Policy, Refusal};
pub use detect::{Detector, DetectorError, Face};
pub use landmarks::{Landmarks, Point};
pub use landmarks_file::{LandmarksError, LandmarksFile, NoLandmarks};
pub use photo::Photo;
pub use similarity::Similarity;
pub use warp::{align, is_aligned};
