//! Removing what can go.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use arclab_spec::{RunState, run_folder};
use arclab_store::{Store, StoreError};

use super::waste::Waste;
use crate::process;

/// Why something stays.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// The database refused.
    #[error("failed to ask the database")]
    Store(#[source] StoreError),
    /// The file system refused.
    #[error("failed to remove {}", .path.display())]
    File {
        /// What.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Removes it, if nothing has come to refer to it meanwhile; whether it is gone. Of all but folders of runs and their
/// checkpoints, whoever asks holds the store's lock.
pub async fn remove(store: &Store, waste: &Waste) -> Result<bool, RemoveError> {
    match waste {
        Waste::Folder(name) | Waste::UnknownRun(name) => {
            let folder = store.runs_folder().join(name);
            take_out(store, name, &folder, |state| state.is_none()).await
        }
        Waste::Checkpoints(run) => {
            let folder = store.run_folder(run).join(run_folder::CHECKPOINTS);
            let has_succeeded = |state| matches!(state, Some(RunState::Succeeded { .. }));
            take_out(store, run.as_str(), &folder, has_succeeded).await
        }
        Waste::Cached(cached) => cached.files.iter().try_for_each(|file| discard(file)).map(|()| true),
        Waste::Audit(path) | Waste::Array(path) | Waste::Leftover(path) => discard(path).map(|()| true),
        Waste::Rows(_) => store.forget_unreferenced().await.map(|_| true).map_err(RemoveError::Store),
    }
}

/// Takes a folder out of its place while no run can be planned, asked for or begun, and removes it after that.
async fn take_out(
    store: &Store,
    run: &str,
    folder: &Path,
    is_waste: impl FnOnce(Option<RunState>) -> bool,
) -> Result<bool, RemoveError> {
    let failed = |source| RemoveError::File { path: folder.to_owned(), source };
    // Where a killed process leaves it, it is a folder of no run.
    let trash = store.runs_folder().join(format!(".removed-{}-{run}", std::process::id()));
    let place = store.runs_folder().join(run);
    let taken = store.while_still(run, is_waste, || {
        if process::lives(&place)? {
            return Ok(false);
        }
        fs::rename(folder, &trash).map(|()| true)
    });
    match taken.await.map_err(RemoveError::Store)? {
        Some(Ok(true)) => discard(&trash).map(|()| true),
        Some(Ok(false)) | None => Ok(false),
        Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Some(Err(error)) => Err(failed(error)),
    }
}

fn discard(path: &Path) -> Result<(), RemoveError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(|source| RemoveError::File { path: path.to_owned(), source }),
    }
}
