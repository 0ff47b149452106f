//! Which files are meant.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::section::Reading;
use crate::{Spec, source::Diagnostic};

/// The spec files that `paths` stand for, each once.
pub(super) fn listed(paths: &[PathBuf], reading: &Reading<'_>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        let found = if path.is_dir() { in_folder(path, reading) } else { vec![path.clone()] };
        for file in found {
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    files
}

fn in_folder(folder: &Path, reading: &Reading<'_>) -> Vec<PathBuf> {
    let is_spec = |path: &PathBuf| {
        let is_yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        is_yaml && !hidden && path.is_file()
    };
    let mut files: Vec<PathBuf> = match fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).filter(is_spec).collect(),
        Err(error) => {
            reading
                .report(Diagnostic::of_file(folder.display(), format!("failed to list the folder: {error}")));
            return Vec::new();
        }
    };
    files.sort();
    if files.is_empty() {
        let found = Diagnostic::of_file(folder.display(), "no specs in this folder");
        reading.report(found.help("specs are the `.yaml` files directly in a folder"));
    }
    files
}

/// Two specs of one experiment with one name would be taken for one another in the tables.
pub(super) fn refuse_same_names(specs: &[Spec], reading: &Reading<'_>) {
    for (place, spec) in specs.iter().enumerate() {
        let twin = specs[..place]
            .iter()
            .find(|other| (&other.experiment, &other.name) == (&spec.experiment, &spec.name));
        if let Some(twin) = twin {
            let message = format!("{} has the name `{}`, too", twin.file.display(), spec.name);
            let found = Diagnostic::of_file(spec.file.display(), message);
            reading.report(found.help("give one of them another `name:`"));
        }
    }
}
