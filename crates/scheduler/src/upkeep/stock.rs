//! What lies in a store beside its runs: caches, splits of audits, arrays' folders, and files that were never finished.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use arclab_store::{Store, Unreferenced};

use super::look::{LookError, bytes_in, entries};
use crate::slurm;

/// Where the cache keeps what, each named after what it was made of. Lists of pairs are small, and named after what is in
/// them: of which plan one is, only drawing it again tells.
const CACHES: [&str; 3] = ["images", "listings", "unpacked"];

/// What may be wasted beside runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stock {
    /// What the cache holds.
    pub cached: Vec<Cached>,
    /// Splits of audits.
    pub audits: Vec<PathBuf>,
    /// Folders of arrays on a cluster, with the script and links to the runs' folders.
    pub arrays: Vec<PathBuf>,
    /// Files that a process has not finished, and will not.
    pub leftovers: Vec<PathBuf>,
    /// Rows that nothing names.
    pub rows: Unreferenced,
    /// Bytes of each of these files.
    pub bytes: BTreeMap<PathBuf, u64>,
}

/// What was made once of some data: its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cached {
    /// `images/NAME`, `unpacked/NAME`, …
    pub name: PathBuf,
    /// Its files.
    pub files: Vec<PathBuf>,
    /// Whether a process makes it now.
    pub is_in_use: bool,
}

/// Looks at a store's caches, splits of audits and rows.
pub async fn stock(store: &Store) -> Result<Stock, LookError> {
    let mut stock = Stock { rows: store.unreferenced().await.map_err(LookError::Store)?, ..Stock::default() };
    let failed = |folder: &Path, source| LookError::Folder { folder: folder.to_owned(), source };
    let cache = store.cache();
    for kind in CACHES {
        let folder = cache.join(kind);
        stock.take_cache(kind, &folder).map_err(|source| failed(&folder, source))?;
    }
    stock.take_leftovers(&cache).map_err(|source| failed(&cache, source))?;
    stock.audits = stock.all_in(&store.folder().join("audits"))?;
    stock.arrays = stock.all_in(&store.folder().join(slurm::FOLDER))?;
    Ok(stock)
}

impl Stock {
    fn all_in(&mut self, folder: &Path) -> Result<Vec<PathBuf>, LookError> {
        let failed = |source| LookError::Folder { folder: folder.to_owned(), source };
        let found: Vec<PathBuf> =
            entries(folder).map_err(failed)?.into_iter().map(|entry| entry.path()).collect();
        found.iter().try_for_each(|path| self.count(path)).map_err(failed)?;
        Ok(found)
    }

    fn take_cache(&mut self, kind: &str, folder: &Path) -> io::Result<()> {
        let mut found: BTreeMap<PathBuf, Cached> = BTreeMap::new();
        for entry in entries(folder)? {
            let file = entry.path();
            if file.extension().is_some_and(|ending| ending == "tmp") {
                continue;
            }
            self.count(&file)?;
            let name = Path::new(kind).join(file.file_stem().unwrap_or_default());
            let cached =
                found.entry(name.clone()).or_insert(Cached { name, files: Vec::new(), is_in_use: false });
            cached.is_in_use |= file.extension().is_some_and(|ending| ending == "lock") && is_locked(&file);
            cached.files.push(file);
        }
        self.cached.extend(found.into_values());
        self.take_leftovers(folder)
    }

    /// Files with the number of a process in their name that lives no more.
    fn take_leftovers(&mut self, folder: &Path) -> io::Result<()> {
        for entry in entries(folder)? {
            let name = entry.file_name().to_string_lossy().into_owned();
            if owner(&name).is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
                self.count(&entry.path())?;
                self.leftovers.push(entry.path());
            }
        }
        Ok(())
    }

    fn count(&mut self, path: &Path) -> io::Result<()> {
        self.bytes.insert(path.to_owned(), bytes_in(path)?);
        Ok(())
    }
}

fn is_locked(file: &Path) -> bool {
    File::open(file).is_ok_and(|file| file.try_lock().is_err())
}

/// The process that writes a file of this name: `X.PID-N.tmp`, `X.PID.tmp`, `embeddings-PID.f32`.
fn owner(name: &str) -> Option<&str> {
    let pid = match name.strip_suffix(".tmp") {
        Some(rest) => rest.rsplit_once('.')?.1.split('-').next()?,
        None => name.strip_prefix("embeddings-")?.strip_suffix(".f32")?,
    };
    (!pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit())).then_some(pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_that_writes_a_file_stands_in_its_name() {
        assert_eq!(owner("faces-1a2b-64.pixels.4711-3.tmp"), Some("4711"));
        assert_eq!(owner("copy.99.tmp"), Some("99"));
        assert_eq!(owner("embeddings-12.f32"), Some("12"));
        for other in ["faces-1a2b-64.pixels", "x.tmp", "embeddings-a.f32", "a.b-1.tmp"] {
            assert_eq!(owner(other), None, "{other}");
        }
    }
}
