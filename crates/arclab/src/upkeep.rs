//! Holding a store, so that nothing moves in it meanwhile.

use std::path::PathBuf;

use arclab_scheduler::{LockError, Role, Scheduler, SchedulerOptions, WorkerAbilities};
use arclab_store::{Store, records::Provenance};

/// A scheduler that starts nothing: it holds the store's lock, and settles what others left.
pub(crate) fn hold(store: &Store) -> Result<Scheduler, LockError> {
    let provenance = Provenance {
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: None,
        git_dirty: None,
    };
    let options = SchedulerOptions::of_this_machine(PathBuf::new(), provenance);
    let abilities = WorkerAbilities { cuda: Err("it starts no runs".to_owned()) };
    Scheduler::new(store.clone(), options, abilities, Role::Command)
}
