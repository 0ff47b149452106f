//! `arclab data align`.

mod detector;
mod tables;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use arclab_align::{Aligned, Aligner, Finder, LandmarksFile, NoCrop, Photo, Policy};
use arclab_data::{Lossy, Made, MakeRequest, Making, Pixels};
use arclab_spec::Catalogue;
use clap::{Args, ValueEnum};

use super::{catalogue_of, named, naming::Naming};
use crate::{
    output::{self, Output},
    progress::DataProgress,
};

/// Folder of what is made without `--out`.
const MADE: &str = "data";

/// `arclab data align`.
#[derive(Debug, Args)]
pub(crate) struct AlignArgs {
    /// The folder or file of photos, or a name in the catalogue.
    #[arg(value_name = "NAME|PATH")]
    photos: PathBuf,
    /// How specs will name the crops: letters, digits, `.`, `-` and `_`.
    #[arg(long = "as", value_name = "NAME")]
    name: String,
    /// The folder to make, outside of the photos; `data/NAME` where none is named.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Side of a crop in pixels. The template of 112 is scaled to other sides.
    #[arg(long, value_name = "PIXELS", default_value_t = 112, value_parser = clap::value_parser!(u32).range(16..=1024))]
    size: u32,
    /// Take landmarks from a file rather than detect faces: a line a photo with its path and ten numbers, x and y of the eyes,
    /// the nose and the corners of the mouth, each pair from the picture's left; between tabs, commas, semicolons or blanks, with a
    /// heading or without. A path without its folder is of the one photo of that name.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["detector", "faces", "min_face"])]
    landmarks: Option<PathBuf>,
    /// The detector, YuNet in ONNX with a fixed input; else that of `ARCLAB_DETECTOR`, or the one that `arclab data fetch yunet`
    /// fetches, which is fetched where it is not there.
    #[arg(long, value_name = "FILE")]
    detector: Option<PathBuf>,
    /// Which of several faces is the person's.
    #[arg(long, value_enum, value_name = "WHICH", default_value = "largest")]
    faces: Which,
    /// Smaller faces do not count: width of the detector's box in pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 40)]
    min_face: u32,
    /// How crops are written.
    #[arg(long, value_enum, value_name = "HOW", default_value = "png")]
    encode: Encode,
    /// Make the folder anew where an earlier `align` made it, and give its name another path than it has.
    #[arg(long)]
    force: bool,
    /// The catalogue of names; by default `experiments/datasets.yaml`, or `datasets.yaml` here or above.
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// Under which licence the crops may be used; that of the photos where the catalogue has it.
    #[arg(long, value_name = "TEXT")]
    licence: Option<String>,
}

/// Which of several faces is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// The largest, less the farther it is from the middle.
    Largest,
    /// The one nearest the middle.
    Central,
    /// None: photos of several people are dropped.
    Only,
}

/// How crops are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Encode {
    /// Without loss: photos are compressed already, and a second time would leave marks of its own.
    Png,
    /// At quality 95, in about a third of the space.
    Jpeg,
}

pub(super) fn execute(store: &Path, arguments: &AlignArgs, output: Output) -> anyhow::Result<()> {
    let out = arguments.out.clone().unwrap_or_else(|| Path::new(MADE).join(&arguments.name));
    let naming = Naming::new(&arguments.name, &out, arguments.catalogue.as_deref())?;
    if !arguments.force {
        naming.is_known("--force")?;
    }
    let photos = named(&arguments.photos, arguments.catalogue.as_deref())?;
    let cache = store.join("cache");
    let making = Making::new(&MakeRequest {
        source: &photos,
        out: &out,
        replace: arguments.force,
        lossy: arguments.encode.into(),
        cache: &cache,
    })?;
    let (finder, how) = finder(arguments, &making, output)?;
    let aligner = Aligner { finder, size: arguments.size as usize };
    let counts = Counts::default();
    let make = |name: &str, pixels: Pixels| counts.counted(aligner.align(name, &photo(pixels)));
    let progress = DataProgress::aligning(output);
    let made = making.make(&make, &progress);
    progress.finish();
    let made = made?;
    if let Some(folder) = &made.remains {
        output
            .note(format_args!("what was replaced could not be removed: {} is of no use", folder.display()));
    }
    let root = fs::canonicalize(&photos)?;
    let (already, chosen) = (counts.already.into_inner(), counts.chosen.into_inner());
    let done = tables::Done { out: &out, made: &made, already, chosen, root: &root };
    output::print(&arclab_report::render(&done.tables(output.format), output.format))?;
    let (licence, source) = noted(arguments, &how)?;
    naming.give(licence, Some(source), output)
}

