//! What the database says of itself: whether it is whole, and whether what belongs together is there.

use arclab_spec::{Fingerprint, Plan, PlanHash, ProtocolName, RunId, config::Config};
use sqlx::{Row, sqlite::SqliteRow};

use crate::{
    Store, StoreError,
    error::{Doing, is_damage},
    rows,
};

/// Rows that name a row that is not there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dangling {
    /// Whose rows.
    pub table: String,
    /// Where the named rows should be.
    pub parent: String,
    /// How many.
    pub rows: u64,
}

/// Scores that do not go with what they are scores of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unscored {
    /// Whose.
    pub run: RunId,
    /// Of which test.
    pub protocol: ProtocolName,
    /// Pairs of the list.
    pub pairs: u64,
    /// Scores that are stored; none at all where absent.
    pub scores: Option<u64>,
}

/// A list of pairs that lacks some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortList {
    /// The list.
    pub fingerprint: Fingerprint,
    /// Pairs that it should have.
    pub pairs: u64,
    /// Those that are stored.
    pub stored: u64,
}

impl Store {
    /// What SQLite finds wrong with the file; nothing where it is whole.
    pub async fn damage(&self) -> Result<Vec<String>, StoreError> {
        // A file that is broken has faults without end: so many say enough.
        let query = sqlx::query_scalar::<_, String>("PRAGMA integrity_check(20)");
        let found = match query.fetch_all(&self.pool).await {
            Err(error) if is_damage(&error) => vec![error.to_string()],
            found => found.doing("check the database")?,
        };
        Ok(found.into_iter().filter(|line| line != "ok").collect())
    }

    /// Rows that name a row that is not there.
    pub async fn dangling(&self) -> Result<Vec<Dangling>, StoreError> {
        let sql = "SELECT \"table\" AS child, parent, COUNT(*) AS rows FROM pragma_foreign_key_check \
                   GROUP BY 1, 2 ORDER BY 1, 2";
        let found = sqlx::query(sql).fetch_all(&self.pool).await.doing("check what rows refer to")?;
        let dangling = |row: &SqliteRow| {
            let (table, parent) = (rows::get(row, "child")?, rows::get(row, "parent")?);
            Ok(Dangling { table, parent, rows: rows::get_u64(row, "rows")? })
        };
        found.iter().map(dangling).collect()
    }

    /// Names of all runs, oldest first.
    pub async fn run_names(&self) -> Result<Vec<RunId>, StoreError> {
        let query = sqlx::query("SELECT name FROM runs ORDER BY id");
        let found = query.fetch_all(&self.pool).await.doing("list the runs")?;
        found.iter().map(|row| rows::get_word(row, "name")).collect()
    }

    /// The configurations of all plans.
    pub async fn configs(&self) -> Result<Vec<Config>, StoreError> {
        let query = sqlx::query("SELECT plan FROM plans ORDER BY hash");
        let found = query.fetch_all(&self.pool).await.doing("read the plans")?;
        found.iter().map(|row| Ok(rows::get_json::<Plan>(row, "plan")?.config)).collect()
    }

    /// Results without a score for each pair.
    pub async fn unscored(&self) -> Result<Vec<Unscored>, StoreError> {
        let sql = "SELECT r.name, e.protocol, l.same_count + l.different_count AS pairs, length(s.scores) / 4 AS scores \
                   FROM evaluations e JOIN runs r ON r.id = e.run JOIN pair_lists l ON l.id = e.pair_list \
                   LEFT JOIN scores s ON s.run = e.run AND s.pair_list = e.pair_list \
                   WHERE s.scores IS NULL OR length(s.scores) != 4 * (l.same_count + l.different_count) ORDER BY 1, 2";
        let found = sqlx::query(sql).fetch_all(&self.pool).await.doing("check the scores")?;
        let unscored = |row: &SqliteRow| {
            Ok(Unscored {
                run: rows::get_word(row, "name")?,
                protocol: rows::get_word(row, "protocol")?,
                pairs: rows::get_u64(row, "pairs")?,
                scores: rows::get::<Option<i64>>(row, "scores")?.map(|count| count as u64),
            })
        };
        found.iter().map(unscored).collect()
    }

    /// Lists with fewer or more pairs than they say.
    pub async fn short_lists(&self) -> Result<Vec<ShortList>, StoreError> {
        let sql = "SELECT fingerprint, same_count + different_count AS pairs, \
                   (SELECT COUNT(*) FROM pairs WHERE list = id) AS stored FROM pair_lists WHERE pairs != stored \
                   ORDER BY 1";
        let found = sqlx::query(sql).fetch_all(&self.pool).await.doing("check the pair lists")?;
        let short = |row: &SqliteRow| {
            Ok(ShortList {
                fingerprint: rows::get_word(row, "fingerprint")?,
                pairs: rows::get_u64(row, "pairs")?,
                stored: rows::get_u64(row, "stored")?,
            })
        };
        found.iter().map(short).collect()
    }

    /// Plans that this program cannot read, with the reason.
    pub async fn unreadable_plans(&self) -> Result<Vec<(PlanHash, String)>, StoreError> {
        let query = sqlx::query("SELECT hash, plan FROM plans ORDER BY hash");
        let found = query.fetch_all(&self.pool).await.doing("read the plans")?;
        let mut unreadable = Vec::new();
        for row in &found {
            let text: &str = row.try_get("plan").doing("read a plan")?;
            let hash: PlanHash = rows::get_word(row, "hash")?;
            match serde_json::from_str::<Plan>(text) {
                Ok(plan) if plan.hash() == hash => {}
                Ok(_) => unreadable.push((hash, "its content is another than its digest says".to_owned())),
                Err(error) => unreadable.push((hash, error.to_string())),
            }
        }
        Ok(unreadable)
    }
}
