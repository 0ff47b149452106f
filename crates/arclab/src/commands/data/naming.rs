//! Names that a catalogue gives to data sets.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context as _, bail};
use arclab_spec::{Catalogue, CatalogueEntry};

use crate::output::{self, Output};

/// A name that what lies at a path can be given.
pub(super) struct Naming<'a> {
    name: &'a str,
    path: &'a Path,
    file: PathBuf,
    catalogue: Catalogue,
    /// Whether it is that path's name already, and is to stay as it is.
    is_known: bool,
}

impl<'a> Naming<'a> {
    /// Refuses a name that is none, or that something else than `path` has unless `replace`, before anything is done. `file` is
    /// the catalogue; else it is the usual one.
    pub(super) fn new(
        name: &'a str,
        path: &'a Path,
        file: Option<&Path>,
        replace: bool,
    ) -> anyhow::Result<Self> {
        if !Catalogue::is_name(name) {
            bail!(
                "`{name}` is no name of a data set: use letters, digits, `.`, `-` and `_`, and another word than `synthetic`"
            );
        }
        let file = file.map_or_else(usual, Path::to_owned);
        let catalogue = Catalogue::read(&file)?;
        let is_known = catalogue.names().contains(&name) && !replace;
        if is_known {
            refuse_another(&catalogue, name, path, &file)?;
        }
        Ok(Self { name, path, file, catalogue, is_known })
    }

    /// Gives the name, with what is to be noted of the set.
    pub(super) fn give(
        &self,
        licence: Option<String>,
        source: Option<String>,
        output: Output,
    ) -> anyhow::Result<()> {
        let Self { name, file, .. } = self;
        if self.is_known {
            output.note(format_args!("{} has the name {name} for it already", file.display()));
            return Ok(());
        }
        // As it was said: what is relative here is relative to the catalogue there.
        let path = if self.path.is_absolute() { self.path.to_owned() } else { relative(self.path, file)? };
        let entry = CatalogueEntry { name: (*name).to_owned(), path, licence, source };
        output::replace(file, self.catalogue.with(&entry)?.as_bytes())?;
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

fn refuse_another(catalogue: &Catalogue, name: &str, path: &Path, file: &Path) -> anyhow::Result<()> {
    let Some(there) = catalogue.path(name)? else { return Ok(()) };
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if real(&there) != real(path) {
        bail!(
            "{} has the name {name} for {} already: take another name, or write `--replace`",
            file.display(),
            there.display()
        );
    }
    Ok(())
}

/// `path` from the folder of `file`.
fn relative(path: &Path, file: &Path) -> anyhow::Result<PathBuf> {
    let real = |path: &Path| {
        fs::canonicalize(path).with_context(|| format!("failed to look into {}", path.display()))
    };
    // The last link stays one, since it may be made to lead elsewhere.
    let name = path.components().next_back().filter(|last| matches!(last, Component::Normal(_)));
    let target = match name {
        Some(name) => {
            fs::metadata(path).with_context(|| format!("failed to look into {}", path.display()))?;
            real(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))?
                .join(name)
        }
        None => real(path)?,
    };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = real(folder)?;
    let shared = folder.components().zip(target.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(target.components().skip(shared)).collect();
    Ok(if path.as_os_str().is_empty() { PathBuf::from(".") } else { path })
}
