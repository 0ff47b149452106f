//! Zips: their directory is read with the crate `zip`, and members are unpacked one by one when they are asked for.

use zip::{CompressionMethod, ZipArchive, read::ZipFile, result::ZipError};

use super::{
    super::{Blob, FolderError, Form, Listing, Location, Span, blob::Cursor},
    Members,
};

/// Bytes that are read at once.
const BUFFER: usize = 1 << 12;

pub(in super::super) fn list(blob: &Blob) -> Result<Listing, FolderError> {
    let malformed = |error: ZipError| FolderError::malformed(&blob.path, Form::Zip, &error);
    let mut archive = ZipArchive::new(blob.reader(BUFFER)).map_err(malformed)?;
    let mut members = Members::new(&blob.path, Form::Zip);
    for place in 0..archive.len() {
        match archive.by_index_raw(place) {
            Ok(entry) if entry.is_dir() => {}
            Ok(entry) => match located(&entry, blob.stamp.bytes) {
                Ok(location) => members.add(entry.name_raw(), blob.stamp_of(entry.size()), location)?,
                Err(reason) => members.leave_out(entry.name_raw(), &reason),
            },
            Err(ZipError::Io(source)) if source.kind() != std::io::ErrorKind::UnexpectedEof => {
                return Err(FolderError::read(&blob.path, source));
            }
            Err(error) => members.leave_out(format!("entry {place}").as_bytes(), &error.to_string()),
        }
    }
    members.finish(blob)
}

/// Where the bytes of `entry` lie in a file of `file` bytes, or why they are not read.
fn located(entry: &ZipFile<'_, std::io::BufReader<Cursor<'_>>>, file: u64) -> Result<Location, String> {
    if entry.is_symlink() {
        return Err("it is a link".to_owned());
    }
    if entry.encrypted() {
        return Err("it is encrypted".to_owned());
    }
    let offset = entry.data_start().ok_or("its place is not known")?;
    let span = Span { offset, bytes: entry.compressed_size() };
    if span.end() > file {
        return Err(format!("it is cut short: it reaches to byte {}, and the file has {file}", span.end()));
    }
    let method = entry.compression();
    // By its constant: the method's name is there only where `zip` inflates itself.
    if method == CompressionMethod::DEFLATE {
        Ok(Location::Deflated { span, crc32: entry.crc32() })
    } else if method != CompressionMethod::Stored {
        Err(format!("it is packed with {method}; stored and deflated files are read"))
    } else if entry.size() == span.bytes {
        Ok(Location::Span(span))
    } else {
        Err("it is stored, and its two sizes differ".to_owned())
    }
}
