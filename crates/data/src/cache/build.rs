//! Making the files of one set.

use std::io::{self, Seek, SeekFrom, Write};

use rayon::prelude::*;

use super::{CACHE_VERSION, CacheError, Header, Paths, Source, header, index::Draft, source::Made};
use crate::{container::FolderError, progress::Progress, replace::replace};

/// Images held in memory at once; enough to keep all cores busy.
const CHUNK: usize = 256;

/// What ends a build.
enum Halt {
    Read(FolderError),
    Write(io::Error),
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

pub(super) fn build(
    paths: &Paths,
    source: &Source,
    size: u32,
    progress: &dyn Progress,
) -> Result<(), CacheError> {
    let mut draft = Draft::new();
    replace(&paths.pixels, |writer| {
        writer.write_all(&[0; header::LENGTH])?;
        let count = write_images(writer, &mut draft, source, size, progress)?;
        writer.seek(SeekFrom::Start(0))?;
        let header = Header { version: CACHE_VERSION, size, count, index: draft.digest() };
        Ok(writer.write_all(&header.to_bytes())?)
    })
    .map_err(|halt| match halt {
        Halt::Read(error) => CacheError::Folder(error),
        Halt::Write(error) => CacheError::write(&paths.pixels, error),
    })?;
    draft.write(&paths.index, source.container()).map_err(|e| CacheError::write(&paths.index, e))
}

/// Number of images written.
fn write_images(
    writer: &mut impl Write,
    draft: &mut Draft,
    source: &Source,
    size: u32,
    progress: &dyn Progress,
) -> Result<u64, Halt> {
    let (title, total) = (source.title(), source.len());
    let mut count = 0;
    progress.images(&title, 0, total);
    for start in (0..total).step_by(CHUNK) {
        let end = total.min(start + CHUNK);
        let made: Result<Vec<Made>, FolderError> =
            (start..end).into_par_iter().map(|position| source.make(position, size)).collect();
        for (entry, pixels) in made.map_err(Halt::Read)? {
            draft.push(&entry);
            if let Some(pixels) = pixels {
                writer.write_all(&pixels)?;
                count += 1;
            }
        }
        progress.images(&title, end, total);
    }
    Ok(count)
}
