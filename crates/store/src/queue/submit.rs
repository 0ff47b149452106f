//! Putting runs in the queue.

use arclab_spec::{Attempt, RunEvent, RunId, RunState};
use sqlx::SqliteConnection;

use super::{Hold, place};
use crate::{
    Store, StoreError,
    attempts::{load, put_state},
    error::Doing,
    rows,
};

/// A run that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// The run.
    pub run: RunId,
    /// The larger goes first; as before, or 0, where absent.
    pub priority: Option<f64>,
    /// Runs that must have succeeded before; as before where absent.
    pub after: Option<Vec<RunId>>,
    /// How far its next attempts go.
    pub reach: Reach,
    /// Who asks.
    pub asker: Asker,
}

/// Who asks for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// A person, who thereby ends a pause.
    Person,
    /// The search that held it. What a person has paused meanwhile stays paused.
    Search,
}

/// How far the next attempts of a run go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// As far as they were to go before.
    AsBefore,
    /// To the run's end.
    End,
    /// To a checkpoint after so many epochs; to the end where somebody has asked for that and it is still in the queue.
    Epoch(u32),
}

impl Submission {
    /// Of a run of which nothing more is said, to its end.
    pub fn of(run: RunId) -> Self {
        Self { run, priority: None, after: None, reach: Reach::End, asker: Asker::Person }
    }
}

impl Store {
    /// Puts runs in the queue, all in one transaction: what failed or was called off goes on, what is paused is no longer, what
    /// is in the queue keeps its place unless its priority is another now, and what has succeeded stays as it is. Returns
    /// where each stands.
    pub async fn submit(&self, submissions: &[Submission], at_ms: u64) -> Result<Vec<RunState>, StoreError> {
        let mut write = self.write().await?;
        let mut states = Vec::with_capacity(submissions.len());
        for submission in submissions {
            states.push(submit(&mut write, submission, at_ms).await?);
        }
        // Last, so that it makes no difference in which order they are named.
        for Submission { run, after, .. } in submissions {
            if let Some(after) = after {
                wait_for(&mut write, run, after).await?;
            }
        }
        write.commit().await.doing("put runs in the queue")?;
        Ok(states)
    }

    /// Takes runs that wait out of the queue, as if nobody had asked for them; what is at work stays.
    pub async fn withdraw(&self, runs: &[RunId]) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        for run in runs {
            let sql = "UPDATE runs SET submitted_ms = NULL WHERE name = ? AND state = 'queued'";
            let query = sqlx::query(sql).bind(run.as_str());
            query.execute(&mut *write).await.doing("take a run out of the queue")?;
        }
        write.commit().await.doing("take runs out of the queue")
    }

    /// Takes a run that cannot be carried out from the queue, and keeps why.
    pub async fn refuse(&self, run: &RunId, reason: &str) -> Result<(), StoreError> {
        let sql = "UPDATE runs SET submitted_ms = NULL, refused = ? WHERE name = ? AND state = 'queued'";
        let query = sqlx::query(sql).bind(reason).bind(run.as_str());
        query.execute(&self.pool).await.doing("refuse a run").map(drop)
    }
}

async fn submit(
    write: &mut SqliteConnection,
    submission: &Submission,
    at_ms: u64,
) -> Result<RunState, StoreError> {
    let row = load(write, &submission.run).await?;
    let id: i64 = rows::get(&row, "id")?;
    let state = rows::state(&row)?;
    let state = match state {
        RunState::Succeeded { .. } => return Ok(state),
        RunState::Queued { .. } | RunState::Running { .. } => state,
        RunState::Failed { .. } | RunState::Cancelled => {
            let state = rows::moved(&submission.run, state, reopened(write, id).await?)?;
            put_state(write, id, state, at_ms).await?;
            state
        }
    };
    let submitted_ms = rows::get::<Option<i64>>(&row, "submitted_ms")?.map(|ms| ms as u64);
    let before: f64 = rows::get(&row, "priority")?;
    let priority = submission.priority.unwrap_or(before);
    let since_ms = submitted_ms.unwrap_or(at_ms);
    // One that was moved stays where it was moved to.
    let stays = submitted_ms.is_some() && priority.total_cmp(&before).is_eq();
    let place = if stays { rows::get(&row, "place")? } else { place(since_ms, priority) };
    let until_before: Option<u32> = rows::get(&row, "until_epoch")?;
    let until_epoch = match submission.reach {
        Reach::AsBefore => until_before,
        Reach::End => None,
        Reach::Epoch(epoch) => Some(epoch).filter(|_| submitted_ms.is_none() || until_before.is_some()),
    };
    let is_paused =
        submission.asker == Asker::Search && rows::get::<Option<&str>>(&row, "asked")? == Some("pause");
    let held = is_paused.then_some(Hold::Person.word());
    let sql = "UPDATE runs SET submitted_ms = ?, priority = ?, place = ?, held = ?, asked = NULL, refused = NULL, \
               not_before_ms = NULL, deaths = 0, until_epoch = ? WHERE id = ?";
    let query =
        sqlx::query(sql).bind(since_ms as i64).bind(priority).bind(place).bind(held).bind(until_epoch);
    query.bind(id).execute(write).await.doing("put a run in the queue")?;
    Ok(state)
}

/// What opens a run again: its number of attempts goes on, also where it was called off.
pub(crate) async fn reopened(write: &mut SqliteConnection, id: i64) -> Result<RunEvent, StoreError> {
    let query = sqlx::query_scalar("SELECT MAX(number) FROM attempts WHERE run = ?").bind(id);
    let last: Option<u32> = query.fetch_one(write).await.doing("count the run's attempts")?;
    let last = last.and_then(std::num::NonZeroU32::new).map(Attempt);
    Ok(RunEvent::Requeued { next: last.map_or(Attempt::FIRST, Attempt::next) })
}

async fn wait_for(write: &mut SqliteConnection, run: &RunId, after: &[RunId]) -> Result<(), StoreError> {
    let name = run.as_str();
    let sql = "DELETE FROM run_after WHERE run = (SELECT id FROM runs WHERE name = ?)";
    sqlx::query(sql).bind(name).execute(&mut *write).await.doing("forget what a run waited for")?;
    for after in after {
        load(write, after).await?;
        let sql = "INSERT OR IGNORE INTO run_after (run, after) \
                   SELECT a.id, b.id FROM runs a, runs b WHERE a.name = ? AND b.name = ?";
        let query = sqlx::query(sql).bind(name).bind(after.as_str());
        query.execute(&mut *write).await.doing("record what a run waits for")?;
    }
    let sql = "WITH RECURSIVE before (id) AS ( \
                   SELECT after FROM run_after WHERE run = (SELECT id FROM runs WHERE name = ?1) \
                   UNION SELECT a.after FROM run_after a JOIN before b ON a.run = b.id) \
               SELECT EXISTS (SELECT 1 FROM before b JOIN runs r ON r.id = b.id WHERE r.name = ?1)";
    let query = sqlx::query_scalar(sql).bind(name);
    let waits_for_itself: bool = query.fetch_one(write).await.doing("look at what a run waits for")?;
    if waits_for_itself { Err(StoreError::WaitsForItself(run.clone())) } else { Ok(()) }
}
