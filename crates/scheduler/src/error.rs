//! What can go wrong around workers.

use std::{error::Error, io, path::PathBuf};

use arclab_spec::RunId;
use arclab_store::StoreError;

/// Why the scheduler gave up. Workers that it had started go on; the next scheduler finds them.
#[derive(Debug, thiserror::Error)]
pub enum SchedulerError {
    /// The database refused.
    #[error("failed to keep the state of the runs")]
    Store(#[source] StoreError),
    /// A search cannot go on.
    #[error("failed to decide which runs follow")]
    Advice(#[source] Box<dyn Error + Send + Sync>),
    /// A run's journal cannot be read.
    #[error("failed to read the journal {}", .file.display())]
    Journal {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It cannot be learned whether a run's worker lives.
    #[error("failed to look after the worker of `{run}`")]
    Worker {
        /// The run.
        run: RunId,
        /// Why not.
        source: io::Error,
    },
}

/// Why a worker did not start.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The run's folder cannot be made.
    #[error("failed to make the folder {}", .0.display())]
    Folder(PathBuf, #[source] io::Error),
    /// An earlier result cannot be taken away.
    #[error("failed to remove {}", .0.display())]
    Remove(PathBuf, #[source] io::Error),
    /// A file of the folder cannot be written.
    #[error("failed to write {}", .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// The plan has a path that is not UTF-8.
    #[error("failed to write the plan as JSON")]
    Json(#[source] serde_json::Error),
    /// The program does not start.
    #[error("failed to start {}", .0.display())]
    Spawn(PathBuf, #[source] io::Error),
}

/// An error and its sources on one line, for what is kept in the database.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
