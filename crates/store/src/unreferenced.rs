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

/// Of each table whose rows may go, tables before those that they refer to: by what others name a row, by what it is told,
/// and which rows.
const TABLES: [(&str, &str, &str, &str); 4] = [
    (
        "runs",
        "id",
        "name",
        "state = 'queued' AND attempt = 1 AND submitted_ms IS NULL \
         AND plan NOT IN (SELECT plan FROM variant_plans)",
    ),
    ("plans", "hash", "hash", "TRUE"),
    ("specs", "id", "variant", "TRUE"),
    ("pair_lists", "id", "fingerprint", "TRUE"),
];

/// Pairs belong to their list, and keep nothing.
const PARTS: [&str; 1] = ["pairs"];

impl Store {
    /// What [`Self::forget_unreferenced`] would forget.
    pub async fn unreferenced(&self) -> Result<Unreferenced, StoreError> {
        // Of one moment, and of a database that may only be read.
        let mut read = self.pool.begin().await.doing("begin to read")?;
        let found = rows_without_reference(&mut read, Verb::Select).await?;
        read.rollback().await.doing("leave the database as it was")?;
        Ok(found)
    }

    /// Forgets what nothing refers to.
    pub async fn forget_unreferenced(&self) -> Result<Unreferenced, StoreError> {
        let mut write = self.write().await?;
        // Lists go before their pairs.
        let defer = sqlx::query("PRAGMA defer_foreign_keys = ON").execute(&mut *write).await;
        defer.doing("forget what nothing refers to")?;
        let found = rows_without_reference(&mut write, Verb::Delete).await?;
        let sql = "DELETE FROM pairs WHERE list NOT IN (SELECT id FROM pair_lists)";
        sqlx::query(sql).execute(&mut *write).await.doing("forget pairs")?;
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

/// What is done with rows.
#[derive(Clone, Copy)]
enum Verb {
    Select,
    Delete,
}

async fn rows_without_reference(
    connection: &mut SqliteConnection,
    verb: Verb,
) -> Result<Unreferenced, StoreError> {
    // The keys of what goes of the tables so far: what they name may go as well.
    let mut going: Vec<(&str, String)> = Vec::new();
    let mut told = Vec::new();
    for (table, key, column, condition) in TABLES {
        let mut holding = vec![condition.to_owned()];
        for (child, names, named) in references(connection, table).await? {
            if PARTS.contains(&child.as_str()) {
                continue;
            }
            let gone = going.iter().find(|(table, _)| *table == child);
            let but_for = gone.map_or_else(String::new, |(_, keys)| format!(" AND {keys}"));
            holding.push(format!(
                "{named} NOT IN (SELECT {names} FROM {child} WHERE {names} IS NOT NULL{but_for})"
            ));
        }
        let keys = format!("SELECT {key} FROM {table} WHERE {}", holding.join(" AND "));
        let mut query = QueryBuilder::<Sqlite>::new("");
        match verb {
            Verb::Select => query.push(format!("SELECT {column} FROM {table} WHERE {key} IN ({keys})")),
            Verb::Delete => {
                query.push(format!("DELETE FROM {table} WHERE {key} IN ({keys}) RETURNING {column}"))
            }
        };
        let found = query.build().fetch_all(&mut *connection).await.doing("find what nothing refers to")?;
        told.push(found.iter().map(|row| rows::get(row, column)).collect::<Result<Vec<String>, _>>()?);
        going.push((table, format!("{key} NOT IN ({keys})")));
    }
    let mut told = told.into_iter();
    let mut next = || told.next().unwrap_or_default();
    let runs = next().iter().map(|name| rows::word("name", name)).collect::<Result<_, _>>()?;
    let mut count = || next().len() as u64;
    Ok(Unreferenced { runs, plans: count(), specs: count(), pair_lists: count() })
}

/// Who refers to a table's rows, by which column of its own, and to which of theirs. Read from the schema, so that a table
/// that comes later counts, too.
async fn references(
    connection: &mut SqliteConnection,
    table: &str,
) -> Result<Vec<(String, String, String)>, StoreError> {
    let sql = "SELECT m.name AS child, k.\"from\" AS names, k.\"to\" AS named \
               FROM sqlite_schema m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table' AND k.\"table\" = ?";
    let found = sqlx::query(sql).bind(table).fetch_all(connection).await.doing("read the schema")?;
    found
        .iter()
        .map(|row| Ok((rows::get(row, "child")?, rows::get(row, "names")?, rows::get(row, "named")?)))
        .collect()
}
