//! Tars and zips of a folder of identities, at any depth below folders that all images share.
//!
//! Or of InsightFace's `train.rec`, which is read where it lies.
//!
//! An archive's directory is read, and images where they lie in it; nothing is written, whatever its entries are called.
//! A compressed tar cannot be read at places, and so is unpacked to one file.

mod gzip;
mod records;
mod tar;
mod zip;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

pub(super) use self::{
    gzip::{note as unpacked_note, part as unpacked_part, unpacked},
    tar::list as tar,
    zip::list as zip,
};
use super::{
    Blob, Candidate, FolderError, Form, Listing, Location, Stamp,
    error::endings,
    folder::{OUTSIDE, has_image_ending, wrong_ending},
};

/// Entries that are kept in mind; the largest sets of faces have a third of them.
const MOST_ENTRIES: usize = 50_000_000;

/// A regular file in an archive.
struct Member {
    /// Its folders and its name.
    parts: Vec<String>,
    stamp: Stamp,
    location: Location,
}

/// What an archive holds, as it is read.
struct Members<'a> {
    root: &'a Path,
    form: Form,
    found: Vec<Member>,
    listing: Listing,
}

impl<'a> Members<'a> {
    fn new(root: &'a Path, form: Form) -> Self {
        Self { root, form, found: Vec::new(), listing: Listing::default() }
    }

    fn leave_out(&mut self, name: &[u8], reason: &str) {
        let shown = String::from_utf8_lossy(name).chars().filter(|c| !c.is_control()).collect::<String>();
        // As a path below the archive, wherever the name would lead.
        self.listing.leave_out(self.root.join(shown.trim_start_matches('/')), reason);
    }

    /// Takes an entry called `name`, unless it is hidden or its name leads out of the archive.
    fn add(&mut self, name: &[u8], stamp: Stamp, location: Location) -> Result<(), FolderError> {
        match parts(name) {
            Ok(parts) if parts.iter().any(|part| part.starts_with('.')) => {}
            Ok(parts) => self.found.push(Member { parts, stamp, location }),
            Err(reason) => self.leave_out(name, reason),
        }
        if self.found.len() + self.listing.left_out.len() > MOST_ENTRIES {
            let problem = format!("it has more than {MOST_ENTRIES} entries");
            return Err(FolderError::malformed(self.root, self.form, &problem));
        }
        Ok(())
    }

    /// The images, in the order of a folder's; without any, those of a record file in `blob`.
    fn finish(mut self, blob: &Blob) -> Result<Listing, FolderError> {
        let shared = shared_folders(&self.found);
        let mut members = std::mem::take(&mut self.found);
        members.sort_by(|a, b| a.parts.cmp(&b.parts));
        let mut names = BTreeSet::new();
        for Member { parts, stamp, location } in &members {
            match fate(parts, &shared) {
                Fate::Image(name) if names.insert(name.clone()) => {
                    let (stamp, location) = (*stamp, location.clone());
                    self.listing.candidates.push(Candidate { name, stamp, location });
                }
                Fate::Image(name) => {
                    self.leave_out(name.as_bytes(), "the archive holds another file of this name");
                }
                Fate::LeftOut(reason) => self.leave_out(parts.join("/").as_bytes(), &reason),
                Fate::Passed => {}
            }
        }
        if !shared.is_empty() {
            self.listing.details.push(format!("the identities are below {}/", shared.join("/")));
        }
        if !self.listing.candidates.is_empty() {
            return Ok(self.listing);
        }
        records::list(blob, &members).unwrap_or_else(|| Err(self.nothing()))
    }

    fn nothing(&self) -> FolderError {
        let found = format!("none of its files is IDENTITY/FILE with an ending of {}", endings());
        FolderError::NoImage { path: self.root.to_owned(), form: self.form, found }
    }
}

/// What becomes of a file.
enum Fate {
    /// It may be an image of this name.
    Image(String),
    LeftOut(String),
    /// Other files lie beside identities, as a README does.
    Passed,
}

/// Of the file at `parts`, where identities are below `shared`.
fn fate(parts: &[String], shared: &[String]) -> Fate {
    let is_image = parts.last().is_some_and(|name| has_image_ending(Path::new(name)));
    match parts.strip_prefix(shared) {
        Some([identity, file]) if is_image => Fate::Image(format!("{identity}/{file}")),
        Some([_, _]) => Fate::LeftOut(wrong_ending()),
        Some([_]) if is_image => Fate::LeftOut(OUTSIDE.to_owned()),
        Some([_] | []) => Fate::Passed,
        None if !is_image => Fate::Passed,
        Some(_) => Fate::LeftOut("it is in a folder in an identity's folder".to_owned()),
        None => Fate::LeftOut(format!("it is not below {}/, where the identities are", shared.join("/"))),
    }
}

/// The folders above the identities: those of most images.
fn shared_folders(members: &[Member]) -> Vec<String> {
    let mut counts: BTreeMap<&[String], usize> = BTreeMap::new();
    for member in members {
        let is_image = member.parts.last().is_some_and(|name| has_image_ending(Path::new(name)));
        if let [above @ .., _, _] = member.parts.as_slice()
            && is_image
        {
            *counts.entry(above).or_default() += 1;
        }
    }
    // The first of equals, so that the answer is one.
    let most = counts.iter().rev().max_by_key(|(_, count)| **count);
    most.map(|(above, _)| above.to_vec()).unwrap_or_default()
}

/// The parts of an entry's name, or why none of a person's files has it.
fn parts(name: &[u8]) -> Result<Vec<String>, &'static str> {
    let name = std::str::from_utf8(name).map_err(|_| "its name is not UTF-8")?;
    if name.contains(['\0', '\\']) {
        return Err("its name has a character that no portable name has");
    }
    if name.starts_with('/') {
        return Err("its path is absolute, and so would lead out of the archive");
    }
    // `./` begins the names of many a tar.
    let parts: Vec<&str> = name.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") {
        return Err("its path has `..`, and so would lead out of the archive");
    }
    Ok(parts.into_iter().map(str::to_owned).collect())
}
