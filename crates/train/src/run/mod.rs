//! `arclab-worker run FOLDER`: carries out the plan in a run's folder and reports what happens.

mod assignment;
mod error;
mod heartbeat;
mod journal;
mod lock;
mod report;
mod stop;
mod usage;
mod worker;

use std::{path::Path, sync::Arc, time::Instant};

use arclab_spec::{Event, Position, run_folder::exit};

pub(crate) use journal::JournalError;
pub(crate) use report::Reporter;
pub use stop::Stop;

use crate::training::Ended;
use assignment::AssignmentError;
use journal::Journal;
use lock::{LockError, WorkerLock};
use worker::{Done, RunError, Worker};

/// Carries out the plan in `folder`; returns the exit code of [`run_folder::exit`](arclab_spec::run_folder::exit).
pub fn run(folder: &Path, stop: &Stop) -> u8 {
    let began = Instant::now();
    let _lock = match WorkerLock::take(folder) {
        Ok(lock) => lock,
        Err(error) => return refused(error),
    };
    let (attempt, assignment) = assignment::read(folder);
    let report = match Journal::open(folder, attempt) {
        Ok(journal) => Reporter::start(Arc::new(journal)),
        Err(error) => return log_failure(&error.into()),
    };
    let ended = match assignment {
        Ok(assignment) => Worker { folder, assignment: &assignment, report: &report, stop }.carry_out(),
        Err(error) => Err(RunError::Assignment(error)),
    };
    finish(ended, &report, began)
}

/// The last event, and the exit code that fits it.
fn finish(ended: Result<Done, RunError>, report: &Reporter, began: Instant) -> u8 {
    let (event, code) = match ended {
        Ok(Done { ended: Ended::Finished, peak_gpu_memory_bytes }) => {
            (Event::Finished { used: usage::usage(began, peak_gpu_memory_bytes) }, exit::FINISHED)
        }
        Ok(Done { ended: Ended::Interrupted, .. }) => {
            (Event::Interrupted { at: report.position() }, exit::INTERRUPTED)
        }
        Err(error) => (failed(error, report.position()), exit::FAILED),
    };
    match report.event(event).and_then(|()| report.sync()) {
        Ok(()) => code,
        Err(error) => log_failure(&error.into()),
    }
}

fn failed(error: RunError, at: Position) -> Event {
    let error = anyhow::Error::from(error);
    let (kind, out_of_memory) = (error::kind_of(&error), error::is_out_of_memory(&error));
    log_failure(&error);
    Event::Failed { kind, message: format!("{error:#}"), at: Some(at), out_of_memory }
}

fn refused(error: LockError) -> u8 {
    let code = match error {
        LockError::Held { .. } => exit::LOCKED,
        LockError::Io { .. } => exit::FAILED,
    };
    log_failure(&error.into());
    code
}

fn log_failure(error: &anyhow::Error) -> u8 {
    tracing::error!("{error:#}");
    exit::FAILED
}
