//! A file that is read at places, from any thread.
//!
//! It is not mapped: a person's file may be cut short while it is read, which is an error here and would end the
//! process there. Images are read once and then mapped from the cache, so nothing is lost by it.

use std::{
    fs::{File, Metadata},
    io::{self, BufReader, Read, Seek, SeekFrom},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::Stamp;

/// Bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Span {
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
}

impl Span {
    /// The first byte behind it; as far as numbers go where it would be further.
    pub(crate) fn end(self) -> u64 {
        self.offset.saturating_add(self.bytes)
    }
}

/// A file that is read at places.
#[derive(Debug)]
pub(crate) struct Blob {
    pub(super) path: PathBuf,
    file: File,
    /// Where it begins in its file.
    begin: u64,
    /// Its size and time of change when it was opened.
    pub(super) stamp: Stamp,
    /// Bytes that were read of it.
    #[cfg(test)]
    pub(super) read: std::sync::atomic::AtomicU64,
}

impl Blob {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let stamp = Stamp::of(&file.metadata()?);
        Ok(Self {
            path: path.to_owned(),
            file,
            begin: 0,
            stamp,
            #[cfg(test)]
            read: std::sync::atomic::AtomicU64::new(0),
        })
    }

    /// The part of it in `span`, as old as the whole.
    pub(super) fn part(&self, span: Span) -> io::Result<Self> {
        Ok(Self {
            path: self.path.clone(),
            file: self.file.try_clone()?,
            begin: self.begin + span.offset,
            stamp: self.stamp_of(span.bytes),
            #[cfg(test)]
            read: std::sync::atomic::AtomicU64::new(0),
        })
    }

    /// What the file system says of the whole file.
    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    /// Of a member of `bytes`, which is as old as the file.
    pub(super) fn stamp_of(&self, bytes: u64) -> Stamp {
        Stamp { bytes, ..self.stamp }
    }

    /// The bytes of `span`; memory is taken for what is there alone.
    pub(super) fn read(&self, span: Span) -> io::Result<Vec<u8>> {
        if span.end() > self.stamp.bytes {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        let mut bytes = vec![0; span.bytes as usize];
        self.count(bytes.len());
        self.file.read_exact_at(&mut bytes, self.begin + span.offset)?;
        Ok(bytes)
    }

    #[cfg(test)]
    fn count(&self, bytes: usize) {
        self.read.fetch_add(bytes as u64, std::sync::atomic::Ordering::Relaxed);
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests count what is read")]
    fn count(&self, _bytes: usize) {}

    /// Reads on from the beginning.
    pub(super) fn reader(&self, buffer: usize) -> BufReader<Cursor<'_>> {
        BufReader::with_capacity(buffer, Cursor { blob: self, at: 0 })
    }
}

/// A place in a file; several readers of one file do not disturb each other.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    blob: &'a Blob,
    at: u64,
}

impl Read for Cursor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A part ends before its file does.
        let left = usize::try_from(self.blob.stamp.bytes.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let read = self.blob.file.read_at(&mut buffer[..wanted], self.blob.begin + self.at)?;
        self.blob.count(read);
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Cursor<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(by) => self.blob.stamp.bytes.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
