//! What in the database nothing refers to, and forgetting it.

use arclab_spec::{RunId, RunState};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use crate::{Store, StoreError, error::Doing, rows};

/// Rows that nothing refers to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unreferenced {
    /// Runs that wait, were never begun, and stand for no variant any more.
    pub runs: Vec<RunId>,
    /// Plans without a run and a variant.
    pub plans: u64,
    /// Versions of specs that no variant's plans are of.
    pub specs: u64,
    /// Pair lists that no run was tested on.
    pub pair_lists: u64,
}

impl Unreferenced {
    /// How many rows there are, pairs of lists aside.
    pub fn count(&self) -> u64 {
        self.runs.len() as u64 + self.plans + self.specs + self.pair_lists
    }
}

/// Pairs belong to their list, and keep nothing.
const PARTS: [&str; 1] = ["pairs"];

impl Store {
    /// What [`Self::forget_unreferenced`] would forget.
    pub async fn unreferenced(&self) -> Result<Unreferenced, StoreError> {
        let mut write = self.write().await?;
        let found = forget(&mut write).await?;
        write.rollback().await.doing("leave the database as it was")?;
        Ok(found)
    }

    /// Forgets what nothing refers to.
    pub async fn forget_unreferenced(&self) -> Result<Unreferenced, StoreError> {
        let mut write = self.write().await?;
        let found = forget(&mut write).await?;
        write.commit().await.doing("forget what nothing refers to")?;
        Ok(found)
    }

    /// Does `act` if `holds` is true of where the run of this name stands (nowhere: there is none), while nobody can plan,
    /// ask for, or begin any run.
    pub async fn while_still<T>(
        &self,
        run: &str,
        holds: impl FnOnce(Option<RunState>) -> bool,
        act: impl FnOnce() -> T,
    ) -> Result<Option<T>, StoreError> {
        let mut write = self.write().await?;
        let query = sqlx::query("SELECT * FROM runs WHERE name = ?").bind(run);
        let row = query.fetch_optional(&mut *write).await.doing("look for the run")?;
        let state = row.as_ref().map(rows::state).transpose()?;
        let done = holds(state).then(act);
        write.rollback().await.doing("leave the database as it was")?;
        Ok(done)
    }
}

async fn forget(write: &mut SqliteConnection) -> Result<Unreferenced, StoreError> {
    // Lists go before their pairs.
    let defer = sqlx::query("PRAGMA defer_foreign_keys = ON").execute(&mut *write).await;
    defer.doing("forget what nothing refers to")?;
    let waiting = "state = 'queued' AND attempt = 1 AND submitted_ms IS NULL \
                   AND plan NOT IN (SELECT plan FROM variant_plans)";
    let runs = delete(write, "runs", "name", waiting).await?;
    let plans = delete(write, "plans", "hash", "TRUE").await?;
    let specs = delete(write, "specs", "variant", "TRUE").await?;
    let pair_lists = delete(write, "pair_lists", "fingerprint", "TRUE").await?;
    let sql = "DELETE FROM pairs WHERE list NOT IN (SELECT id FROM pair_lists)";
    sqlx::query(sql).execute(&mut *write).await.doing("forget pairs")?;
    Ok(Unreferenced {
        runs: runs.iter().map(|name| rows::word("name", name)).collect::<Result<_, _>>()?,
        plans: plans.len() as u64,
        specs: specs.len() as u64,
        pair_lists: pair_lists.len() as u64,
    })
}

/// Deletes the rows of `table` for which `condition` holds and that no row of any table names; their values of `column`.
async fn delete(
    write: &mut SqliteConnection,
    table: &'static str,
    column: &'static str,
    condition: &'static str,
) -> Result<Vec<String>, StoreError> {
    // What refers to it is read from the schema, so that a table that comes later counts, too.
    let sql = "SELECT m.name AS child, k.\"from\" AS names, k.\"to\" AS named \
               FROM sqlite_schema m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table' AND k.\"table\" = ?";
    let references = sqlx::query(sql).bind(table).fetch_all(&mut *write).await.doing("read the schema")?;
    let mut query = QueryBuilder::<Sqlite>::new("DELETE FROM ");
    query.push(table).push(" WHERE ").push(condition);
    for row in &references {
        let (child, names, named): (String, String, String) =
            (rows::get(row, "child")?, rows::get(row, "names")?, rows::get(row, "named")?);
        if !PARTS.contains(&child.as_str()) {
            query
                .push(format!(" AND {named} NOT IN (SELECT {names} FROM {child} WHERE {names} IS NOT NULL)"));
        }
    }
    query.push(" RETURNING ").push(column);
    let deleted = query.build().fetch_all(write).await.doing("find what nothing refers to")?;
    deleted.iter().map(|row| rows::get(row, column)).collect()
}
