//! Which image serves for what.

mod drawn;
mod error;
mod file;
mod hold_out;

use std::{ops::Range, path::Path};

use arclab_spec::config::{SplitConfig, SplitPart};

pub use self::error::{SplitError, SplitProblem};
pub(crate) use self::file::{Part, Row, rows, wrong_people};
use crate::{container::LeftOut, images::Images};

/// An image and whom it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Number of the image in [`Images`].
    pub image: usize,
    /// Number of the training class.
    pub label: u32,
}

/// The parts of a data set. No image is in two of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Split {
    /// Names of the training classes; a label is a place here.
    pub(crate) identities: Vec<String>,
    pub(crate) train: Vec<Sample>,
    pub(crate) validation: Vec<Sample>,
    pub(crate) closed_test: Vec<Sample>,
    /// Labels count the identities of the open set, which are no training classes.
    pub(crate) open_test: Vec<Sample>,
    /// Images that the draw left out.
    pub(crate) left_out: Vec<LeftOut>,
}

impl Split {
    pub(crate) fn part(&self, part: SplitPart) -> &[Sample] {
        match part {
            SplitPart::ClosedTest => &self.closed_test,
            SplitPart::OpenTest => &self.open_test,
        }
    }
}

/// A data set that is to be split.
#[derive(Debug, Clone)]
pub(crate) struct Whole<'a> {
    pub(crate) images: &'a Images,
    /// The data set's images.
    pub(crate) range: Range<usize>,
    /// Its folder as it was found; empty for rendered faces.
    pub(crate) root: &'a Path,
    /// Its files that gave no image.
    pub(crate) left_out: &'a [LeftOut],
}

/// Splits a data set as `config` says.
pub(crate) fn split(config: &SplitConfig, whole: &Whole<'_>) -> Result<Split, SplitError> {
    match config {
        SplitConfig::Drawn { open_identities, closed_images, validation_images, seed } => {
            let shares = drawn::Shares {
                open_identities: *open_identities,
                closed_images: *closed_images,
                validation_images: *validation_images,
            };
            drawn::draw(&shares, *seed, whole)
        }
        SplitConfig::File { file, validation_images, seed } => {
            file::read(file, *validation_images, *seed, whole)
        }
    }
}
