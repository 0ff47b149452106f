//! What was read of a container's directory, kept in the cache, so that a second look at an unchanged file reads nothing of it.
//!
//! A file is taken for unchanged where its path, size, times of change (of content and of inode, which nobody sets) and inode
//! are, and those of an index beside it. `CACHE/listings/NAME.jsonl` has these in its first line, with the digest of what follows:
//! what is to be said of the whole, then a line a candidate. One that does not fit, or is damaged, is made again.

use std::{
    fs::{self, Metadata},
    io,
    io::Write as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use arclab_spec::Fingerprint;
use serde::{Deserialize, Serialize};

use super::{Blob, Candidate, FolderError, LeftOut, Listing, Stamp};
use crate::replace::replace;

/// Raised whenever a file is listed otherwise.
const LISTING_VERSION: u32 = 1;

/// What a file looks like from outside.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FileMarks {
    stamp: Stamp,
    inode: u64,
    changed_s: i64,
    changed_ns: i64,
}

impl FileMarks {
    fn of(about: &Metadata) -> Self {
        let (changed_s, changed_ns) = (about.ctime(), about.ctime_nsec());
        Self { stamp: Stamp::of(about), inode: about.ino(), changed_s, changed_ns }
    }
}

/// What a container looks like from outside: another content has others.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marks {
    file: FileMarks,
    /// Of `train.idx`.
    index: Option<FileMarks>,
}

impl Marks {
    /// To be taken before the file is read: one that changes meanwhile has others afterwards.
    pub(super) fn of(blob: &Blob) -> io::Result<Self> {
        // Of the file that is open, since by now another may have its path.
        let file = FileMarks::of(&blob.metadata()?);
        let index = fs::metadata(blob.path.with_extension("idx")).ok();
        Ok(Self { file, index: index.as_ref().map(FileMarks::of) })
    }

