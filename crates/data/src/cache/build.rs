//! Making the files of one set.

use std::io::{Seek, SeekFrom, Write};

use rayon::prelude::*;

use super::{CACHE_VERSION, CacheError, Header, Paths, Source, header, index::Draft};
use crate::{progress::Progress, replace::replace};

/// Images held in memory at once; enough to keep all cores busy.
const CHUNK: usize = 256;

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
        writer.write_all(&Header { version: CACHE_VERSION, size, count, index: draft.digest() }.to_bytes())
    })
    .map_err(|e| CacheError::write(&paths.pixels, e))?;
    draft.write(&paths.index).map_err(|e| CacheError::write(&paths.index, e))
}

/// Number of images written.
fn write_images(
    writer: &mut impl Write,
    draft: &mut Draft,
    source: &Source,
    size: u32,
    progress: &dyn Progress,
) -> std::io::Result<u64> {
    let (title, total) = (source.title(), source.len());
    let mut count = 0;
    progress.images(&title, 0, total);
    for start in (0..total).step_by(CHUNK) {
        let end = total.min(start + CHUNK);
        let made: Vec<_> = (start..end).into_par_iter().map(|position| source.make(position, size)).collect();
        for (entry, pixels) in made {
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
