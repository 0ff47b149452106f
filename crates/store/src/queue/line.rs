//! Who is in line: for the scheduler, and for people.

use std::collections::{BTreeMap, BTreeSet};

use arclab_spec::{ExperimentName, Position, RunId, RunState, VariantName, config::ResourceRequest};
use serde::Serialize;
use sqlx::{QueryBuilder, Sqlite, sqlite::SqliteRow};

use super::{Ask, Hold};
use crate::{Store, StoreError, error::Doing, rows};

/// Whose runs a scheduler carries out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All that were submitted.
    All,
    /// Some of them.
    These(BTreeSet<RunId>),
}

impl Scope {
    fn holds(&self, run: &RunId) -> bool {
        match self {
            Self::All => true,
            Self::These(runs) => runs.contains(run),
        }
    }
}

/// A run that may begin now.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    /// The run.
    pub run: RunId,
    /// What it asks for.
    pub request: ResourceRequest,
    /// When it was submitted, Unix milliseconds.
    pub submitted_ms: u64,
    /// Where it stands in line.
    pub at: Spot,
}

/// A run's spot in line: its place, and what tells it from others of the same place.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Spot {
    place: f64,
    id: i64,
}

/// A line of the queue as people see it: what is at work, waits or was refused.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QueueRecord {
    /// The run.
    pub run: RunId,
    /// That it was first planned for.
    pub experiment: ExperimentName,
    /// That it was first planned for.
    pub variant: VariantName,
    /// Of its plan.
    pub seed: u64,
    /// Where it stands.
    pub state: RunState,
    /// The larger goes first.
    pub priority: f64,
    /// When it was submitted, Unix milliseconds; absent of what is at work without, or was refused.
    pub submitted_ms: Option<u64>,
    /// Why it is not begun.
    pub held: Option<Hold>,
    /// What is asked of its worker.
    pub asked: Option<Ask>,
    /// Not before then, since an attempt died; Unix milliseconds.
    pub not_before_ms: Option<u64>,
    /// Why the scheduler took it out of the queue.
    pub refused: Option<String>,
    /// What it waits for: runs that have not succeeded yet.
    pub after: Vec<RunId>,
    /// Where its last attempt is in training.
    pub position: Option<Position>,
    /// Steps in all, once a worker said so.
    pub steps: Option<u64>,
    /// When its last attempt was launched, Unix milliseconds.
    pub launched_ms: Option<u64>,
    /// `cpu`, `cuda:0 NVIDIA H200`, once a worker said so.
    pub device: Option<String>,
}

/// Submitted and waiting.
const IN_LINE: &str = " r.state = 'queued' AND r.submitted_ms IS NOT NULL AND r.held IS NULL";
/// Nothing that it comes after is still to be done.
const FREE: &str = " NOT EXISTS (SELECT 1 FROM run_after a JOIN runs b ON b.id = a.after \
                     WHERE a.run = r.id AND b.state <> 'succeeded')";

impl Store {
    /// The first `limit` runs in line that may begin at `now_ms`, of those behind a spot where one is named. A wait of more than
    /// `longest_wait_ms` is of a clock that was set back, and has ended.
    pub async fn due(
        &self,
        scope: &Scope,
        behind: Option<Spot>,
        now_ms: u64,
        longest_wait_ms: u64,
        limit: u32,
    ) -> Result<Vec<Due>, StoreError> {
        let mut due = Vec::new();
        let mut behind = behind.unwrap_or(Spot { place: f64::NEG_INFINITY, id: 0 });
        // Part by part along the index, rather than by the names of a command's own runs, which may be as many as there are: its
        // runs are mostly the first in line.
        loop {
            let part = self.in_line(behind, (now_ms, now_ms + longest_wait_ms), limit).await?;
            let is_last = part.len() < limit as usize;
            for row in &part {
                behind = Spot { place: rows::get(row, "place")?, id: rows::get(row, "id")? };
                let run = rows::get_word(row, "name")?;
                if scope.holds(&run) {
                    let request = rows::get_json(row, "request")?;
                    let submitted_ms = rows::get_u64(row, "submitted_ms")?;
                    due.push(Due { run, request, submitted_ms, at: behind });
                }
            }
            if is_last || due.len() >= limit as usize {
                due.truncate(limit as usize);
                return Ok(due);
            }
        }
    }

