//! `train.rec` and what lies beside it, as `InsightFace` reads them: record 0 is a header, an image is a record from 1 on,
//! and behind the images each person has a record that says which are theirs.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Seek, SeekFrom, Write},
    path::Path,
};

use super::{ExportError, Exported, Work, folders::whole_folder};
use crate::{
    container::recordio::{LONGEST, MAGIC},
    decode::look,
    replace::replace,
};

/// Whole numbers up to here are float32s.
const MOST_LABELS: u64 = 1 << 24;

pub(super) fn write(work: &Work<'_>, out: &Path) -> Result<Exported, ExportError> {
    let labels = labels(work)?;
    let mut places: Vec<usize> = (0..labels.len()).collect();
    // Stable, so that images of a person keep their order.
    places.sort_by_key(|&place| labels[place]);
    whole_folder(out, |folder| {
        let path = folder.join("train.rec");
        let mut files = Files::default();
        let left_out = replace(&path, |writer| {
            let mut record = Writer { writer, at: 0 };
            let failed = ExportError::write(&path);
            record.write(0, &[0.0, 0.0], 0, &[]).map_err(&failed)?;
            let left_out = work.each(&places, |place, image| {
                files.image(&record, labels[place], &work.candidates()[place].name, &image.bytes);
                record.write(files.images, &[labels[place] as f32], files.images, &image.bytes).map_err(&failed)
            })?;
            files.people(&mut record).map_err(&failed)?;
            Ok::<_, ExportError>(()).map(|()| files.left_out = left_out)
        })
        .map(|()| std::mem::take(&mut files.left_out))?;
        files.write(folder, labels.len())?;
        Ok(Exported { images: files.images as usize, identities: files.people.len(), left_out })
    })
}
