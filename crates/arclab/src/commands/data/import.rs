//! `arclab data import`.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context as _, bail};
use arclab_data::{Inspection, inspect};
use arclab_spec::{Catalogue, CatalogueEntry};

use super::{ImportArgs, inspect::tables};
use crate::{
    output::{self, Output},
    progress::DataProgress,
};

/// Headers that are read before a set is given a name.
const SAMPLE: usize = 200;

pub(super) fn execute(store: &Path, arguments: &ImportArgs, output: Output) -> anyhow::Result<()> {
    let ImportArgs { path, name, .. } = arguments;
    refuse_no_name(name)?;
    let file = arguments.catalogue.clone().unwrap_or_else(usual);
    let catalogue = Catalogue::read(&file)?;
    let entry = entry(arguments, &file)?;
    let known = catalogue.names().contains(&name.as_str());
    if known && !arguments.replace {
        refuse_another(&catalogue, name, path, &file, "--replace")?;
    }
    let progress = DataProgress::reading(output);
    let found = inspect(path, SAMPLE, &store.join("cache"), &progress);
    progress.finish();
    let found = found?;
    refuse_nothing(&found)?;
    output::print(&arclab_report::render(&tables(&found, output.format), output.format))?;
    if known && !arguments.replace {
        output.note(format_args!("{} has the name {name} for it already", file.display()));
        return Ok(());
    }
    output::replace(&file, catalogue.with(&entry)?.as_bytes())?;
    output.note(format_args!("{} has it as {name}; a spec says `data: {{dataset: {name}}}`", file.display()));
    Ok(())
}

/// Where specs are that could name it.
pub(super) fn usual() -> PathBuf {
    let specs = Path::new("experiments");
    if specs.is_dir() { specs.join(Catalogue::FILE) } else { PathBuf::from(Catalogue::FILE) }
}

pub(super) fn refuse_no_name(name: &str) -> anyhow::Result<()> {
    if !Catalogue::is_name(name) {
        bail!(
            "`{name}` is no name of a data set: use letters, digits, `.`, `-` and `_`, and another word than `synthetic`"
        );
    }
    Ok(())
}

/// A name stays with its path, unless `option` says otherwise.
pub(super) fn refuse_another(
    catalogue: &Catalogue,
    name: &str,
    path: &Path,
    file: &Path,
    option: &str,
) -> anyhow::Result<()> {
    let Some(there) = catalogue.path(name)? else { return Ok(()) };
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if real(&there) != real(path) {
        bail!(
            "{} has the name {name} for {} already: take another name, or write `{option}`",
            file.display(),
            there.display()
        );
    }
    Ok(())
}

/// A set of which no header can be read would stop every run that names it.
fn refuse_nothing(found: &Inspection) -> anyhow::Result<()> {
    if found.sorts.is_empty() {
        let why = found.problems.first().map_or_else(String::new, |kind| format!(": {}", kind.reason));
        bail!("{} gives no image{why}", found.path.display());
    }
    Ok(())
}

fn entry(arguments: &ImportArgs, file: &Path) -> anyhow::Result<CatalogueEntry> {
    let ImportArgs { path, name, licence, source, .. } = arguments;
    let path = as_from(path, file)?;
    let (licence, source) = (licence.clone(), source.clone());
    Ok(CatalogueEntry { name: name.clone(), path, licence, source })
}

/// `path` as it was said: what is relative here is relative to the catalogue `file` there.
pub(super) fn as_from(path: &Path, file: &Path) -> anyhow::Result<PathBuf> {
    if path.is_absolute() { Ok(path.to_owned()) } else { relative(path, file) }
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
