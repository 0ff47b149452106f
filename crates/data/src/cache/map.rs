//! Reading a file of pixels through the page cache, which all workers of a machine share.

#![expect(unsafe_code, reason = "mapping a file is safe only while nobody writes into it, which nobody does")]

use std::{fs::File, path::Path};

use memmap2::Mmap;

/// A whole file as bytes.
#[derive(Debug)]
pub(super) struct Mapped {
    map: Mmap,
}

impl Mapped {
    /// `None` where the file cannot be opened or mapped (an empty one, say): then it is made again.
    pub(super) fn open(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        // SAFETY: files of pixels are replaced by renaming and never written in place, and a file that was renamed
        // over lives on while it is mapped.
        let map = unsafe { Mmap::map(&file) }.ok()?;
        Some(Self { map })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.map
    }
}
