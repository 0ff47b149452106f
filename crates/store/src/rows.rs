//! Rows to records: the one place that knows how values are kept.

use std::num::NonZeroU32;

use arclab_spec::{
    Attempt, FailureKind, IllegalTransition, PlanHash, Position, RunEvent, RunId, RunState, Usage,
};
use serde::de::{DeserializeOwned, IntoDeserializer, value::Error as ValueError};
use sqlx::{Decode, Row, Sqlite, Type, sqlite::SqliteRow};

use crate::{
    Hold, Store, StoreError,
    error::Doing,
    records::{
        AttemptRecord, EndRecord, Exit, Failure, Outcome, Provenance, Reported, RunRecord, WorkerRecord,
    },
};

/// A run `r`, its plan's seed and its last attempt `a`; a condition follows.
pub(crate) const SELECT_RUN: &str = "SELECT r.*, p.seed, a.*, \
    (SELECT COALESCE(SUM(MAX(COALESCE(t.ended_ms, unixepoch('subsec') * 1000) - t.launched_ms, 0)), 0) / 1000.0 \
     FROM attempts t WHERE t.run = r.id) AS duration_seconds, \
    (SELECT json_group_array(json_object('experiment', v.experiment, 'variant', v.variant) ORDER BY v.experiment, \
     v.variant) FROM variant_plans v WHERE v.plan = r.plan AND (v.experiment, v.variant) <> \
     (r.experiment, r.variant)) AS shared_with \
    FROM runs r JOIN plans p ON p.hash = r.plan \
    LEFT JOIN attempts a ON a.run = r.id \
    AND a.number = (SELECT MAX(number) FROM attempts WHERE run = r.id)";

pub(crate) fn get<'r, T>(row: &'r SqliteRow, column: &str) -> Result<T, StoreError>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    row.try_get(column).doing("read a column of the database")
}

/// An unsigned number, kept as the signed one of the same bits.
pub(crate) fn get_u64(row: &SqliteRow, column: &str) -> Result<u64, StoreError> {
    Ok(get::<i64>(row, column)? as u64)
}

pub(crate) fn get_optional_u64(row: &SqliteRow, column: &str) -> Result<Option<u64>, StoreError> {
    Ok(get::<Option<i64>>(row, column)?.map(|number| number as u64))
}

/// A text that has a type: a name, a digest, a word of an enum.
pub(crate) fn word<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    let corrupt = |_: ValueError| StoreError::Corrupt { what, text: text.to_owned() };
    T::deserialize(text.into_deserializer()).map_err(corrupt)
}

pub(crate) fn get_word<T: DeserializeOwned>(row: &SqliteRow, column: &'static str) -> Result<T, StoreError> {
    word(column, get::<&str>(row, column)?)
}

pub(crate) fn get_optional_word<T: DeserializeOwned>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    get::<Option<&str>>(row, column)?.map(|text| word(column, text)).transpose()
}

/// A value kept as JSON.
pub(crate) fn get_json<T: DeserializeOwned>(row: &SqliteRow, column: &'static str) -> Result<T, StoreError> {
    let text = get::<&str>(row, column)?;
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt { what: column, text: text.to_owned() })
}

fn attempt(number: i64) -> Result<Attempt, StoreError> {
    let corrupt = || StoreError::Corrupt { what: "an attempt's number", text: number.to_string() };
    u32::try_from(number).ok().and_then(|n| n.try_into().ok()).map(Attempt).ok_or_else(corrupt)
}

/// The state that a row of `runs` says.
pub(crate) fn state(row: &SqliteRow) -> Result<RunState, StoreError> {
    let name: &str = get(row, "state")?;
    let number = || attempt(get(row, "attempt")?);
    match name {
        "queued" => Ok(RunState::Queued { next: number()? }),
        "running" => Ok(RunState::Running { attempt: number()? }),
        "succeeded" => Ok(RunState::Succeeded { attempt: number()? }),
        "failed" => Ok(RunState::Failed { attempt: number()?, kind: get_word(row, "run_failure_kind")? }),
        "cancelled" => Ok(RunState::Cancelled),
        _ => Err(StoreError::Corrupt { what: "a state", text: name.to_owned() }),
    }
}

/// The columns `state`, `attempt` and `run_failure_kind` of a state.
pub(crate) fn state_columns(state: RunState) -> (&'static str, Option<u32>, Option<&'static str>) {
    match state {
        RunState::Queued { next } => ("queued", Some(next.0.get()), None),
        RunState::Running { attempt } => ("running", Some(attempt.0.get()), None),
        RunState::Succeeded { attempt } => ("succeeded", Some(attempt.0.get()), None),
        RunState::Failed { attempt, kind } => ("failed", Some(attempt.0.get()), Some(kind_word(kind))),
        RunState::Cancelled => ("cancelled", None, None),
    }
}

pub(crate) fn kind_word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Infrastructure => "infrastructure",
        FailureKind::Run => "run",
    }
}

