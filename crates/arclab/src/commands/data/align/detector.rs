//! Where the detector's network lies.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use arclab_fetch::{Patience, fetch, public_sets, shared_folder};

use crate::{output::Output, progress::FetchProgress};

/// As its publishers name it.
const FILE: &str = "yunet_n_320_320.onnx";
const VARIABLE: &str = "ARCLAB_DETECTOR";

/// The file that is named, else that of the environment, else the one that was fetched once, which it is now where it was not.
pub(super) fn find(named: Option<&Path>, output: Output) -> anyhow::Result<PathBuf> {
    let said = || env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(file) = named.map(Path::to_owned).or_else(said) {
        return Ok(file);
    }
    fetched(output).with_context(|| {
        format!(
            "there is no face detector: `arclab data fetch yunet` fetches one, `--detector FILE` or {VARIABLE} names one, and \
             `--landmarks FILE` does without"
        )
    })
}

fn fetched(output: Output) -> anyhow::Result<PathBuf> {
    let folder = shared_folder().context("the environment names no home, in which it would be kept")?;
    let path = folder.join(FILE);
    if path.is_file() {
        return Ok(path);
    }
    let sets = public_sets(None)?;
    let file = sets.iter().flat_map(|set| &set.files).find(|file| file.name == FILE);
    let file = file.context("the list of public sets does not have it")?;
    output.note(format_args!("fetching the face detector to {}", path.display()));
    let progress = FetchProgress::new(output);
    // Where there is no network, there is none a moment later.
    let fetched = fetch(file, &folder, Patience { retries: 1, ..Patience::default() }, &progress);
    progress.finish();
    fetched?;
    Ok(path)
}
