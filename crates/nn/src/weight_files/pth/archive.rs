//! The zip archive: its entries are stored as they are, and none overlaps another.

use std::io::{Cursor, Read as _};

use zip::{CompressionMethod, ZipArchive};

use super::{PickleProblem, PthError};

/// The pickle of an IResNet-100 has a seventh of it.
const MAX_PICKLE: usize = 1 << 20;
const PICKLE: &str = "data.pkl";

/// What `torch.save` wrote.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// The folder inside that everything lies in, with its slash.
    folder: String,
    bytes: u64,
}

impl<'a> Archive<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, PthError> {
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(PthError::Zip)?;
        if zip.has_overlapping_entries().map_err(PthError::Zip)? {
            return Err(PthError::Overlapping);
        }
        let names = zip.file_names().map(|name| Ok(name?.into_owned())).collect::<Result<Vec<_>, _>>();
        let folder =
            |name: &String| name.strip_suffix(PICKLE).filter(|it| it.ends_with('/')).map(str::to_owned);
        let folders: Vec<String> = names.map_err(PthError::Zip)?.iter().filter_map(folder).collect();
        match <[String; 1]>::try_from(folders) {
            Ok([folder]) => {
                let mut archive = Self { zip, folder, bytes: bytes.len() as u64 };
                archive.refuse_big_endian()?;
                Ok(archive)
            }
            Err(folders) => Err(PthError::Pickles { found: folders.len() }),
        }
    }

    /// Bytes of all entries together, and more.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The program that describes the tensors.
    pub(super) fn pickle(&mut self) -> Result<Vec<u8>, PthError> {
        let program = self.entry(PICKLE)?.unwrap_or_default();
        if program.len() <= MAX_PICKLE {
            return Ok(program);
        }
        Err(PthError::Pickle { at: MAX_PICKLE, problem: PickleProblem::Long(program.len()) })
    }

    /// The content of an entry, if there is one of this name.
    pub(super) fn entry(&mut self, name: &str) -> Result<Option<Vec<u8>>, PthError> {
        let name = format!("{}{name}", self.folder);
        let Some(index) = self.zip.index_for_name(&name) else { return Ok(None) };
        let unusual = |problem| PthError::Entry { entry: name.clone(), problem };
        let entry = self.zip.by_index_raw(index).map_err(PthError::Zip)?;
        if entry.encrypted() || entry.compression() != CompressionMethod::Stored {
            return Err(unusual("is compressed or encrypted"));
        }
        // They do not overlap, so that none is longer than the archive.
        if entry.size() != entry.compressed_size() || entry.size() > self.bytes {
            return Err(unusual("says two sizes of itself"));
        }
        drop(entry);
        let (entry, mut content) = (self.zip.by_index(index).map_err(PthError::Zip)?, Vec::new());
        let read = entry.take(self.bytes).read_to_end(&mut content);
        read.map_err(|error| PthError::Zip(error.into()))?;
        Ok(Some(content))
    }

    fn refuse_big_endian(&mut self) -> Result<(), PthError> {
        match self.entry("byteorder")? {
            Some(order) if order != b"little" => Err(PthError::BigEndian),
            // Before PyTorch 2.1 nothing was said.
            Some(_) | None => Ok(()),
        }
    }
}
