//! Public data sets, brought from their hosts whole or not at all.
//!
//! [`public_sets`] says what there is, and [`fetch`] brings one of its files. What a set is good for, and how it is named in a
//! catalogue, is left to others.

mod error;
mod fetch;
mod host;
mod part;
mod patience;

use std::{
    env,
    path::{Path, PathBuf},
};

use arclab_spec::{PublicSet, SpecErrors};

pub use error::{FetchError, Tried};
pub use fetch::{Fetched, fetch};
pub use host::HostError;
pub use patience::Patience;

/// Hears how far a file is.
pub trait Progress {
    /// `done` of `total` bytes of the file `name` are there.
    fn bytes(&self, name: &str, done: u64, total: u64);

    /// What hinders, and what comes of it.
    fn hindered(&self, name: &str, what: &str);
}

/// The sets that this program knows, or those that `file` lists in the same form.
pub fn public_sets(file: Option<&Path>) -> Result<Vec<PublicSet>, SpecErrors> {
    match file {
        Some(file) => PublicSet::read(file),
        None => PublicSet::parse("public.yaml", include_str!("../public.yaml")),
    }
}

/// Where files lie that are of use in every folder, such as the detector: `arclab` in the user's cache folder. None where the
/// environment names no home.
pub fn shared_folder() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // Relative paths are to be passed over, by the XDG Base Directory Specification.
    let cache = set("XDG_CACHE_HOME")
        .filter(|folder| folder.is_absolute())
        .or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(cache.join("arclab"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_set_is_whole_and_has_its_licence() {
        let sets = public_sets(None).unwrap();
        assert!(sets.iter().any(|set| set.name == "lfw"));
        for set in sets {
            assert!(set.files.iter().all(|file| !file.hosts.is_empty()) && !set.licence.is_empty());
        }
    }
}
