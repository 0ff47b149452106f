//! What moves a run: launching an attempt, settling it, asking for the run again. Each is one transaction around
//! [`RunState::after`].

use std::num::NonZeroU32;

use arclab_spec::{Attempt, RunEvent, RunId, RunState};
use sqlx::{Sqlite, SqliteConnection, Transaction, sqlite::SqliteRow};

use crate::{
    Store, StoreError,
    error::Doing,
    queue::{Hold, submit::reopened},
    records::{Exit, Failure, Outcome, Provenance},
    rows,
};

/// An attempt that is about to be launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// Which: the `next` of the queued run.
    pub attempt: Attempt,
    /// CPU threads given to it.
    pub threads: u32,
    /// The GPU given to it.
    pub gpu: Option<u32>,
    /// Its share of the GPU by memory, in bytes; none: all of it.
    pub gpu_memory_bytes: Option<u64>,
    /// So many parts of a batch for each that the plan has.
    pub parts: Option<NonZeroU32>,
    /// Who launches it.
    pub provenance: Provenance,
    /// Unix time in milliseconds.
    pub at_ms: u64,
}

/// The end of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Which.
    pub attempt: Attempt,
    /// In which way.
    pub end: Outcome,
    /// Why, where it failed or died.
    pub failure: Option<Failure>,
    /// How the process ended.
    pub exit: Exit,
    /// The last lines of its log, where it failed or died.
    pub log_tail: String,
    /// What becomes of its run in the queue.
    pub afterwards: Afterwards,
    /// Whether it counts as one of the deaths that a run may have.
    pub is_death: bool,
    /// Unix time in milliseconds.
    pub at_ms: u64,
}

/// What becomes of a run in the queue once an attempt has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterwards {
    /// It waits in its place where it waits at all.
    Stays,
    /// It was called off.
    Cancelled,
    /// It waits, and is not begun while it is held.
    Held(Hold),
    /// It waits, and does not begin before then; Unix milliseconds.
    Delayed {
        /// Unix milliseconds.
        not_before_ms: u64,
        /// Batches are in so many parts from now on.
        parts: Option<NonZeroU32>,
    },
}

/// How a run is done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// From its last checkpoint.
    Resume,
    /// From the start: its checkpoints and results are dropped when the next attempt is launched.
    Afresh,
}

impl Store {
    /// A transaction that holds the database's one write lock from its start, so that it never fails half-way
    /// because another writer came first.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.pool.begin_with("BEGIN IMMEDIATE").await.doing("begin to write")
    }

    /// Moves a queued run to running, and drops its results where it is to be done afresh.
    pub async fn begin_attempt(&self, run: &RunId, launch: &Launch) -> Result<RunState, StoreError> {
        let mut write = self.write().await?;
        let row = load(&mut write, run).await?;
        let id: i64 = rows::get(&row, "id")?;
        let state = rows::moved(run, rows::state(&row)?, RunEvent::Started(launch.attempt))?;
        if rows::get(&row, "afresh")? {
            drop_results(&mut write, id).await?;
        }
        put_state(&mut write, id, state, launch.at_ms).await?;
        put_launch(&mut write, id, launch).await?;
        write.commit().await.doing("record the launch")?;
        Ok(state)
    }

    /// Notes the process that carries an attempt out.
    pub async fn record_pid(&self, run: &RunId, attempt: Attempt, pid: u32) -> Result<(), StoreError> {
        let sql =
            "UPDATE attempts SET pid = ? WHERE run = (SELECT id FROM runs WHERE name = ?) AND number = ?";
        let query = sqlx::query(sql).bind(pid).bind(run.as_str()).bind(attempt.0.get());
        query.execute(&self.pool).await.doing("record the worker's process")?;
        Ok(())
    }

    /// Notes what an executor calls the jobs that carry attempts out.
    pub async fn record_jobs(&self, jobs: &[(RunId, Attempt, String)]) -> Result<(), StoreError> {
        let sql =
            "UPDATE attempts SET job = ? WHERE run = (SELECT id FROM runs WHERE name = ?) AND number = ?";
        let mut write = self.write().await?;
        for (run, attempt, job) in jobs {
            let query = sqlx::query(sql).bind(job).bind(run.as_str()).bind(attempt.0.get());
            query.execute(&mut *write).await.doing("record the jobs")?;
        }
        write.commit().await.doing("record the jobs")
    }

    /// Ends the running attempt and moves its run.
    pub async fn settle(&self, run: &RunId, settlement: &Settlement) -> Result<RunState, StoreError> {
        let mut write = self.write().await?;
        let row = load(&mut write, run).await?;
        let id: i64 = rows::get(&row, "id")?;
        let state = rows::moved(run, rows::state(&row)?, event(settlement))?;
        put_state(&mut write, id, state, settlement.at_ms).await?;
        put_in_line(&mut write, id, state, settlement).await?;
        put_end(&mut write, id, settlement).await?;
        write.commit().await.doing("record the attempt's end")?;
        Ok(state)
    }

    /// Queues a run that has ended. A run that waits only changes how its next attempt begins, and only towards
    /// `Afresh`; one that a worker is on stays as it is, as the state that comes back says.
    pub async fn requeue(&self, run: &RunId, restart: Restart, at_ms: u64) -> Result<RunState, StoreError> {
        let mut write = self.write().await?;
        let row = load(&mut write, run).await?;
        let id: i64 = rows::get(&row, "id")?;
        let mut state = rows::state(&row)?;
        match state {
            RunState::Running { .. } => return Ok(state),
            RunState::Queued { .. } => {}
            RunState::Succeeded { .. } | RunState::Failed { .. } | RunState::Cancelled => {
                state = rows::moved(run, state, reopened(&mut write, id).await?)?;
            }
        }
        put_state(&mut write, id, state, at_ms).await?;
        if restart == Restart::Afresh {
            let query = sqlx::query("UPDATE runs SET afresh = 1, parts = NULL WHERE id = ?").bind(id);
            query.execute(&mut *write).await.doing("ask for the run afresh")?;
        }
        write.commit().await.doing("queue the run again")?;
        Ok(state)
    }
}

