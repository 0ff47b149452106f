//! Sets of encoded images in the forms that people have them in.
//!
//! A form lists what may be images, under names `IDENTITY/FILE` in a fixed order, and says where the bytes of each
//! lie; whoever wants them can have them from any thread. What is in the bytes is decided by decoding them, which is the
//! same for all forms, as is everything behind it.

mod archive;
mod blob;
mod error;
mod folder;
mod form;
mod kept;
mod list;
mod location;
mod recordio;
mod verification;

use std::{
    fs::Metadata,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use arclab_spec::Fingerprint;
use serde::{Deserialize, Serialize};

use self::kept::Marks;
#[cfg(feature = "fuzzing")]
pub(crate) use self::verification::read as read_pickle;
pub(crate) use self::{
    blob::{Blob, Span},
    form::{Located, locate},
    location::Location,
    recordio::{LONGEST as LONGEST_RECORD, MAGIC as RECORD_MAGIC},
};
pub use self::{
    error::{FolderError, LeftOut},
    form::{Form, holds_its_images},
};

/// Endings of files that are taken for images, whatever their case.
pub(crate) const ENDINGS: [&str; 6] = ["jpg", "jpeg", "png", "pgm", "ppm", "pnm"];

/// What a file looks like without reading it; another content nearly always has another stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stamp {
    /// Size in bytes.
    pub(crate) bytes: u64,
    /// Time of the last change, in nanoseconds since 1970; 0 where the file system keeps none. Of what lies in a
    /// container, the container's.
    pub(crate) modified_ns: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self { bytes: metadata.len(), modified_ns: modified.map_or(0, |since| since.as_nanos() as u64) }
    }
}

/// What may be an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Candidate {
    /// `IDENTITY/FILE`; unique in its set, with one slash.
    pub(crate) name: String,
    pub(crate) stamp: Stamp,
    /// Where its bytes lie.
    pub(crate) location: Location,
}

impl Candidate {
    /// Whom it is said to show.
    pub(crate) fn identity(&self) -> &str {
        self.name.split_once('/').map_or("", |(identity, _)| identity)
    }
}

/// What a set holds, in a fixed order.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) left_out: Vec<LeftOut>,
    /// What cannot be looked at. A run does without none of it.
    pub(crate) away: Vec<FolderError>,
    /// Of a set that holds pairs: whether images 2k and 2k + 1 show one person, by k.
    pub(crate) same: Option<Vec<bool>>,
    /// What a person should know of how the set was read.
    pub(crate) notes: Vec<String>,
    /// What else was found in the file, for those who ask what it is.
    pub(crate) details: Vec<String>,
}

impl Listing {
    fn leave_out(&mut self, path: impl Into<PathBuf>, reason: impl Into<String>) {
        self.left_out.push(LeftOut { path: path.into(), reason: reason.into() });
    }
}

/// Parts of the cache that what was read of a file is kept in: its listing, and its unpacked copy.
pub(crate) fn kept_parts(located: &Located, cache: &Path) -> Result<Vec<PathBuf>, FolderError> {
    match located.form {
        Form::Folders | Form::List => Ok(Vec::new()),
        Form::RecordIo | Form::Verification | Form::Tar | Form::Zip => Ok(vec![kept::part(&located.root)]),
        Form::TarGz => {
            let blob =
                Blob::open(&located.root).map_err(|source| FolderError::list(&located.root, source))?;
            let copy = archive::unpacked_part(&blob)?;
            Ok(vec![kept::part(&cache.join(&copy).with_extension("tar")), copy])
        }
    }
}

/// A set that was looked into.
#[derive(Debug)]
pub(crate) struct Container {
    pub(crate) located: Located,
    pub(crate) listing: Listing,
    /// The file that the images lie in, where they are no files themselves.
    blob: Option<Blob>,
    /// Digest of what that file looks like from outside, as it was before it was read.
    pub(crate) marks: Option<Fingerprint>,
}

impl Container {
    /// Looks into what was found; what has to be unpacked for it is kept in `cache`.
    pub(crate) fn open(located: Located, cache: &Path) -> Result<Self, FolderError> {
        let root = &located.root;
        let blob = || Blob::open(root).map_err(|source| FolderError::list(root, source));
        let (listing, file) = match located.form {
            Form::Folders => (folder::list(root)?, None),
            Form::List => (list::list(root)?, None),
            Form::RecordIo => in_file(blob()?, cache, recordio::list)?,
            Form::Verification => in_file(blob()?, cache, verification::list)?,
            Form::Tar => in_file(blob()?, cache, |blob| archive::tar(blob, located.form, root))?,
            Form::TarGz => in_file(archive::unpacked(&blob()?, cache)?, cache, |copy| {
                let mut listing = archive::tar(copy, located.form, root)?;
                listing.notes.push(archive::unpacked_note(root, copy));
                Ok(listing)
            })?,
            Form::Zip => in_file(blob()?, cache, archive::zip)?,
        };
        let (blob, marks) = file.unzip();
        Ok(Self { located, listing, blob, marks })
    }

    /// The set, for a run: nothing of it may be away.
    pub(crate) fn whole(mut self) -> Result<Self, FolderError> {
        if self.listing.away.is_empty() { Ok(self) } else { Err(self.listing.away.swap_remove(0)) }
    }

    /// The encoded bytes of the `position`-th candidate, or why what is there gives none, which stays true while its
    /// stamp does.
    pub(crate) fn bytes(&self, position: usize) -> Result<Result<Vec<u8>, String>, FolderError> {
        let candidate = &self.listing.candidates[position];
        candidate.location.read(&self.located.root, candidate, self.blob.as_ref())
    }

    /// That no candidate gave an image, where `left_out` says why for each.
    pub(crate) fn nothing(&self, left_out: &[LeftOut]) -> FolderError {
        let example = left_out
            .first()
            .map_or_else(String::new, |file| format!(", such as {}: {}", file.path.display(), file.reason));
        let path = self.located.root.clone();
        let form = self.located.form;
        if form == Form::Folders {
            FolderError::NoIdentity { path, found: format!("only files that cannot be used{example}") }
        } else {
            FolderError::NoImage { path, form, found: format!("it has none that can be used{example}") }
        }
    }
}

/// What `blob` holds, as `list` says, or as it was said when the file was last looked at.
fn in_file(
    blob: Blob,
    cache: &Path,
    list: impl FnOnce(&Blob) -> Result<Listing, FolderError>,
) -> Result<(Listing, Option<(Blob, Fingerprint)>), FolderError> {
    let marks = Marks::of(&blob).map_err(|source| FolderError::read(&blob.path, source))?;
    let digest = marks.digest();
    let listing = kept::or_else(&blob, marks, cache, || list(&blob))?;
    Ok((listing, Some((blob, digest))))
}
