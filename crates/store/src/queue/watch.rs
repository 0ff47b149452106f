//! Noticing that somebody wrote to the database.

use sqlx::{Sqlite, pool::PoolConnection};

use crate::{Store, StoreError, error::Doing};

/// Tells whether anything was written since it was asked last. SQLite counts what others than one connection write, so this
/// keeps one of its own, on which nothing is written.
#[derive(Debug)]
pub struct Watch {
    connection: PoolConnection<Sqlite>,
    seen: Option<i64>,
}

impl Store {
    /// Begins to watch.
    pub async fn watch(&self) -> Result<Watch, StoreError> {
        let connection = self.pool.acquire().await.doing("watch the database")?;
        Ok(Watch { connection, seen: None })
    }
}

impl Watch {
    /// Whether something was written since the last time; the first time it was.
    pub async fn has_changed(&mut self) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar("PRAGMA data_version");
        let version: i64 = query.fetch_one(&mut *self.connection).await.doing("watch the database")?;
        Ok(self.seen.replace(version) != Some(version))
    }
}
