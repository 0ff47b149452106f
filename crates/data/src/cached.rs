//! What of a cache some data is kept in, for whoever removes the rest.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use arclab_spec::config::{Config, Dataset, PairSource};

use crate::{
    cache::Source,
    container::{self, FolderError},
};

/// Parts of `cache` that `config`'s images are kept in, as `images/NAME`, `listings/NAME` and `unpacked/NAME`; an error
/// where they cannot be told, as the data is away.
pub fn cached(config: &Config, cache: &Path) -> Result<BTreeSet<PathBuf>, FolderError> {
    let mut parts = BTreeSet::new();
    let size = config.data.image_size;
    match &config.data.dataset {
        Dataset::Synthetic(faces) => drop(parts.insert(Source::synthetic(faces).cached(size))),
        Dataset::Folder(path) => parts.extend(of_files(path, size, cache)?),
    }
    for protocol in config.evaluation.protocols.values() {
        match &protocol.pairs {
            PairSource::Listed { images: Some(path), .. } => parts.extend(of_files(path, size, cache)?),
            PairSource::Listed { list, images: None } => {
                // One that is away may hold its images.
                fs::metadata(list).map_err(|source| FolderError::list(list, source))?;
                if container::holds_its_images(list) {
                    parts.extend(of_files(list, size, cache)?);
                }
            }
            PairSource::Drawn { .. } => {}
        }
    }
    Ok(parts)
}

fn of_files(path: &Path, size: u32, cache: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let located = container::locate(path)?;
    let mut parts = vec![Source::files_cached(&located.root, size)];
    parts.extend(container::kept_parts(&located, cache)?);
    Ok(parts)
}
