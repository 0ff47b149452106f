//! Repairing what can be repaired without losing anything. A [`Scheduler`] does so, since it holds the store's lock.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use arclab_spec::{Attempt, RunId, run_folder};
use arclab_store::{JournalBatch, StoreError};

use super::fault::Fault;
use crate::{Scheduler, SchedulerError, follow::Follower};

/// What damaged files are called that are put aside.
const ASIDE: &str = "damaged";

/// Why a fault stays.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// A person must decide.
    #[error("a person must decide")]
    NotOurs,
    /// The database refused.
    #[error("failed to write into the database")]
    Store(#[source] StoreError),
    /// The run cannot be settled, or its journal cannot be read.
    #[error("failed to look after the run")]
    Run(#[source] SchedulerError),
    /// A file cannot be moved or removed.
    #[error("failed to take {} away", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Scheduler {
    /// Repairs `fault`, as its remedy says.
    pub async fn repair(&mut self, fault: &Fault) -> Result<(), RepairError> {
        match fault {
            Fault::Abandoned(run, _) => self.settle_abandoned(run).await.map_err(RepairError::Run),
            Fault::ShortJournal { run, stored, .. } => {
                let rewind = JournalBatch { from: *stored, to: 0, ..JournalBatch::default() };
                self.store().apply_journal(run, &rewind).await.map_err(RepairError::Store)?;
                self.take_in(run).await
            }
            Fault::Unstored { run, .. } => self.take_in(run).await,
            Fault::Assignment(run, _) => put_aside(&self.store().run_folder(run).join(run_folder::PLAN)),
            Fault::Checkpoint { file, .. } => put_aside(file),
            Fault::Leftover(_, file) | Fault::Stale(file) => {
                fs::remove_file(file).map_err(|source| RepairError::File { file: file.clone(), source })
            }
            Fault::Damage(_)
            | Fault::Dangling(_)
            | Fault::Plan(..)
            | Fault::Run(..)
            | Fault::Unscored(_)
            | Fault::ShortList(_)
            | Fault::NoResult(..)
            | Fault::NoAttempt(..)
            | Fault::Stray(_)
            | Fault::NoWeights(_)
            | Fault::Weights(..)
            | Fault::UnknownRun(_)
            | Fault::Unknown(_) => Err(RepairError::NotOurs),
        }
    }

    /// Stores what a journal says beyond what is stored of it.
    async fn take_in(&self, run: &RunId) -> Result<(), RepairError> {
        let record = self.store().job(run).await.map_err(RepairError::Store)?;
        let attempt = record.last_attempt.map_or(Attempt::FIRST, |last| last.number);
        let mut follower = Follower::new(self.store(), run, record.journal_offset, attempt);
        follower.drain(self.store()).await.map(drop).map_err(RepairError::Run)
    }
}

/// Gives a file another name, under which nothing looks for it.
fn put_aside(file: &Path) -> Result<(), RepairError> {
    let mut aside = file.as_os_str().to_owned();
    aside.push(format!(".{ASIDE}"));
    fs::rename(file, aside).map_err(|source| RepairError::File { file: file.to_owned(), source })
}
