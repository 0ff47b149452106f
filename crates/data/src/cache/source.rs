//! Where the images of a set come from.

use std::path::{Path, PathBuf};

use arclab_spec::{Fingerprint, config::Synthetic};

use super::{
    CACHE_VERSION, IMAGES, Record,
    index::{Entry, Index, Outcome},
};
use crate::{
    container::{Candidate, Container, FolderError, LeftOut, Stamp},
    decode::decode_measured,
    synthetic::{self, RENDERER_VERSION},
};

/// What a file became, with the pixels of an image.
pub(super) type Made = (Entry, Option<Vec<u8>>);

/// Where the images of a set come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// Files, as they lay there a moment ago.
    Files(Container),
    /// The renderer.
    Synthetic(Synthetic),
}

impl Source {
    /// The embedded faces. Whose label an image carries does not change the image.
    pub(crate) fn synthetic(config: &Synthetic) -> Self {
        Self::Synthetic(Synthetic { mislabelled: 0.0, ..config.clone() })
    }

    /// The folder or file as it was found; empty where there is none.
    pub(crate) fn root(&self) -> &Path {
        match self {
            Self::Files(set) => &set.located.root,
            Self::Synthetic(_) => Path::new(""),
        }
    }

    /// For people.
    pub(super) fn title(&self) -> String {
        match self {
            Self::Files(set) => set.located.root.display().to_string(),
            Self::Synthetic(_) => "the embedded faces".to_owned(),
        }
    }

    /// Name of the set's files in the cache.
    pub(super) fn cache_name(&self, size: u32) -> String {
        match self {
            Self::Files(set) => name_of_files(&set.located.root, size),
            Self::Synthetic(config) => named("faces", rendered(config).as_bytes(), size),
        }
    }

    /// The part of the cache that it is kept in.
    pub(crate) fn cached(&self, size: u32) -> PathBuf {
        Path::new(IMAGES).join(self.cache_name(size))
    }

    /// The part of the cache that files are kept in that were found at `root`.
    pub(crate) fn files_cached(root: &Path, size: u32) -> PathBuf {
        Path::new(IMAGES).join(name_of_files(root, size))
    }

    /// Whether entries that were made earlier are what would be made now.
    pub(super) fn is_unchanged(&self, index: &Index) -> bool {
        let entries = &index.entries;
        match self {
            Self::Files(set) => {
                let candidates = &set.listing.candidates;
                let same =
                    |entry: &Entry, now: &Candidate| entry.stamp == now.stamp && entry.name == now.name;
                index.container == set.marks
                    && entries.len() == candidates.len()
                    && entries.iter().zip(candidates).all(|(entry, now)| same(entry, now))
            }
            // The configuration and the renderer's version are part of the file's name.
            Self::Synthetic(config) => entries.len() == count(config),
        }
    }

    /// What the file that the images lie in looked like from outside, where they are no files themselves.
    pub(super) fn container(&self) -> Option<&Fingerprint> {
        match self {
            Self::Files(set) => set.marks.as_ref(),
            Self::Synthetic(_) => None,
        }
    }

    /// Number of files or renderings.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Files(set) => set.listing.candidates.len(),
            Self::Synthetic(config) => count(config),
        }
    }

    /// Reads or renders one image; its pixels, unless it is left out.
    pub(super) fn make(&self, position: usize, size: u32) -> Result<Made, FolderError> {
        match self {
            Self::Files(set) => from_file(set, position, size),
            Self::Synthetic(config) => {
                let (entry, pixels) = from_renderer(config, position, size);
                Ok((entry, Some(pixels)))
            }
        }
    }

    /// Files that were left out before any was opened.
    pub(super) fn listed_left_out(&self) -> &[LeftOut] {
        match self {
            Self::Files(set) => &set.listing.left_out,
            Self::Synthetic(_) => &[],
        }
    }

    /// Where an image lies.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        match self {
            Self::Files(set) => set.located.root.join(name),
            Self::Synthetic(_) => PathBuf::from(name),
        }
    }

    pub(super) fn nothing_decodes(&self, left_out: &[LeftOut]) -> FolderError {
        match self {
            Self::Files(set) => set.nothing(left_out),
            Self::Synthetic(_) => {
                FolderError::NoIdentity { path: PathBuf::from(self.title()), found: "no image".to_owned() }
            }
        }
    }
}

fn name_of_files(root: &Path, size: u32) -> String {
    named(&last_name(root), root.as_os_str().as_encoded_bytes(), size)
}

fn named(readable: &str, key: &[u8], size: u32) -> String {
    format!("{readable}-{}-{size}", Fingerprint::of(key).short())
}

fn count(config: &Synthetic) -> usize {
    config.identities as usize * config.images_per_identity as usize
}

/// What decides the pixels of the embedded faces.
fn rendered(config: &Synthetic) -> String {
    let json = serde_json::to_string(config).expect("a configuration is plain data and always becomes JSON");
    format!("renderer {RENDERER_VERSION} cache {CACHE_VERSION} {json}")
}

fn last_name(path: &Path) -> String {
    let name = path.file_name().map_or_else(|| "root".into(), |name| name.to_string_lossy());
    name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(40).collect()
}

/// Only what the file holds may leave it out, since that is remembered.
fn from_file(set: &Container, position: usize, size: u32) -> Result<Made, FolderError> {
    let candidate = &set.listing.candidates[position];
    let made = set.bytes(position)?.and_then(|bytes| {
        let (pixels, whole) = decode_measured(&bytes, size).map_err(|error| error.to_string())?;
        Ok((Fingerprint::of(&bytes), pixels, whole))
    });
    let (outcome, pixels) = match made {
        Ok((content, pixels, whole)) => {
            (Outcome::Kept { content, attributes: None, size: Some(whole) }, Some(pixels))
        }
        Err(reason) => (Outcome::LeftOut { reason }, None),
    };
    Ok((Entry { name: candidate.name.clone(), stamp: candidate.stamp, outcome }, pixels))
}

fn from_renderer(config: &Synthetic, position: usize, size: u32) -> (Entry, Vec<u8>) {
    let (identity, image) = numbers(config, position);
    let photo = synthetic::render(config, identity, image, size);
    // Without the image size, so that pairs of one photo at two sizes are one pair.
    let content = Fingerprint::of(format!("{} {identity} {image}", rendered(config)).as_bytes());
    let outcome = Outcome::Kept { content, attributes: Some(Box::new(photo.attributes)), size: None };
    let name = format!("{}/{image:03}", Record::rendered_identity(identity));
    (Entry { name, stamp: Stamp::default(), outcome }, photo.rgb)
}

/// Person and photo of the `position`-th embedded face.
fn numbers(config: &Synthetic, position: usize) -> (u32, u32) {
    let each = config.images_per_identity.max(1) as usize;
    ((position / each) as u32, (position % each) as u32)
}

impl Record {
    /// Whom the `position`-th embedded face shows, and whose label it carries.
    pub(crate) fn person_and_label(config: &Synthetic, position: usize) -> (u32, u32) {
        let (identity, image) = numbers(config, position);
        (identity, synthetic::label(config, identity, image))
    }

    /// Name of a rendered person.
    pub(crate) fn rendered_identity(person: u32) -> String {
        format!("p{person:05}")
    }
}