/// What the table says of the photos; counted by several threads.
#[derive(Default)]
struct Counts {
    already: AtomicUsize,
    chosen: AtomicUsize,
}

impl Counts {
    fn counted(&self, aligned: Result<Aligned, NoCrop>) -> Result<Made, String> {
        match aligned.map_err(|why| why.to_string())? {
            Aligned::Already => {
                self.already.fetch_add(1, Ordering::Relaxed);
                Ok(Made::AsItIs)
            }
            Aligned::Crop { crop, of } => {
                self.chosen.fetch_add(usize::from(of > 1), Ordering::Relaxed);
                Ok(Made::Another(pixels_of(crop)))
            }
        }
    }
}

/// Where landmarks come from, in code and in words.
fn finder(arguments: &AlignArgs, making: &Making, output: Output) -> anyhow::Result<(Finder, String)> {
    let base = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(file) = &arguments.landmarks {
        let landmarks = LandmarksFile::read(file)?.of_set(making.images());
        return Ok((Finder::File(landmarks), format!("by the landmarks in {}", base(file))));
    }
    let file = detector::find(arguments.detector.as_deref(), output)?;
    let detector = arclab_align::Detector::load(&file)?;
    let (policy, least_width) = (arguments.faces.into(), f64::from(arguments.min_face));
    let how = format!(
        "by {}, {} face of at least {least_width} pixels",
        base(&file),
        match arguments.faces {
            Which::Largest => "the largest",
            Which::Central => "the most central",
            Which::Only => "the only",
        }
    );
    Ok((Finder::Detector { detector: Box::new(detector), policy, least_width }, how))
}

/// Licence and source of the crops: as far as it is known, of the photos.
fn noted(arguments: &AlignArgs, how: &str) -> anyhow::Result<(Option<String>, String)> {
    let photos = &arguments.photos;
    let of = match catalogue_of(photos, arguments.catalogue.as_deref()) {
        Some(catalogue) => Catalogue::read(&catalogue)?.entry(&photos.to_string_lossy())?,
        None => None,
    };
    let (licence, source) = of.map_or((None, None), |entry| (entry.licence, entry.source));
    let (source, size) = (source.map(|source| format!(" ({source})")).unwrap_or_default(), arguments.size);
    let source = format!("{}{source}, aligned to {size} × {size} {how}", photos.display());
    Ok((arguments.licence.clone().or(licence), source))
}

fn photo(Pixels { width, height, rgb }: Pixels) -> Photo {
    Photo { width: width as usize, height: height as usize, rgb }
}

fn pixels_of(Photo { width, height, rgb }: Photo) -> Pixels {
    Pixels { width: width as u32, height: height as u32, rgb }
}

impl From<Which> for Policy {
    fn from(which: Which) -> Self {
        match which {
            Which::Largest => Self::Largest,
            Which::Central => Self::Central,
            Which::Only => Self::Only,
        }
    }
}

impl From<Encode> for Lossy {
    fn from(encode: Encode) -> Self {
        match encode {
            Encode::Png => Self::No,
            Encode::Jpeg => Self::Jpeg,
        }
    }
}