/// `state` after `event`, with the run in the error.
pub(crate) fn moved(run: &RunId, state: RunState, event: RunEvent) -> Result<RunState, StoreError> {
    let illegal = |source: IllegalTransition| StoreError::Illegal { run: run.clone(), source };
    state.after(event).map_err(illegal)
}

/// A row of [`SELECT_RUN`].
pub(crate) fn run_record(store: &Store, row: &SqliteRow) -> Result<RunRecord, StoreError> {
    let id: RunId = get_word(row, "name")?;
    let is_held_by_search = get::<&str>(row, "state")? == "queued"
        && get_optional_word::<Hold>(row, "held")? == Some(Hold::Search);
    let is_submitted = get::<Option<i64>>(row, "submitted_ms")?.is_some();
    Ok(RunRecord {
        folder: store.run_folder(&id),
        id,
        experiment: get_word(row, "experiment")?,
        variant: get_word(row, "variant")?,
        shared_with: get_json(row, "shared_with")?,
        seed: get_u64(row, "seed")?,
        plan: get_word::<PlanHash>(row, "plan")?,
        state: state(row)?,
        is_stopped_early: is_held_by_search && !is_submitted,
        waits_for_search: is_held_by_search && is_submitted,
        created_ms: get_u64(row, "created_ms")?,
        moved_ms: get_u64(row, "moved_ms")?,
        duration_seconds: get(row, "duration_seconds")?,
        last_attempt: match get::<Option<i64>>(row, "number")? {
            Some(_) => Some(attempt_record(row)?),
            None => None,
        },
    })
}

/// A row with all columns of `attempts`.
pub(crate) fn attempt_record(row: &SqliteRow) -> Result<AttemptRecord, StoreError> {
    Ok(AttemptRecord {
        number: attempt(get(row, "number")?)?,
        threads: get(row, "threads")?,
        gpu: get(row, "gpu")?,
        gpu_memory_bytes: get_optional_u64(row, "gpu_memory_bytes")?,
        parts: parts(row)?,
        job: get(row, "job")?,
        pid: get(row, "pid")?,
        provenance: Provenance {
            program_version: get(row, "program_version")?,
            git_commit: get(row, "git_commit")?,
            git_dirty: get(row, "git_dirty")?,
        },
        worker: worker(row)?,
        position: position(row, "at_epoch", "at_step")?,
        reported: get_optional_word::<Reported>(row, "reported")?,
        out_of_memory: get(row, "out_of_memory")?,
        used: used(row)?,
        launched_ms: get_u64(row, "launched_ms")?,
        end: end(row)?,
        failure: failure(row)?,
        log_tail: get::<Option<String>>(row, "log_tail")?.unwrap_or_default(),
    })
}

/// The column `parts` of a run or an attempt.
pub(crate) fn parts(row: &SqliteRow) -> Result<Option<NonZeroU32>, StoreError> {
    Ok(get::<Option<u32>>(row, "parts")?.and_then(NonZeroU32::new))
}

pub(crate) fn position(row: &SqliteRow, epoch: &str, step: &str) -> Result<Option<Position>, StoreError> {
    let (epoch, step) = (get::<Option<u32>>(row, epoch)?, get::<Option<i64>>(row, step)?);
    Ok(epoch.zip(step).map(|(epoch, step)| Position { epoch, step: step as u64 }))
}

fn worker(row: &SqliteRow) -> Result<Option<WorkerRecord>, StoreError> {
    let (Some(host), Some(from)) =
        (get::<Option<String>>(row, "host")?, position(row, "from_epoch", "from_step")?)
    else {
        return Ok(None);
    };
    Ok(Some(WorkerRecord {
        host,
        device: get(row, "device")?,
        version: get(row, "worker_version")?,
        kernels: get(row, "kernels")?,
        started_ms: get_u64(row, "started_ms")?,
        from,
        epochs: get(row, "epochs")?,
        steps: get_u64(row, "steps")?,
    }))
}

fn used(row: &SqliteRow) -> Result<Option<Usage>, StoreError> {
    let Some(wall_seconds) = get::<Option<f64>>(row, "wall_seconds")? else { return Ok(None) };
    Ok(Some(Usage {
        wall_seconds,
        cpu_seconds: get(row, "cpu_seconds")?,
        peak_memory_bytes: get_u64(row, "peak_memory_bytes")?,
        peak_gpu_memory_bytes: get_optional_u64(row, "peak_gpu_memory_bytes")?,
    }))
}

fn end(row: &SqliteRow) -> Result<Option<EndRecord>, StoreError> {
    let Some(outcome) = get_optional_word::<Outcome>(row, "outcome")? else { return Ok(None) };
    let exit = Exit { code: get(row, "exit_code")?, signal: get(row, "signal")? };
    Ok(Some(EndRecord { at_ms: get_u64(row, "ended_ms")?, outcome, exit }))
}

fn failure(row: &SqliteRow) -> Result<Option<Failure>, StoreError> {
    let Some(kind) = get_optional_word(row, "failure_kind")? else { return Ok(None) };
    Ok(Some(Failure { kind, message: get(row, "failure_message")? }))
}
