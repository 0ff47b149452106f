//! Decoded images, kept once per data set and image size and shared by all runs of a store.
//!
//! Beside one another in `CACHE/images` lie `NAME.pixels` (a header, then N × H × W × 3 bytes, memory-mapped),
//! `NAME.jsonl` (what each file was and became) and `NAME.lock`. Both files are replaced as a whole and carry the
//! digest of the second; a pair that does not fit together, is cut short, of another version, or older than the
//! images is made again, never trusted. Which pixels lie in a file of the right length is trusted.

mod build;
mod error;
mod header;
mod index;
mod map;
mod measures;
mod source;

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use arclab_spec::Fingerprint;

pub use self::error::CacheError;
pub(crate) use self::source::Source;
use self::{
    header::Header,
    index::{Index, Outcome},
    map::Mapped,
};
use crate::{container::LeftOut, measure::Measures, progress::Progress, synthetic::Attributes};

/// Raised whenever decoding or resizing gives other pixels, or a file's form changes.
pub(crate) const CACHE_VERSION: u32 = 1;

/// Where decoded images lie in the cache.
const IMAGES: &str = "images";

/// One image of a set.
#[derive(Debug)]
pub(crate) struct Record {
    /// `IDENTITY/FILE`.
    pub(crate) name: String,
    /// Digest of what it was made from: the file's bytes, or what was rendered. The same at every image size.
    pub(crate) content: Fingerprint,
    /// What was drawn for a rendered image; elsewhere, since of millions of photos nothing was.
    pub(crate) attributes: Option<Box<Attributes>>,
    /// Width and height in the file, where they are known.
    pub(crate) size: Option<[u32; 2]>,
}

impl Record {
    /// The sub-folder that it lies in.
    pub(crate) fn identity(&self) -> &str {
        self.name.split_once('/').map_or("", |(identity, _)| identity)
    }
}

/// The decoded images of one data set at one size.
#[derive(Debug)]
pub(crate) struct ImageSet {
    pub(crate) records: Vec<Record>,
    pub(crate) left_out: Vec<LeftOut>,
    size: u32,
    pixels: Mapped,
    /// What is measured of them once somebody asks, and where it is kept.
    measures: OnceLock<Vec<Measures>>,
    measures_file: measures::File,
}

/// The paths of one set's files.
#[derive(Debug)]
struct Paths {
    pixels: PathBuf,
    index: PathBuf,
    lock: PathBuf,
    measures: PathBuf,
}

impl Paths {
    fn new(folder: &Path, name: &str) -> Self {
        let with = |ending: &str| folder.join(format!("{name}.{ending}"));
        Self { pixels: with("pixels"), index: with("jsonl"), lock: with("lock"), measures: with("measures") }
    }
}

impl ImageSet {
    /// The images of `source` at `size`, made first where `cache` does not hold them.
    pub(crate) fn open_or_build(
        cache: &Path,
        source: &Source,
        size: u32,
        progress: &dyn Progress,
    ) -> Result<Self, CacheError> {
        let folder = cache.join(IMAGES);
        fs::create_dir_all(&folder).map_err(|e| CacheError::write(&folder, e))?;
        let paths = Paths::new(&folder, &source.cache_name(size));
        if let Some(set) = Self::open(&paths, source, size) {
            return set.usable(source);
        }
        let lock = File::create(&paths.lock).map_err(|e| CacheError::lock(&paths.lock, e))?;
        lock.lock().map_err(|e| CacheError::lock(&paths.lock, e))?;
        // While this process waited, another one may have made it.
        if let Some(set) = Self::open(&paths, source, size) {
            return set.usable(source);
        }
        remove_leftovers(&folder, &paths);
        build::build(&paths, source, size, progress)?;
        let set = Self::open(&paths, source, size);
        set.ok_or_else(|| CacheError::ChangesMeanwhile { images: source.title() })?.usable(source)
    }

    /// The set, if its files are there, whole, and as old as what they were made from.
    fn open(paths: &Paths, source: &Source, size: u32) -> Option<Self> {
        let index = Index::read(&paths.index)?;
        if !source.is_unchanged(&index) {
            return None;
        }
        let pixels = Mapped::open(&paths.pixels)?;
        fits(&index, size, pixels.bytes()).then(|| Self::new(index, source, size, pixels, &paths.measures))
    }

