//! What people ask of runs that are in the queue or at work.

use arclab_spec::{RunEvent, RunId, RunState};
use serde::{Deserialize, Serialize};

use super::{Hold, place};
use crate::{
    Store, StoreError,
    attempts::{load, put_state},
    error::Doing,
    rows,
};

/// What is asked of a worker at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// The run is called off.
    Cancel,
    /// It stops after a checkpoint and waits until it is resumed.
    Pause,
}

/// What a person wants of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wish {
    /// It is called off.
    Cancel,
    /// It is not begun, or stops after a checkpoint, until it is resumed.
    Pause,
    /// It is no longer paused.
    Resume,
    /// Another priority; its place in line follows.
    Prioritise(f64),
    /// Another place in line.
    Move(Move),
}

/// Where to in line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Before all others.
    First,
    /// Behind all others.
    Last,
}

/// What came of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// It is so.
    Done,
    /// A worker is at work, and its scheduler is asked; so it will be.
    Passed,
    /// It is nothing that can be wished of a run in this state.
    NotNow,
}

impl Store {
    /// Has a run as it is wished for.
    pub async fn wish(&self, run: &RunId, wish: Wish, at_ms: u64) -> Result<Asked, StoreError> {
        let mut write = self.write().await?;
        let row = load(&mut write, run).await?;
        let id: i64 = rows::get(&row, "id")?;
        let state = rows::state(&row)?;
        let is_held = rows::get::<Option<&str>>(&row, "held")?.is_some();
        let is_submitted = rows::get::<Option<i64>>(&row, "submitted_ms")?;
        let change = |sql: &'static str| sqlx::query(sql).bind(id);
        let (query, asked) = match (wish, state, is_submitted) {
            (Wish::Cancel, RunState::Queued { .. }, _) => {
                put_state(&mut write, id, rows::moved(run, state, RunEvent::Cancelled)?, at_ms).await?;
                (
                    change("UPDATE runs SET submitted_ms = NULL, held = NULL, asked = NULL WHERE id = ?"),
                    Asked::Done,
                )
            }
            (Wish::Cancel, RunState::Running { .. }, _) => {
                (change("UPDATE runs SET asked = 'cancel' WHERE id = ?"), Asked::Passed)
            }
            (Wish::Pause, RunState::Queued { .. }, Some(_)) => {
                // Its search still holds it, and is told of the pause once it would have it go on.
                let sql = "UPDATE runs SET asked = IIF(held = 'search', 'pause', NULL), held = COALESCE(held, 'person') \
                           WHERE id = ?";
                (change(sql), Asked::Done)
            }
            (Wish::Pause, RunState::Running { .. }, _) => {
                let sql = "UPDATE runs SET asked = 'pause' WHERE id = ? AND asked IS NOT 'cancel'";
                (change(sql), Asked::Passed)
            }
            (Wish::Resume, RunState::Queued { .. }, Some(_)) if is_held => {
                // One that a search stopped goes to its end by this; one that a person paused is as it was before.
                let sql = "UPDATE runs SET until_epoch = IIF(held = 'search' AND asked IS NULL, NULL, until_epoch), \
                           held = IIF(held = 'search' AND asked = 'pause', held, NULL), asked = NULL WHERE id = ?";
                (change(sql), Asked::Done)
            }
            (Wish::Resume, RunState::Running { .. }, _) => {
                let sql = "UPDATE runs SET asked = NULL WHERE id = ? AND asked = 'pause'";
                (change(sql), Asked::Passed)
            }
            // Of one at work it is for the case that it waits again.
            (
                Wish::Prioritise(priority),
                RunState::Queued { .. } | RunState::Running { .. },
                Some(since_ms),
            ) => {
                let sql = "UPDATE runs SET priority = ?, place = ? WHERE id = ?";
                let query = sqlx::query(sql).bind(priority).bind(place(since_ms as u64, priority)).bind(id);
                (query, Asked::Done)
            }
            (Wish::Move(to), RunState::Queued { .. }, Some(_)) => (change(moving(to)), Asked::Done),
            (Wish::Cancel | Wish::Pause | Wish::Resume | Wish::Prioritise(_) | Wish::Move(_), ..) => {
                return Ok(Asked::NotNow);
            }
        };
        let changed = query.execute(&mut *write).await.doing("change a run in the queue")?;
        if changed.rows_affected() == 0 {
            // One at work that is called off is not paused, and one that nobody pauses is not resumed.
            return Ok(Asked::NotNow);
        }
        write.commit().await.doing("change a run in the queue")?;
        Ok(asked)
    }

    /// What is asked of runs that are at work.
    pub async fn asked(&self) -> Result<Vec<(RunId, Ask)>, StoreError> {
        let sql = "SELECT name, asked FROM runs WHERE state = 'running' AND asked IS NOT NULL";
        let found = sqlx::query(sql).fetch_all(&self.pool).await.doing("read what is asked of runs")?;
        found.iter().map(|row| Ok((rows::get_word(row, "name")?, rows::get_word(row, "asked")?))).collect()
    }

    /// Holds a run that waits, or lets go of it.
    pub async fn hold(&self, run: &RunId, hold: Option<Hold>) -> Result<(), StoreError> {
        let query = sqlx::query("UPDATE runs SET held = ? WHERE name = ?");
        let query = query.bind(hold.map(Hold::word)).bind(run.as_str());
        query.execute(&self.pool).await.doing("hold a run").map(drop)
    }
}

/// A minute beyond the others leaves room between places.
fn moving(to: Move) -> &'static str {
    match to {
        Move::First => {
            "UPDATE runs SET place = (SELECT MIN(place) - 60000 FROM runs WHERE state = 'queued' AND \
             submitted_ms IS NOT NULL) WHERE id = ?"
        }
        Move::Last => {
            "UPDATE runs SET place = (SELECT MAX(place) + 60000 FROM runs WHERE state = 'queued' AND \
             submitted_ms IS NOT NULL) WHERE id = ?"
        }
    }
}
