//! A set of images, written in another form: as `RecordIO`, as folders, or as a verification set.
//!
//! Encoded bytes are passed on as they are, so that what is read back has the same pixels; or every image is written as PNG,
//! which loses nothing of what was decoded.

mod error;
mod folders;
mod made;
mod place;
mod recordio;
mod verification;

use std::path::{Path, PathBuf};

use image::{ExtendedColorType, ImageEncoder as _, codecs::png::PngEncoder};
use rayon::prelude::*;

use self::place::Place;
pub use self::{
    error::ExportError,
    made::{Lossy, Made, Make, MakeRequest, Making, Pixels},
};
use crate::{
    container::{Candidate, Container, FolderError, LeftOut, locate},
    decode::{DecodeError, decode, look, whole},
    progress::Progress,
};

/// Images held in memory at once, and their bytes together.
const CHUNK: usize = 256;
const MOST_BYTES: u64 = 256 << 20;

/// The form to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportForm {
    /// A folder with `train.rec`, `train.idx`, `train.lst` and `property`, as `InsightFace` reads them.
    RecordIo,
    /// One sub-folder an identity.
    Folders,
    /// A pickle of images and truths.
    Verification,
}

/// How images are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    Keep,
    /// As PNG; all pixels, or the middle square at this side, as runs see it.
    Png {
        /// Side in pixels.
        size: Option<u32>,
    },
}

/// What to write, and where.
#[derive(Debug, Clone, Copy)]
pub struct ExportRequest<'a> {
    /// The set, in any form.
    pub source: &'a Path,
    /// The form to write.
    pub form: ExportForm,
    /// The folder or, of a verification set, the file; must not be there yet.
    pub out: &'a Path,
    /// How images are written.
    pub encoding: Encoding,
    /// Of a verification set: which pairs; those of a verification set where there are none.
    pub pairs: Option<&'a Path>,
    /// Where archives are unpacked.
    pub cache: &'a Path,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Images written; one that is in several pairs counts as often.
    pub images: usize,
    /// Their identities.
    pub identities: usize,
    /// Files that give no image.
    pub left_out: Vec<LeftOut>,
    /// What was replaced, or a part of it, where that could not be removed.
    pub remains: Option<PathBuf>,
}

/// Writes a set in another form. What is written is there whole or not at all.
pub fn export(request: &ExportRequest<'_>, progress: &dyn Progress) -> Result<Exported, ExportError> {
    if request.out.exists() {
        return Err(ExportError::Exists { path: request.out.to_owned() });
    }
    if let (Some(pairs), ExportForm::RecordIo | ExportForm::Folders) = (request.pairs, request.form) {
        return Err(ExportError::PairsOfNoUse { pairs: pairs.to_owned() });
    }
    let located = locate(request.source)?;
    let folder = match request.form {
        ExportForm::Folders | ExportForm::RecordIo => Some(Place::new(request.out, None, &located)?),
        ExportForm::Verification => None,
    };
    let set = Container::open(located, request.cache)?.whole()?;
    let work = Work { set: &set, encoding: request.encoding, progress };
    match (folder, request.form) {
        (Some(place), ExportForm::RecordIo) => recordio::write(&work, &place),
        (Some(place), _) => folders::write(&work, &place),
        (None, _) => verification::write(&work, request.pairs, request.out),
    }
}

/// A set that is being written.
struct Work<'a> {
    set: &'a Container,
    encoding: Encoding,
    progress: &'a dyn Progress,
}

/// An image as it is written.
struct Image {
    bytes: Vec<u8>,
    /// `jpg`, `png` or `pnm`.
    ending: &'static str,
}

impl Work<'_> {
    fn candidates(&self) -> &[Candidate] {
        &self.set.listing.candidates
    }

    /// Gives `take` the candidates at `places` one after the other, encoded by all cores; those that give no image are
    /// left out.
    fn each(
        &self,
        places: &[usize],
        mut take: impl FnMut(usize, Image) -> Result<(), ExportError>,
    ) -> Result<Vec<LeftOut>, ExportError> {
        let title = self.set.located.root.display().to_string();
        let mut left_out = self.set.listing.left_out.clone();
        let (mut done, mut kept) = (0, 0);
        while done < places.len() {
            let chunk = &places[done..][..self.chunk(&places[done..])];
            let images: Result<Vec<_>, FolderError> =
                chunk.par_iter().map(|&place| self.image(place)).collect();
            for (&place, image) in chunk.iter().zip(images?) {
                match image {
                    Ok(image) => {
                        take(place, image)?;
                        kept += 1;
                    }
                    Err(reason) => left_out.push(LeftOut { path: self.path(place), reason }),
                }
            }
            done += chunk.len();
            self.progress.images(&title, done, places.len());
        }
        if kept == 0 { Err(self.set.nothing(&left_out).into()) } else { Ok(left_out) }
    }

    /// How many of `places` are held in memory at once: at least one.
    fn chunk(&self, places: &[usize]) -> usize {
        let mut bytes = 0;
        let fits = |place: &&usize| {
            bytes += self.candidates()[**place].stamp.bytes;
            bytes <= MOST_BYTES
        };
        places.iter().take(CHUNK).take_while(fits).count().max(1)
    }

    fn path(&self, place: usize) -> PathBuf {
        self.set.located.root.join(&self.candidates()[place].name)
    }

    fn image(&self, place: usize) -> Result<Result<Image, String>, FolderError> {
        let encoded = |bytes: Vec<u8>| self.encoded(bytes).map_err(|error| error.to_string());
        Ok(self.set.bytes(place)?.and_then(encoded))
    }

    fn encoded(&self, bytes: Vec<u8>) -> Result<Image, DecodeError> {
        match self.encoding {
            Encoding::Keep => Ok(Image { ending: ending_of(&bytes)?, bytes }),
            Encoding::Png { size: Some(size) } => png(&decode(&bytes, size)?, size, size),
            Encoding::Png { size: None } => {
                let image = whole(&bytes)?;
                png(image.as_raw(), image.width(), image.height())
            }
        }
    }
}

fn ending_of(bytes: &[u8]) -> Result<&'static str, DecodeError> {
    Ok(match look(bytes)?.format {
        "JPEG" => "jpg",
        "PNG" => "png",
        _ => "pnm",
    })
}

fn png(pixels: &[u8], width: u32, height: u32) -> Result<Image, DecodeError> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes).write_image(pixels, width, height, ExtendedColorType::Rgb8)?;
    Ok(Image { bytes, ending: "png" })
}
