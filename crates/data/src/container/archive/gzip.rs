//! Compressed tars, unpacked once to a file in the cache.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use arclab_spec::Fingerprint;
use flate2::read::MultiGzDecoder;

use super::super::{Blob, FolderError, Marks};
use crate::replace::replace;

/// What is unpacked at most, by the size of what is packed: photos are packed already and give hardly more, pixels
/// that are not give some times as much, and a bomb a thousand times.
const MOST_TIMES: u64 = 64;
/// Whatever the size, so much may be unpacked.
const ALWAYS: u64 = 16 << 20;

/// The unpacked copy of `packed` in `cache`, made first where there is none.
pub(in super::super) fn unpacked(packed: &Blob, cache: &Path) -> Result<Blob, FolderError> {
    let copy = cache.join(part(packed)?).with_extension("tar");
    let failed = |source| FolderError::Unpack { path: packed.path.clone(), copy: copy.clone(), source };
    if !copy.is_file() {
        fs::create_dir_all(copy.parent().unwrap_or(cache)).map_err(failed)?;
        replace(&copy, |writer| unpack(packed, writer)).map_err(failed)?;
    }
    let mut blob = Blob::open(&copy).map_err(failed)?;
    // Its images are as old as the archive.
    blob.stamp.modified_ns = packed.stamp.modified_ns;
    Ok(blob)
}

/// The part of the cache that the unpacked copy of `packed` is kept in.
pub(in super::super) fn part(packed: &Blob) -> Result<PathBuf, FolderError> {
    let marks = Marks::of(packed).map_err(|source| FolderError::read(&packed.path, source))?;
    // Another file, or another content, is another copy.
    let key = format!("{} {}", packed.path.display(), marks.digest());
    Ok(Path::new("unpacked").join(Fingerprint::of(key.as_bytes()).short()))
}

fn unpack(packed: &Blob, writer: &mut impl Write) -> io::Result<()> {
    let most = packed.stamp.bytes.saturating_mul(MOST_TIMES).max(ALWAYS);
    let mut reader = MultiGzDecoder::new(packed.reader(1 << 16)).take(most + 1);
    let bytes = io::copy(&mut reader, writer)?;
    if bytes > most {
        let problem =
            format!("it gives more than {most} bytes, {MOST_TIMES} times its size, as no photos do");
        return Err(io::Error::other(problem));
    }
    Ok(())
}

/// That there is a copy, and how large it is.
pub(in super::super) fn note(root: &Path, copy: &Blob) -> String {
    let (megabytes, copied) = (copy.stamp.bytes >> 20, copy.path.display());
    format!(
        "{} is read from its unpacked copy {copied} ({megabytes} MB), which may be deleted",
        root.display()
    )
}
