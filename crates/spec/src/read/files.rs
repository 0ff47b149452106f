//! Which files are meant, and in which order.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::{Catalogue, chain, section::Reading};
use crate::{Spec, precedence, source::Diagnostic};

/// Spec files that were named together.
pub(super) struct Group {
    pub(super) files: Vec<PathBuf>,
    /// Files of a folder are put in order; those that a person names one by one stay as they are.
    pub(super) is_folder: bool,
}

/// The spec files that `paths` stand for, each once.
pub(super) fn listed(paths: &[PathBuf], reading: &Reading<'_>) -> Vec<Group> {
    let mut seen = BTreeSet::new();
    let mut groups = Vec::with_capacity(paths.len());
    for path in paths {
        let is_folder = path.is_dir();
        let mut files = if is_folder { in_folder(path, reading) } else { vec![path.clone()] };
        files.retain(|file| seen.insert(fs::canonicalize(file).unwrap_or_else(|_| file.clone())));
        groups.push(Group { files, is_folder });
    }
    groups
}

fn in_folder(folder: &Path, reading: &Reading<'_>) -> Vec<PathBuf> {
    let is_spec = |path: &PathBuf| {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        // A catalogue of data sets lies beside the specs that name them.
        let catalogue = path.file_name().is_some_and(|name| name == Catalogue::FILE);
        chain::is_yaml(path) && !hidden && !catalogue && path.is_file()
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let found = Diagnostic::of_file(folder.display(), format!("failed to list the folder: {error}"));
            reading.report(found);
            return Vec::new();
        }
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_spec).collect();
    files.sort();
    if files.is_empty() {
        let found = Diagnostic::of_file(folder.display(), "there is no spec in this folder");
        reading.report(found.help("specs are the `.yaml` files directly in a folder"));
    }
    files
}

/// Puts the specs of a folder in order: see [`precedence`], then by file name.
pub(super) fn sort(specs: &mut [Spec]) {
    // Stable, so that files keep the order of their names.
    specs.sort_by_key(|spec| precedence(spec.lineage.depth, &spec.name));
}

/// A mistake for each spec whose name an earlier one of its experiment has.
pub(super) fn same_names(specs: &[Spec]) -> Vec<Diagnostic> {
    let of_earlier = |(place, spec): (usize, &Spec)| {
        let same = |other: &&Spec| (&other.experiment, &other.name) == (&spec.experiment, &spec.name);
        let twin = specs[..place].iter().find(same)?;
        let message = format!("{} has the name `{}`, too", twin.file.display(), spec.name);
        Some(Diagnostic::of_file(spec.file.display(), message).help("give one of them another `name:`"))
    };
    specs.iter().enumerate().filter_map(of_earlier).collect()
}
