//! `arclab data import`.

use std::path::Path;

use anyhow::bail;
use arclab_data::{Inspection, inspect};

use super::{ImportArgs, inspect::tables, naming::Naming};
use crate::{
    output::{self, Output},
    progress::DataProgress,
};

/// Headers that are read before a set is given a name.
const SAMPLE: usize = 200;

pub(super) fn execute(store: &Path, arguments: &ImportArgs, output: Output) -> anyhow::Result<()> {
    let ImportArgs { path, name, .. } = arguments;
    let naming = Naming::new(name, path, arguments.catalogue.as_deref())?;
    let is_known = !arguments.replace && naming.is_known("--replace")?;
    let progress = DataProgress::reading(output);
    let found = inspect(path, SAMPLE, &store.join("cache"), &progress);
    progress.finish();
    let found = found?;
    refuse_nothing(&found)?;
    output::print(&arclab_report::render(&tables(&found, output.format), output.format))?;
    if is_known {
        naming.keep(output);
        return Ok(());
    }
    naming.give(arguments.licence.clone(), arguments.source.clone(), output)
}

/// A set of which no header can be read would stop every run that names it.
fn refuse_nothing(found: &Inspection) -> anyhow::Result<()> {
    if found.sorts.is_empty() {
        let why = found.problems.first().map_or_else(String::new, |kind| format!(": {}", kind.reason));
        bail!("{} gives no image{why}", found.path.display());
    }
    Ok(())
}
