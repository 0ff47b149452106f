//! Where the detector's network lies.

use std::{
    env,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::Context as _;
use arclab_fetch::{FetchError, Fetched, Patience, fetch, public_sets, shared_folder};

use crate::{output::Output, progress::FetchProgress};

/// As its publishers name it.
const FILE: &str = "yunet_n_320_320.onnx";
const VARIABLE: &str = "ARCLAB_DETECTOR";
/// For another program that fetches it.
const WAIT_SECS: u32 = 60;

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
    let sets = public_sets(None)?;
    let found = sets.iter().find_map(|set| Some((set, set.files.iter().find(|file| file.name == FILE)?)));
    let (set, file) = found.context("the list of public sets does not have it")?;
    if !path.exists() {
        let licence = &set.licence;
        output.note(format_args!("fetching the face detector to {}; licence: {licence}", path.display()));
    }
    let progress = FetchProgress::new(output);
    // One that is there is looked at, too.
    let fetched = patiently(|| {
        // Where there is no network, there is none a moment later.
        fetch(file, &folder, Patience { retries: 1, ..Patience::default() }, &progress)
    });
    progress.finish();
    fetched?;
    Ok(path)
}

/// The result of `fetch`, once no other program is at it: the file is small.
fn patiently(mut fetch: impl FnMut() -> Result<Fetched, FetchError>) -> Result<Fetched, FetchError> {
    for _ in 0..WAIT_SECS {
        match fetch() {
            Err(FetchError::Busy(_)) => thread::sleep(Duration::from_secs(1)),
            fetched => return fetched,
        }
    }
    fetch()
}
