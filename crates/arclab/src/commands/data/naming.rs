//! Names that a catalogue gives to data sets.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context as _, bail};
use arclab_data::resolved;
use arclab_spec::{Catalogue, CatalogueEntry};

use crate::output::{self, Output};

/// A name for what lies, or will lie, at a path.
pub(super) struct Naming<'a> {
    name: &'a str,
    path: &'a Path,
    file: PathBuf,
    catalogue: Catalogue,
}

impl<'a> Naming<'a> {
    /// In the catalogue `file`, or in the usual one. Refuses a name that is none.
    pub(super) fn new(name: &'a str, path: &'a Path, file: Option<&Path>) -> anyhow::Result<Self> {
        if !Catalogue::is_name(name) {
            bail!(
                "`{name}` is no name of a data set: use letters, digits, `.`, `-` and `_`, and another word than `synthetic`"
            );
        }
        let file = file.map_or_else(usual, Path::to_owned);
        let catalogue = Catalogue::read(&file)?;
        let folder = folder_of(&file);
        if !folder.is_dir() {
            bail!("{} cannot be written: there is no folder {}", file.display(), folder.display());
        }
        let naming = Self { name, path, file, catalogue };
        if naming.catalogue.path(name)?.is_none() {
            output::try_to_replace(&naming.file)?;
        }
        Ok(naming)
    }

    /// Whether the path has the name already. Refuses a name that another path has, which `option` would take from it.
    pub(super) fn is_known(&self, option: &str) -> anyhow::Result<bool> {
        let Self { name, file, .. } = self;
        let Some(there) = self.catalogue.path(name)? else { return Ok(false) };
        if real(&there) != real(self.path) {
            let (file, there) = (file.display(), there.display());
            bail!("{file} has the name {name} for {there} already: take another name, or write `{option}`");
        }
        Ok(true)
    }

    /// Says that nothing changes.
    pub(super) fn keep(&self, output: Output) {
        output.note(format_args!("{} has the name {} for it already", self.file.display(), self.name));
    }

    /// Gives the name, with what is to be noted of the set.
    pub(super) fn give(
        &self,
        licence: Option<String>,
        source: Option<String>,
        output: Output,
    ) -> anyhow::Result<()> {
        let Self { name, file, .. } = self;
        // As it was said: what is relative here is relative to the catalogue there.
        let path = if self.path.is_absolute() { self.path.to_owned() } else { relative(self.path, file)? };
        let entry = CatalogueEntry { name: (*name).to_owned(), path, licence, source };
        // Read anew: making the set may have taken hours, in which others were given names.
        output::replace(file, Catalogue::read(file)?.with(&entry)?.as_bytes())?;
        output.note(format_args!(
            "{} has it as {name}; a spec says `data: {{dataset: {name}}}`",
            file.display()
        ));
        Ok(())
    }
}

/// Where specs are that could name it.
fn usual() -> PathBuf {
    let specs = Path::new("experiments");
    if specs.is_dir() { specs.join(Catalogue::FILE) } else { PathBuf::from(Catalogue::FILE) }
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where `path` leads; as it is where nobody can say.
pub(super) fn real(path: &Path) -> PathBuf {
    resolved(path).unwrap_or_else(|_| path.to_owned())
}

/// `path` from the folder of `file`.
fn relative(path: &Path, file: &Path) -> anyhow::Result<PathBuf> {
    // The last link stays one, since it may be made to lead elsewhere.
    let name = path.components().next_back().filter(|last| matches!(last, Component::Normal(_)));
    let target = match name {
        Some(name) => real(folder_of(path)).join(name),
        None => real(path),
    };
    fs::metadata(&target).with_context(|| format!("failed to look into {}", path.display()))?;
    let folder = real(folder_of(file));
    let shared = folder.components().zip(target.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(target.components().skip(shared)).collect();
    Ok(if path.as_os_str().is_empty() { PathBuf::from(".") } else { path })
}
