//! A folder with one sub-folder an identity, of what a caller makes of each image of a set.
//!
//! Images are independent of each other and are written by whichever thread has them, under names that were given out before:
//! so the folder is the same to the byte however many threads there are, and each of them holds one image in memory.

use std::{
    collections::BTreeSet,
    fs,
    panic::resume_unwind,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use image::{ExtendedColorType, ImageEncoder as _, codecs::jpeg::JpegEncoder};

use super::{
    ExportError, Exported, Image, ending_of,
    folders::{self, visible},
    place::Place,
    png,
};
use crate::{
    container::{Container, LeftOut, locate},
    decode::{DecodeError, whole},
    inspect::by_kind,
    progress::Progress,
};

/// What was left out and why, beside the sub-folders; also the sign that a folder was made here.
const DROPPED: &str = "dropped.csv";
/// At which faces lose nothing that a network sees.
const JPEG_QUALITY: u8 = 95;

/// An image in memory: red, green and blue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// H × W × 3 bytes, row by row.
    pub rgb: Vec<u8>,
}

/// What is made of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// Nothing: its file is passed on to the byte.
    AsItIs,
    /// Another one.
    Another(Pixels),
}

/// How images that were made are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lossy {
    /// As PNG, to the bit.
    No,
    /// As JPEG of a high quality, about a third of the size.
    Jpeg,
}

/// What to make a folder of, and where.
#[derive(Debug, Clone, Copy)]
pub struct MakeRequest<'a> {
    /// The set, in any form.
    pub source: &'a Path,
    /// The folder to make.
    pub out: &'a Path,
    /// Whether it may take the place of one that was made here earlier.
    pub replace: bool,
    /// How images are written.
    pub lossy: Lossy,
    /// Where archives are unpacked.
    pub cache: &'a Path,
}

/// What becomes of the upright image under a name `IDENTITY/FILE`; or why nothing does.
pub type Make<'a> = dyn Fn(&str, Pixels) -> Result<Made, String> + Sync + 'a;

/// A folder that can be made.
pub struct Making {
    set: Container,
    place: Place,
    lossy: Lossy,
    /// Of what is written, without endings, by candidate.
    names: Vec<String>,
}

impl Making {
    /// Looks into the set, and refuses what can be known to fail.
    pub fn new(request: &MakeRequest<'_>) -> Result<Self, ExportError> {
        let located = locate(request.source)?;
        let place = Place::new(request.out, request.replace.then_some(DROPPED), &located)?;
        let set = Container::open(located, request.cache)?.whole()?;
        let names = names(&set);
        if names.iter().any(|name| name.split('/').next() == Some(DROPPED)) {
            return Err(ExportError::PersonIsList(DROPPED));
        }
        Ok(Self { set, place, lossy: request.lossy, names })
    }

    /// The names `IDENTITY/FILE` of all images.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.set.listing.candidates.iter().map(|candidate| candidate.name.as_str())
    }

    /// Makes the folder with what `make` makes of each image. It is there whole or not at all.
    pub fn make(&self, make: &Make<'_>, progress: &dyn Progress) -> Result<Exported, ExportError> {
        let Self { set, place, lossy, names } = self;
        place.fill(|folder| Work { set, folder, names, lossy: *lossy, make, progress }.all())
    }
}

/// A folder that is being made.
struct Work<'a> {
    set: &'a Container,
    folder: &'a Path,
    /// Of what is written, without endings, by candidate.
    names: &'a [String],
    lossy: Lossy,
    make: &'a Make<'a>,
    progress: &'a dyn Progress,
}