    pub(super) fn digest(&self) -> Fingerprint {
        let json = serde_json::to_vec(self).expect("marks are numbers and always become JSON");
        Fingerprint::of(&json)
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct FirstLine {
    version: u32,
    #[serde(flatten)]
    marks: Marks,
    digest: Fingerprint,
}

/// What is said of a file as a whole.
#[derive(Debug, Serialize, Deserialize)]
struct Whole {
    left_out: Vec<LeftOut>,
    same: Option<Vec<bool>>,
    notes: Vec<String>,
    details: Vec<String>,
}

/// The listing of `blob`, which has these `marks`, as it is kept in `cache`; else as `list` makes it, which is then kept. An empty path is no cache.
pub(super) fn or_else(
    blob: &Blob,
    marks: Marks,
    cache: &Path,
    list: impl FnOnce() -> Result<Listing, FolderError>,
) -> Result<Listing, FolderError> {
    if cache.as_os_str().is_empty() {
        return list();
    }
    let path = file(blob, cache);
    if let Some(listing) = read(&path, &marks) {
        return Ok(listing);
    }
    let listing = list()?;
    if listing.away.is_empty() {
        // It only saves time: on a full disk the file is read again the next time.
        let _ = write(&path, marks, &listing);
    }
    Ok(listing)
}

fn file(blob: &Blob, cache: &Path) -> PathBuf {
    cache.join(part(&blob.path)).with_extension("jsonl")
}

/// The part of the cache that the listing of the file at `path` is kept in.
pub(super) fn part(path: &Path) -> PathBuf {
    Path::new("listings").join(Fingerprint::of(path.as_os_str().as_encoded_bytes()).short())
}

fn read(path: &Path, marks: &Marks) -> Option<Listing> {
    let bytes = fs::read(path).ok()?;
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let first: FirstLine = serde_json::from_slice(&bytes[..end]).ok()?;
    let body = &bytes[end + 1..];
    let fits = first.version == LISTING_VERSION && first.marks == *marks;
    if !fits || first.digest != Fingerprint::of(body) {
        return None;
    }
    let end = body.iter().position(|&byte| byte == b'\n')?;
    let Whole { left_out, same, notes, details } = serde_json::from_slice(&body[..end]).ok()?;
    let candidates = serde_json::Deserializer::from_slice(&body[end + 1..]).into_iter();
    let candidates: Result<Vec<Candidate>, _> = candidates.collect();
    Some(Listing { candidates: candidates.ok()?, left_out, away: Vec::new(), same, notes, details })
}

fn write(path: &Path, marks: Marks, listing: &Listing) -> io::Result<()> {
    let whole = Whole {
        left_out: listing.left_out.clone(),
        same: listing.same.clone(),
        notes: listing.notes.clone(),
        details: listing.details.clone(),
    };
    let mut body = serde_json::to_vec(&whole)?;
    body.push(b'\n');
    for candidate in &listing.candidates {
        serde_json::to_writer(&mut body, candidate)?;
        body.push(b'\n');
    }
    let first = FirstLine { version: LISTING_VERSION, marks, digest: Fingerprint::of(&body) };
    fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
    replace(path, |writer| {
        serde_json::to_writer(&mut *writer, &first)?;
        writer.write_all(b"\n")?;
        writer.write_all(&body)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::super::{Container, locate};
    use super::*;

    /// The candidates of the file, and how many bytes were read of it to know them.
    fn look(path: &Path, cache: &Path) -> (Vec<Candidate>, u64) {
        let set = Container::open(locate(path).unwrap(), cache).unwrap();
        (set.listing.candidates, set.blob.unwrap().read.load(Ordering::Relaxed))
    }

    fn tar(content: &[u8]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for name in ["ann/a.png", "bob/b.png"] {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            builder.append_data(&mut header, name, content).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn zip(content: &[u8]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        let stored =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file("ann/a.png", stored).unwrap();
        writer.write_all(content).unwrap();
        writer.finish().unwrap().into_inner()
    }

    fn gzipped(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    /// A record with the label 0 and the image `x`.
    fn record() -> Vec<u8> {
        [&[0x0A, 0x23, 0xD7, 0xCE, 25, 0, 0, 0][..], &[0; 24], b"x", &[0; 3]].concat()
    }

    /// A file of each form that lies in one file.
    fn forms() -> Vec<(&'static str, Vec<u8>)> {
        vec![
            ("x.tar", tar(b"content")),
            ("x.tgz", gzipped(&tar(b"content"))),
            ("x.zip", zip(b"content")),
            ("x.rec", record()),
            ("x.bin", b"\x80\x02](U\x01aU\x01be](\x88e\x86.".to_vec()),
        ]
    }

    #[test]
    fn a_second_look_at_an_unchanged_file_reads_nothing_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        for (name, bytes) in forms() {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            let (first, read) = look(&path, &cache);
            assert!(read > 0 && !first.is_empty(), "{name}");
            assert_eq!(look(&path, &cache), (first, 0), "{name}");
        }
    }

    #[test]
    fn a_file_of_the_same_size_and_time_is_another_by_its_inode_and_a_damaged_listing_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, cache) = (folder.path().join("x.tar"), folder.path().join("cache"));
        fs::write(&path, tar(b"content")).unwrap();
        look(&path, &cache);
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        let other = folder.path().join("y.tar");
        fs::write(&other, tar(b"tnetnoc")).unwrap();
        fs::File::options().write(true).open(&other).unwrap().set_modified(time).unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(look(&path, &cache).1 > 0);
        assert_eq!(look(&path, &cache).1, 0);
        let kept = fs::read_dir(cache.join("listings")).unwrap().next().unwrap().unwrap().path();
        let mut bytes = fs::read(&kept).unwrap();
        *bytes.last_mut().unwrap() = b'x';
        fs::write(&kept, bytes).unwrap();
        assert!(look(&path, &cache).1 > 0);
    }

    #[test]
    fn another_index_beside_a_record_file_is_another_listing() {
        let folder = tempfile::tempdir().unwrap();
        let (path, cache) = (folder.path().join("x.rec"), folder.path().join("cache"));
        fs::write(&path, record()).unwrap();
        assert_eq!(look(&path, &cache).0[0].name, "0/0");
        fs::write(path.with_extension("idx"), "7\t0\n").unwrap();
        assert_eq!(look(&path, &cache).0[0].name, "0/7");
        assert_eq!(look(&path, &cache).1, 0);
    }
}
