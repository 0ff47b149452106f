//! Listing a folder of images: one sub-folder an identity. What is in the files is decided by decoding them.

use std::{
    ffi::OsString,
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};

/// Endings of files that are taken for images, whatever their case.
pub(crate) const ENDINGS: [&str; 6] = ["jpg", "jpeg", "png", "pgm", "ppm", "pnm"];

/// A file that is no usable image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The file.
    pub path: PathBuf,
    /// Why it is left out.
    pub reason: String,
}

/// Why a folder of images cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The folder, or one in it, cannot be listed.
    #[error("failed to list the folder {}", path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or folder in it cannot be read. What does not decode is left out; what cannot be read may decode
    /// tomorrow, and no run trains on fewer photos because a disk was away.
    #[error("failed to read {}, which no run leaves out: make it readable, or remove it", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is nothing to work with.
    #[error(
        "no identity in {}: looked for sub-folders, one a person, that hold images ({}); found {found}",
        path.display(), endings()
    )]
    NoIdentity {
        /// The folder.
        path: PathBuf,
        /// What is there instead.
        found: String,
    },
}

fn endings() -> String {
    ENDINGS.map(|ending| format!(".{ending}")).join(", ")
}

/// What a file looks like without reading it; another content nearly always has another stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stamp {
    /// Size in bytes.
    pub(crate) bytes: u64,
    /// Time of the last change, in nanoseconds since 1970; 0 where the file system keeps none.
    pub(crate) modified_ns: u64,
}

/// A file that may be an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// `IDENTITY/FILE`, which is also its path in the folder.
    pub(crate) name: String,
    pub(crate) stamp: Stamp,
}

/// What a folder holds, in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listing {
    /// By identity, then by file name.
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) left_out: Vec<LeftOut>,
}

impl FolderError {
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }
}

/// Lists `root`. Links are followed but only two levels are looked at, so a loop of links ends.
pub(crate) fn list(root: &Path) -> Result<Listing, FolderError> {
    let mut listing = Listing { candidates: Vec::new(), left_out: Vec::new() };
    let (mut folders, mut files) = (0_usize, 0_usize);
    for entry in sorted_entries(root)? {
        let path = root.join(&entry);
        if metadata(&path)?.is_dir() {
            folders += 1;
            list_identity(&mut listing, root, &entry)?;
        } else if has_image_ending(&path) {
            files += 1;
            listing.leave_out(path, "it lies in no identity's sub-folder");
        }
    }
    if listing.candidates.is_empty() {
        let found = format!("{folders} sub-folders without any, and {files} images outside sub-folders");
        return Err(FolderError::NoIdentity { path: root.to_owned(), found });
    }
    Ok(listing)
}

impl Listing {
    fn leave_out(&mut self, path: PathBuf, reason: &str) {
        self.left_out.push(LeftOut { path, reason: reason.to_owned() });
    }
}

/// Names in a folder in the order of their bytes, without hidden ones.
fn sorted_entries(folder: &Path) -> Result<Vec<OsString>, FolderError> {
    let error = |source| FolderError::List { path: folder.to_owned(), source };
    let names: io::Result<Vec<OsString>> =
        fs::read_dir(folder).map_err(error)?.map(|entry| entry.map(|entry| entry.file_name())).collect();
    let mut names = names.map_err(error)?;
    names.retain(|name| !name.as_encoded_bytes().starts_with(b"."));
    names.sort_unstable_by(|a, b| a.as_encoded_bytes().cmp(b.as_encoded_bytes()));
    Ok(names)
}

fn list_identity(listing: &mut Listing, root: &Path, identity: &OsString) -> Result<(), FolderError> {
    let folder = root.join(identity);
    for file in sorted_entries(&folder)? {
        let path = folder.join(&file);
        match candidate(&path, &metadata(&path)?, identity, &file) {
            Ok(candidate) => listing.candidates.push(candidate),
            Err(reason) => listing.leave_out(path, &reason),
        }
    }
    Ok(())
}

fn metadata(path: &Path) -> Result<Metadata, FolderError> {
    fs::metadata(path).map_err(|source| FolderError::read(path, source))
}

fn candidate(
    path: &Path,
    metadata: &Metadata,
    identity: &OsString,
    file: &OsString,
) -> Result<Candidate, String> {
    let (Some(identity), Some(file)) = (identity.to_str(), file.to_str()) else {
        return Err("its name is not UTF-8".to_owned());
    };
    if metadata.is_dir() {
        return Err("it is a folder in an identity's folder".to_owned());
    }
    // A pipe would be waited for without end.
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if !has_image_ending(path) {
        return Err(format!("its ending is none of {}", endings()));
    }
    Ok(Candidate { name: format!("{identity}/{file}"), stamp: stamp(metadata) })
}

fn has_image_ending(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

fn stamp(metadata: &Metadata) -> Stamp {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Stamp { bytes: metadata.len(), modified_ns: modified.map_or(0, |since| since.as_nanos() as u64) }
}
