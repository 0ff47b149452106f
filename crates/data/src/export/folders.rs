//! A folder with one sub-folder an identity.

use std::{collections::BTreeSet, fs};

use super::{ExportError, Exported, Work, place::Place};
use crate::container::ENDINGS;

pub(super) fn write(work: &Work<'_>, place: &Place) -> Result<Exported, ExportError> {
    let places: Vec<usize> = (0..work.candidates().len()).collect();
    let mut written = BTreeSet::new();
    let mut identities = BTreeSet::new();
    place.fill(|folder| {
        let left_out = work.each(&places, |place, image| {
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
        })?;
        Ok(Exported { images: written.len(), identities: identities.len(), left_out, remains: None })
    })
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
