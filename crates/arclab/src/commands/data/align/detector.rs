//! Where the detector's network lies.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::bail;

/// As its publishers name it.
const FILE: &str = "yunet_n_320_320.onnx";
const VARIABLE: &str = "ARCLAB_DETECTOR";

/// The file that is named, else that of the environment, else the one that was fetched.
pub(super) fn find(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let said = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(file) = named.map(Path::to_owned).or_else(|| said(VARIABLE)) {
        return Ok(file);
    }
    let fetched = arclab_fetch::shared_folder().map(|folder| folder.join(FILE));
    match fetched {
        Some(file) if file.is_file() => Ok(file),
        missing => {
            let place = missing.map(|file| format!(" at {}", file.display())).unwrap_or_default();
            bail!(
                "there is no face detector{place}: `arclab data fetch yunet` fetches one, `--detector FILE` or {VARIABLE} \
                 names one, and `--landmarks FILE` does without"
            )
        }
    }
}