    fn new(index: Index, source: &Source, size: u32, pixels: Mapped, measures: &Path) -> Self {
        let measures_file = measures::File { path: measures.to_owned(), index: index.digest.clone() };
        let (mut left_out, mut records) = (Vec::new(), Vec::with_capacity(index.entries.len()));
        for entry in index.entries {
            match entry.outcome {
                Outcome::Kept { content, attributes, size } => {
                    records.push(Record { name: entry.name, content, attributes, size });
                }
                Outcome::LeftOut { reason } => {
                    left_out.push(LeftOut { path: source.path(&entry.name), reason });
                }
            }
        }
        // After the photos that do not decode, which matter more to whoever reads a few of them.
        left_out.extend_from_slice(source.listed_left_out());
        Self { records, left_out, size, pixels, measures: OnceLock::new(), measures_file }
    }

    fn usable(self, source: &Source) -> Result<Self, CacheError> {
        if self.records.is_empty() { Err(source.nothing_decodes(&self.left_out).into()) } else { Ok(self) }
    }

    /// H × W × 3 bytes of an image.
    pub(crate) fn pixels(&self, image: usize) -> &[u8] {
        let length = image_bytes(self.size);
        &self.pixels.bytes()[header::LENGTH + image * length..][..length]
    }

    /// What an image's pixels say of it; measured once for the whole set, and kept beside the pixels.
    pub(crate) fn measures(&self, image: usize) -> &Measures {
        let measure = || {
            self.measures_file
                .read_or_make(self.records.len(), |image| Measures::of(self.pixels(image), self.size))
        };
        &self.measures.get_or_init(measure)[image]
    }
}

/// Files of sets in `cache` that are cut short, damaged, of another version, or do not belong together: they are made anew where
/// they are needed. What is being made is left out.
pub fn stale(cache: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = cache.join(IMAGES);
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let files = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    let is_of_set =
        |file: &&PathBuf| file.extension().is_some_and(|ending| ending == "jsonl" || ending == "pixels");
    let names: BTreeSet<PathBuf> =
        files.iter().filter(is_of_set).map(|file| file.with_extension("")).collect();
    let paths = names.iter().filter_map(|name| Some(Paths::new(&folder, name.file_name()?.to_str()?)));
    let stale = paths.filter(|paths| !paths.are_being_made() && !paths.are_whole());
    let made = stale.flat_map(|paths| [paths.pixels, paths.index, paths.measures]);
    Ok(made.filter(|file| file.exists()).collect())
}

impl Paths {
    fn are_being_made(&self) -> bool {
        File::open(&self.lock).is_ok_and(|lock| lock.try_lock_shared().is_err())
    }

    /// Whether they are what was written, of whatever images.
    fn are_whole(&self) -> bool {
        let (Some(index), Some(pixels)) = (Index::read(&self.index), Mapped::open(&self.pixels)) else {
            return false;
        };
        Header::read(pixels.bytes()).is_some_and(|header| fits(&index, header.size, pixels.bytes()))
    }
}

/// Whether a file of pixels is that of an index.
fn fits(index: &Index, size: u32, pixels: &[u8]) -> bool {
    let kept = index.entries.iter().filter(|entry| entry.is_kept()).count();
    let expected = Header { version: CACHE_VERSION, size, count: kept as u64, index: index.digest.clone() };
    Header::read(pixels) == Some(expected) && pixels.len() == header::LENGTH + kept * image_bytes(size)
}

/// Removes what a process that was killed left behind. Whoever holds the lock knows that none is still being written.
fn remove_leftovers(folder: &Path, paths: &Paths) {
    let Some(prefix) = paths.pixels.file_name() else { return };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let rest = name.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes());
        if rest.is_some_and(|rest| rest.ends_with(b".tmp")) {
            // It only takes room; the images can be made all the same.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn image_bytes(size: u32) -> usize {
    3 * (size as usize).pow(2)
}