/// What asking for a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// It waits, newly or still.
    Waiting,
    /// A worker is on it, or was when its scheduler died.
    Running,
    /// It has succeeded and is not done again.
    Cached,
}

impl Store {
    /// Asks for a run: one that failed waits again and goes on from its checkpoint, one that succeeded is cached.
    /// With `force`, what has ended in either way, or was stopped early, is done again from the start.
    pub async fn enqueue(&self, run: &RunId, force: bool, at_ms: u64) -> Result<Enqueued, StoreError> {
        let restart = if force { Restart::Afresh } else { Restart::Resume };
        let record = self.run(run).await?;
        match record.state {
            RunState::Queued { .. } if force && record.is_stopped_early => {}
            RunState::Queued { .. } => return Ok(Enqueued::Waiting),
            RunState::Running { .. } => return Ok(Enqueued::Running),
            RunState::Succeeded { .. } if !force => return Ok(Enqueued::Cached),
            // Of these, `requeue` refuses what cannot be asked for again.
            RunState::Succeeded { .. } | RunState::Failed { .. } | RunState::Cancelled => {}
        }
        self.requeue(run, restart, at_ms).await?;
        Ok(Enqueued::Waiting)
    }
}

/// A settlement and what it does to a run say the same in two vocabularies.
fn event(settlement: &Settlement) -> RunEvent {
    let attempt = settlement.attempt;
    if (settlement.end, settlement.afterwards) == (Outcome::Interrupted, Afterwards::Cancelled) {
        return RunEvent::Cancelled;
    }
    let kind = settlement.failure.as_ref().map(|failure| failure.kind);
    match settlement.end {
        Outcome::Finished => RunEvent::Finished(attempt),
        Outcome::Interrupted => RunEvent::Interrupted(attempt),
        Outcome::Retried => RunEvent::Retried(attempt),
        Outcome::Failed => {
            RunEvent::Failed(attempt, kind.unwrap_or(arclab_spec::FailureKind::Infrastructure))
        }
    }
}

/// The run's row.
pub(crate) async fn load(write: &mut SqliteConnection, run: &RunId) -> Result<SqliteRow, StoreError> {
    let query = sqlx::query("SELECT * FROM runs WHERE name = ?").bind(run.as_str());
    let row = query.fetch_optional(write).await.doing("read the run")?;
    row.ok_or_else(|| StoreError::UnknownRun(run.clone()))
}