    /// Rows of what may begin and stands behind that spot.
    async fn in_line(
        &self,
        Spot { place, id }: Spot,
        (now_ms, longest_ms): (u64, u64),
        limit: u32,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT r.id, r.place, r.name, r.request, r.submitted_ms FROM runs r WHERE",
        );
        query.push(IN_LINE).push(" AND").push(FREE);
        query.push(" AND (r.not_before_ms IS NULL OR r.not_before_ms <= ").push_bind(now_ms as i64);
        query.push(" OR r.not_before_ms > ").push_bind(longest_ms as i64);
        query.push(") AND (r.place, r.id) > (").push_bind(place).push(", ").push_bind(id);
        query.push(") ORDER BY r.place, r.id LIMIT ").push_bind(limit);
        query.build().fetch_all(&self.pool).await.doing("read the queue")
    }

    /// Whether any run is in line that waits for no other one, be it that it may not begin yet.
    pub async fn is_any_in_line(&self, scope: &Scope) -> Result<bool, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT EXISTS (SELECT 1 FROM runs r WHERE");
        query.push(IN_LINE).push(" AND").push(FREE);
        push_scope(&mut query, scope)?;
        query.push(")");
        query.build_query_scalar().fetch_one(&self.pool).await.doing("look at the queue")
    }

    /// Runs in line that come after one that will not succeed as things are: each with that one, and why. One that is paused may go
    /// on soon, unless it `is_still` otherwise.
    pub async fn hopeless(
        &self,
        scope: &Scope,
        is_still: bool,
    ) -> Result<Vec<(RunId, RunId, &'static str)>, StoreError> {
        // `CROSS` keeps the order: few come after others, while all may be in line.
        let sql = format!(
            "SELECT r.name, b.name AS after, b.state, b.submitted_ms, b.held \
             FROM run_after a CROSS JOIN runs r ON r.id = a.run JOIN runs b ON b.id = a.after \
             WHERE{IN_LINE} AND b.state NOT IN ('succeeded', 'running')"
        );
        let found = QueryBuilder::<Sqlite>::new(sql).build().fetch_all(&self.pool).await;
        let mut all = BTreeMap::new();
        for row in &found.doing("look for runs that wait in vain")? {
            let (run, after): (RunId, RunId) = (rows::get_word(row, "name")?, rows::get_word(row, "after")?);
            if let (true, Some(why)) = (scope.holds(&run), in_vain(row, scope.holds(&after), is_still)?) {
                all.entry(run).or_insert((after, why));
            }
        }
        Ok(all.into_iter().map(|(run, (after, why))| (run, after, why)).collect())
    }

    /// Runs that failed, were called off or were refused, each with what it was first planned for, the oldest first.
    pub async fn ended_badly(&self) -> Result<Vec<(RunId, ExperimentName, VariantName)>, StoreError> {
        let sql = "SELECT name, experiment, variant FROM runs WHERE state IN ('failed', 'cancelled') \
                   OR (state = 'queued' AND refused IS NOT NULL) ORDER BY id";
        let found = sqlx::query(sql).fetch_all(&self.pool).await.doing("list what failed")?;
        let of = |row| {
            let (run, experiment) = (rows::get_word(row, "name")?, rows::get_word(row, "experiment")?);
            Ok((run, experiment, rows::get_word(row, "variant")?))
        };
        found.iter().map(of).collect()
    }

    /// The queue as people see it: what is at work, what waits in its order, what is held, what was refused.
    pub async fn queue(&self) -> Result<Vec<QueueRecord>, StoreError> {
        let sql = "SELECT r.*, p.seed, t.at_epoch, t.at_step, t.steps, t.launched_ms, t.device, \
                   (SELECT json_group_array(b.name ORDER BY b.id) FROM run_after a JOIN runs b ON b.id = a.after \
                    WHERE a.run = r.id AND b.state <> 'succeeded') AS after \
                   FROM runs r JOIN plans p ON p.hash = r.plan LEFT JOIN attempts t ON t.run = r.id \
                   AND t.number = (SELECT MAX(number) FROM attempts WHERE run = r.id) \
                   WHERE r.state = 'running' OR (r.state = 'queued' AND (r.submitted_ms IS NOT NULL OR r.refused IS NOT NULL)) \
                   ORDER BY r.state <> 'running', r.submitted_ms IS NULL, r.held IS NOT NULL, r.place, r.id";
        let found = sqlx::query(sql).fetch_all(&self.pool).await.doing("list the queue")?;
        found.iter().map(queue_record).collect()
    }
}

/// Why it is in vain to wait for a run that neither has succeeded nor is at work.
fn in_vain(row: &SqliteRow, is_own: bool, is_still: bool) -> Result<Option<&'static str>, StoreError> {
    Ok(match rows::get::<&str>(row, "state")? {
        "failed" => Some("failed"),
        "cancelled" => Some("was called off"),
        _ if rows::get::<Option<i64>>(row, "submitted_ms")?.is_none() => Some("is not in the queue"),
        // There is one scheduler a store, and this one carries out others.
        _ if !is_own => Some(
            "waits in the queue, and is none of these runs: run both, or have `arclab daemon` carry out the queue",
        ),
        _ if is_still && rows::get_optional_word(row, "held")? == Some(Hold::Person) => Some("is paused"),
        _ => None,
    })
}

fn queue_record(row: &SqliteRow) -> Result<QueueRecord, StoreError> {
    let state = rows::state(row)?;
    let (held, asked) = match (rows::get_optional_word(row, "held")?, rows::get_optional_word(row, "asked")?)
    {
        // To people it is paused, whoever else holds it.
        (Some(_), Some(Ask::Pause)) if matches!(state, RunState::Queued { .. }) => (Some(Hold::Person), None),
        both => both,
    };
    Ok(QueueRecord {
        run: rows::get_word(row, "name")?,
        experiment: rows::get_word(row, "experiment")?,
        variant: rows::get_word(row, "variant")?,
        seed: rows::get_u64(row, "seed")?,
        state,
        priority: rows::get(row, "priority")?,
        submitted_ms: rows::get_optional_u64(row, "submitted_ms")?,
        held,
        asked,
        not_before_ms: rows::get_optional_u64(row, "not_before_ms")?,
        refused: rows::get(row, "refused")?,
        after: rows::get_json(row, "after")?,
        position: rows::position(row, "at_epoch", "at_step")?,
        steps: rows::get_optional_u64(row, "steps")?,
        launched_ms: rows::get_optional_u64(row, "launched_ms")?,
        device: rows::get(row, "device")?,
    })
}

/// ` AND …`, as one JSON list: SQLite bounds the number of values that are bound one by one.
fn push_scope(query: &mut QueryBuilder<Sqlite>, scope: &Scope) -> Result<(), StoreError> {
    if let Scope::These(runs) = scope {
        let names = crate::error::json("names of runs", runs)?;
        query.push(" AND r.name IN (SELECT value FROM json_each(").push_bind(names).push("))");
    }
    Ok(())
}
