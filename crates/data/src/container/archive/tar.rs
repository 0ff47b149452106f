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
        FolderError::malformed(root, form, format!("behind byte {at}: {error}"))
    };
    let mut archive = Archive::new(blob.reader(BUFFER));
    let mut members = Members::new(root, form);
    let mut at = 0;
    for entry in archive.entries_with_seek().map_err(|error| malformed(0, error))? {
        let entry = entry.map_err(|error| malformed(at, error))?;
        let span = Span { offset: entry.raw_file_position(), bytes: entry.size() };
        at = span.end();
        let name = entry.path_bytes().into_owned();
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous if at > blob.stamp.bytes => {
                let reason = format!(
                    "it is cut short: it reaches to byte {at}, and the file has {}",
                    blob.stamp.bytes
                );
                members.leave_out(&name, &reason);
            }
            EntryType::Regular | EntryType::Continuous => {
                members.add(&name, blob.stamp_of(span.bytes), Location::Span(span))?;
            }
            EntryType::Directory | EntryType::XGlobalHeader => {}
            EntryType::Link | EntryType::Symlink => members.leave_out(&name, "it is a link"),
            _ => members.leave_out(&name, "it is a device, a pipe or another special entry"),
        }
    }
    members.finish()
}