pub(crate) async fn put_state(
    write: &mut SqliteConnection,
    id: i64,
    state: RunState,
    at_ms: u64,
) -> Result<(), StoreError> {
    let (word, attempt, kind) = rows::state_columns(state);
    let sql = "UPDATE runs SET state = ?, attempt = ?, run_failure_kind = ?, moved_ms = ? WHERE id = ?";
    let query = sqlx::query(sql).bind(word).bind(attempt).bind(kind).bind(at_ms as i64).bind(id);
    query.execute(write).await.doing("move the run")?;
    Ok(())
}

/// What has ended has left the queue; what a person asked has been done.
async fn put_in_line(
    write: &mut SqliteConnection,
    id: i64,
    state: RunState,
    settlement: &Settlement,
) -> Result<(), StoreError> {
    let waits = matches!(state, RunState::Queued { .. });
    let (held, not_before_ms, parts) = match settlement.afterwards {
        Afterwards::Stays | Afterwards::Cancelled => (None, None, None),
        Afterwards::Held(hold) => (Some(hold.word()), None, None),
        Afterwards::Delayed { not_before_ms, parts } => (None, Some(not_before_ms as i64), parts),
    };
    let sql = "UPDATE runs SET submitted_ms = IIF(?, submitted_ms, NULL), asked = NULL, held = ?, not_before_ms = ?, \
               parts = COALESCE(?, parts), deaths = deaths + ? WHERE id = ?";
    let query = sqlx::query(sql).bind(waits).bind(held).bind(not_before_ms).bind(parts.map(NonZeroU32::get));
    let query = query.bind(settlement.is_death).bind(id);
    query.execute(write).await.doing("record what becomes of the run in the queue")?;
    Ok(())
}

async fn put_launch(write: &mut SqliteConnection, id: i64, launch: &Launch) -> Result<(), StoreError> {
    let sql = "INSERT INTO attempts \
               (run, number, threads, gpu, gpu_memory_bytes, parts, program_version, git_commit, git_dirty, launched_ms) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let query = sqlx::query(sql)
        .bind(id)
        .bind(launch.attempt.0.get())
        .bind(launch.threads)
        .bind(launch.gpu)
        .bind(launch.gpu_memory_bytes.map(|bytes| bytes as i64))
        .bind(launch.parts.map(NonZeroU32::get))
        .bind(&launch.provenance.program_version)
        .bind(&launch.provenance.git_commit)
        .bind(launch.provenance.git_dirty)
        .bind(launch.at_ms as i64);
    query.execute(write).await.doing("record the attempt")?;
    Ok(())
}

async fn put_end(write: &mut SqliteConnection, id: i64, end: &Settlement) -> Result<(), StoreError> {
    let outcome = match end.end {
        Outcome::Finished => "finished",
        Outcome::Interrupted => "interrupted",
        Outcome::Retried => "retried",
        Outcome::Failed => "failed",
    };
    let sql = "UPDATE attempts SET ended_ms = ?, outcome = ?, exit_code = ?, signal = ?, \
               failure_kind = ?, failure_message = ?, log_tail = ? WHERE run = ? AND number = ?";
    let query = sqlx::query(sql)
        .bind(end.at_ms as i64)
        .bind(outcome)
        .bind(end.exit.code)
        .bind(end.exit.signal)
        .bind(end.failure.as_ref().map(|failure| rows::kind_word(failure.kind)))
        .bind(end.failure.as_ref().map(|failure| failure.message.as_str()))
        .bind(&end.log_tail)
        .bind(id)
        .bind(end.attempt.0.get());
    query.execute(write).await.doing("record the attempt's end")?;
    Ok(())
}

async fn drop_results(write: &mut SqliteConnection, id: i64) -> Result<(), StoreError> {
    let statements = [
        "DELETE FROM metrics WHERE run = ?",
        "DELETE FROM evaluations WHERE run = ?",
        "DELETE FROM scores WHERE run = ?",
        "UPDATE runs SET afresh = 0 WHERE id = ?",
    ];
    for sql in statements {
        sqlx::query(sql).bind(id).execute(&mut *write).await.doing("drop the earlier results")?;
    }
    Ok(())
}
