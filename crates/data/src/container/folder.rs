//! Listing a folder of images: one sub-folder an identity. What is in the files is decided by decoding them.

use std::{
    ffi::OsString,
    fs::{self, Metadata},
    io,
    path::Path,
};

use super::{Candidate, ENDINGS, FolderError, Listing, Location, Stamp, error::endings};

/// Lists `root`. Links are followed but only two levels are looked at, so a loop of links ends.
pub(super) fn list(root: &Path) -> Result<Listing, FolderError> {
    let mut listing = Listing::default();
    let (mut folders, mut files) = (0_usize, 0_usize);
    for entry in sorted_entries(root)? {
        let path = root.join(&entry);
        match fs::metadata(&path) {
            Ok(about) if about.is_dir() => {
                folders += 1;
                list_identity(&mut listing, root, &entry);
            }
            Ok(_) if has_image_ending(&path) => {
                files += 1;
                listing.leave_out(path, OUTSIDE);
            }
            Ok(_) => {}
            Err(error) => listing.away.push(FolderError::read(&path, error)),
        }
    }
    if listing.candidates.is_empty() && listing.away.is_empty() {
        let found = format!("{folders} sub-folders without any, and {files} images outside sub-folders");
        return Err(FolderError::NoIdentity { path: root.to_owned(), found });
    }
    Ok(listing)
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

fn list_identity(listing: &mut Listing, root: &Path, identity: &OsString) {
    let folder = root.join(identity);
    let files = match sorted_entries(&folder) {
        Ok(files) => files,
        Err(error) => return listing.away.push(error),
    };
    for file in files {
        let path = folder.join(&file);
        match fs::metadata(&path).map(|about| candidate(&path, &about, identity, &file)) {
            Ok(Ok(candidate)) => listing.candidates.push(candidate),
            Ok(Err(reason)) => listing.leave_out(path, reason),
            Err(error) => listing.away.push(FolderError::read(&path, error)),
        }
    }
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
        return Err(wrong_ending());
    }
    let name = format!("{identity}/{file}");
    Ok(Candidate { name, stamp: Stamp::of(metadata), location: Location::Named })
}

/// Why an image beside the sub-folders is of no use.
pub(super) const OUTSIDE: &str = "it lies in no identity's sub-folder";

pub(super) fn has_image_ending(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

pub(super) fn wrong_ending() -> String {
    format!("its ending is none of {}", endings())
}
