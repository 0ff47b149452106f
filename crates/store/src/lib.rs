//! Durable state: all SQL. One SQLite database in the store's folder, written by `arclab` alone.
//!
//! Specs, plans, runs with their states and attempts, metrics, evaluations, scores and pair lists go in and come out
//! as typed records. What a run does and where is the scheduler's matter; what is shown, the report's.

mod attempts;
mod backup;
mod check;
mod error;
mod expectations;
mod filter;
mod history;
mod journal;
mod list_people;
mod open;
mod planning;
mod queue;
pub mod records;
mod results;
mod rows;
mod runs;
mod sweeps;
mod unreferenced;

pub use attempts::{Afterwards, Enqueued, Launch, Restart, Settlement};
pub use backup::BackupError;
pub use check::{Dangling, ShortList, Unscored};
pub use error::StoreError;
pub use filter::{Filter, FilterError, Sort};
pub use journal::{EvaluatedFiles, JournalBatch, JournalEntry};
pub use open::{DATABASE, OpenError, RESCUE, SCHEDULER_LOCK, Store, make_folder};
pub use planning::{PlannedRun, Planning};
pub use queue::{
    Ask, Asked, Asker, Due, Hold, Move, PRIORITY_LEVEL_MS, QueueRecord, Reach, Scope, Spot, Submission,
    Watch, Wish, place,
};
pub use runs::JobRecord;
pub use sweeps::{SweepRecord, SweepRun};
pub use unreferenced::Unreferenced;
