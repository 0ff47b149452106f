//! What can go wrong with a database that is open.

use arclab_spec::{IllegalTransition, RunId};

/// A request to the store that failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused.
    #[error("failed to {doing}")]
    Sql {
        /// What was being done, as "read the run `x`".
        doing: String,
        /// Why not.
        source: sqlx::Error,
    },
    /// No run has the name.
    #[error("no run is named `{0}`")]
    UnknownRun(RunId),
    /// What it waits for waits for it in turn.
    #[error("the run `{0}` would wait for itself: what it comes after comes after it")]
    WaitsForItself(RunId),
    /// The run's state does not allow it.
    #[error("the run `{run}` stays as it is")]
    Illegal {
        /// The run.
        run: RunId,
        /// Why.
        source: IllegalTransition,
    },
    /// Someone else stored a part of the journal meanwhile.
    #[error("the journal of `{run}` is stored up to byte {stored}, not {from}")]
    JournalMoved {
        /// The run.
        run: RunId,
        /// Where the database is.
        stored: u64,
        /// Where the batch begins.
        from: u64,
    },
    /// A value in the database is not what this program writes.
    #[error("the database holds `{text}` as {what}")]
    Corrupt {
        /// What the value should be.
        what: &'static str,
        /// The value.
        text: String,
    },
    /// A value does not become JSON: a path that is not UTF-8.
    #[error("{what} cannot be written as JSON")]
    Json {
        /// The value.
        what: &'static str,
        /// Why not.
        source: serde_json::Error,
    },
}

/// Says what was being done when SQLite refused.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, doing: &str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Sql { doing: doing.to_owned(), source })
    }
}

/// Whether SQLite finds the file malformed (`SQLITE_CORRUPT`), or no database (`SQLITE_NOTADB`).
pub(crate) fn is_damage(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    // An extended code has the code that it extends as its lowest byte.
    code.is_some_and(|code| matches!(code & 0xff, 11 | 26))
}

/// `value` as JSON.
pub(crate) fn json<T: serde::Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Json { what, source })
}
