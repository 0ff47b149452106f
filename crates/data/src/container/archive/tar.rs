//! Tars.

use std::path::Path;

use tar::{Archive, EntryType};

use super::{
    super::{Blob, FolderError, Form, Listing, Location, Span},
    Members,
};

/// Bytes that are read at once; what lies between two heads is stepped over.
const BUFFER: usize = 1 << 10;

/// Lists the tar in `blob`, which people know as `root`.
pub(in super::super) fn list(blob: &Blob, form: Form, root: &Path) -> Result<Listing, FolderError> {
    let malformed = |at: u64, error: std::io::Error| {
        FolderError::malformed(root, form, &format!("behind byte {at}: {error}"))
    };
    let mut archive = Archive::new(blob.reader(BUFFER));
    let mut members = Members::new(root, form);
    let mut at = 0;
    for entry in archive.entries_with_seek().map_err(|error| malformed(0, error))? {
        let entry = entry.map_err(|error| malformed(at, error))?;
        let span = Span { offset: entry.raw_file_position(), bytes: entry.size() };
        at = span.end();
        let name = entry.path_bytes().into_owned();
        let kind = entry.header().entry_type();
        if kind.is_dir() || kind.is_pax_global_extensions() {
            continue;
        }
        match special(kind) {
            Some(reason) => members.leave_out(&name, reason),
            None if at > blob.stamp.bytes => {
                let file = blob.stamp.bytes;
                let reason = format!("it is cut short: it reaches to byte {at}, and the file has {file}");
                members.leave_out(&name, &reason);
            }
            None => members.add(&name, blob.stamp_of(span.bytes), Location::Span(span))?,
        }
    }
    members.finish(blob)
}

/// Why an entry of this kind is no file.
fn special(kind: EntryType) -> Option<&'static str> {
    if kind.is_file() || kind.is_contiguous() {
        None
    } else if kind.is_hard_link() || kind.is_symlink() {
        Some("it is a link")
    } else {
        Some("it is a device, a pipe or another special entry")
    }
}
