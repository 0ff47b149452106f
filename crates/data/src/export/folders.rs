//! A folder with one sub-folder an identity.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process,
};

use super::{ExportError, Exported, Work};
use crate::container::ENDINGS;

pub(super) fn write(work: &Work<'_>, out: &Path) -> Result<Exported, ExportError> {
    let places: Vec<usize> = (0..work.candidates().len()).collect();
    let mut written = BTreeSet::new();
    let mut identities = BTreeSet::new();
    let left_out = whole_folder(out, |folder| {
        work.each(&places, |place, image| {
            let (identity, file) = work.candidates()[place].name.split_once('/').unwrap_or_default();
            let identity = visible(identity);
            let mut name = format!("{identity}/{}", visible(&with_ending(file, image.ending)));
            // Two that differed in their endings alone.
            if !written.insert(name.clone()) {
                name = format!("{identity}/{}.{}", visible(file), image.ending);
                written.insert(name.clone());
            }
            let path = folder.join(name);
            if identities.insert(identity.clone()) {
                let folder = folder.join(&identity);
                fs::create_dir_all(&folder).map_err(ExportError::write(&folder))?;
            }
            fs::write(&path, &image.bytes).map_err(ExportError::write(&path))
        })
    })?;
    Ok(Exported { images: written.len(), identities: identities.len(), left_out })
}

/// Makes the folder `out` through `write`: under another name first, so that it is there whole or not at all. One that was
/// there goes once the new one is whole.
pub(super) fn whole_folder<T>(
    out: &Path,
    write: impl FnOnce(&Path) -> Result<T, ExportError>,
) -> Result<T, ExportError> {
    let beside = |ending: &str| {
        // Not as it was written: behind a slash at its end these would lie within it.
        let mut path = out.components().collect::<PathBuf>().into_os_string();
        path.push(format!(".{}.{ending}", process::id()));
        PathBuf::from(path)
    };
    let (unfinished, old) = (beside("tmp"), beside("old"));
    fs::create_dir_all(&unfinished).map_err(ExportError::write(&unfinished))?;
    let take_place = || {
        if !out.exists() {
            return fs::rename(&unfinished, out);
        }
        fs::rename(out, &old)?;
        // Whatever hinders the new one, the old one is not lost.
        fs::rename(&unfinished, out).inspect_err(|_| drop(fs::rename(&old, out)))?;
        fs::remove_dir_all(&old)
    };
    let written = write(&unfinished)
        .and_then(|written| take_place().map(|()| written).map_err(ExportError::write(out)));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_dir_all(&unfinished);
    }
    written
}

/// `file` without the ending of an image.
pub(super) fn stem(file: &str) -> &str {
    match file.rsplit_once('.') {
        Some((stem, ending))
            if ENDINGS.contains(&ending.to_ascii_lowercase().as_str()) && !stem.is_empty() =>
        {
            stem
        }
        _ => file,
    }
}

/// `file` with the ending of what is in it: a wrong one, or none, harms other programs.
fn with_ending(file: &str, ending: &str) -> String {
    let of_images = |(stem, found): (&str, &str)| {
        let found = found.to_ascii_lowercase();
        ENDINGS.contains(&found.as_str()).then(|| (stem.to_owned(), found))
    };
    match file.rsplit_once('.').and_then(of_images) {
        Some((_, found)) if same(&found, ending) => file.to_owned(),
        Some((stem, _)) => format!("{stem}.{ending}"),
        None => format!("{file}.{ending}"),
    }
}

fn same(found: &str, ending: &str) -> bool {
    match ending {
        "jpg" => matches!(found, "jpg" | "jpeg"),
        "pnm" => matches!(found, "pgm" | "ppm" | "pnm"),
        other => found == other,
    }
}

/// `name` as no folder hides it.
pub(super) fn visible(name: &str) -> String {
    if name.starts_with('.') { format!("_{name}") } else { name.to_owned() }
}