impl Work<'_> {
    fn all(&self) -> Result<Exported, ExportError> {
        let total = self.names.len();
        let (next, done, failed) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
        let dropped: Mutex<Vec<(usize, String)>> = Mutex::new(Vec::new());
        let title = self.set.located.root.display().to_string();
        let work = || -> Result<(), ExportError> {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= total || failed.load(Ordering::Relaxed) {
                    return Ok(());
                }
                let one = self.one(place).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
                if let Err(reason) = one {
                    dropped.lock().unwrap_or_else(PoisonError::into_inner).push((place, reason));
                }
                self.progress.images(&title, 1 + done.fetch_add(1, Ordering::Relaxed), total);
            }
        };
        // Threads of their own: what `make` computes may share rayon's, where one that waits would begin further images.
        thread::scope(|scope| {
            let threads: Vec<_> = (0..rayon::current_num_threads()).map(|_| scope.spawn(work)).collect();
            let ends =
                threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
            ends.collect::<Vec<_>>().into_iter().collect::<Result<(), ExportError>>()
        })?;
        self.finished(dropped.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes what is made of the candidate at `place`, or says why nothing is.
    fn one(&self, place: usize) -> Result<Result<(), String>, ExportError> {
        let name = &self.set.listing.candidates[place].name;
        let image = match self.set.bytes(place)?.and_then(|bytes| self.made(name, bytes)) {
            Ok(image) => image,
            Err(reason) => return Ok(Err(reason)),
        };
        let path = self.folder.join(format!("{}.{}", self.names[place], image.ending));
        let folder = path.parent().unwrap_or(self.folder);
        fs::create_dir_all(folder).map_err(ExportError::write(folder))?;
        fs::write(&path, &image.bytes).map_err(ExportError::write(&path))?;
        Ok(Ok(()))
    }

    fn made(&self, name: &str, bytes: Vec<u8>) -> Result<Image, String> {
        let said = |error: DecodeError| error.to_string();
        let upright = whole(&bytes).map_err(said)?;
        let (width, height) = upright.dimensions();
        if width.min(height) == 0 {
            return Err(said(DecodeError::NoPixels));
        }
        match (self.make)(name, Pixels { width, height, rgb: upright.into_raw() })? {
            Made::AsItIs => Ok(Image { ending: ending_of(&bytes).map_err(said)?, bytes }),
            Made::Another(Pixels { width, height, rgb }) => match self.lossy {
                Lossy::No => png(&rgb, width, height).map_err(said),
                Lossy::Jpeg => jpeg(&rgb, width, height).map_err(said),
            },
        }
    }

    /// Counts what there is, and writes what there is not.
    fn finished(&self, mut dropped: Vec<(usize, String)>) -> Result<Exported, ExportError> {
        dropped.sort();
        let (set, total) = (self.set, self.names.len());
        let file = |(place, reason): &(usize, String)| LeftOut {
            path: set.located.root.join(&set.listing.candidates[*place].name),
            reason: reason.clone(),
        };
        let left_out: Vec<LeftOut> =
            set.listing.left_out.iter().cloned().chain(dropped.iter().map(file)).collect();
        if dropped.len() == total {
            return Err(ExportError::NothingMade { total, reasons: by_kind(&left_out) });
        }
        let sheet = self.folder.join(DROPPED);
        fs::write(&sheet, listed(&left_out, &set.located.root)).map_err(ExportError::write(&sheet))?;
        let without: BTreeSet<usize> = dropped.into_iter().map(|(place, _)| place).collect();
        let kept = (0..total).filter(|place| !without.contains(place));
        let identities: BTreeSet<&str> = kept.map(|place| set.listing.candidates[place].identity()).collect();
        Ok(Exported { images: total - without.len(), identities: identities.len(), left_out, remains: None })
    }
}

/// Names `IDENTITY/FILE` without endings, none of them twice: two files may differ in their endings alone.
fn names(set: &Container) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let name = |name: &str| {
        let (identity, file) = name.split_once('/').unwrap_or_default();
        let mut found = format!("{}/{}", visible(identity), visible(folders::stem(file)));
        if taken.contains(&found) {
            found = format!("{}/{}", visible(identity), visible(file));
        }
        while !taken.insert(found.clone()) {
            found.push('_');
        }
        found
    };
    set.listing.candidates.iter().map(|candidate| candidate.name.as_str()).map(name).collect()
}

/// As CSV, with paths as the set has them.
fn listed(left_out: &[LeftOut], root: &Path) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let rows = left_out.iter().map(|LeftOut { path, reason }| {
        let path = path.strip_prefix(root).unwrap_or(path);
        [path.to_string_lossy().into_owned(), reason.clone()]
    });
    for row in std::iter::once(["path".to_owned(), "reason".to_owned()]).chain(rows) {
        writer.write_record(row).expect("memory takes all that is written to it");
    }
    writer.into_inner().expect("memory takes all that is written to it")
}

fn jpeg(pixels: &[u8], width: u32, height: u32) -> Result<Image, DecodeError> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
    encoder.write_image(pixels, width, height, ExtendedColorType::Rgb8)?;
    Ok(Image { bytes, ending: "jpg" })
}
