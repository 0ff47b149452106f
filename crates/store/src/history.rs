//! The list of runs that `arclab history` shows.

use sqlx::{QueryBuilder, Sqlite};

use crate::{Filter, Sort, Store, StoreError, error::Doing, records::HistoryRecord, rows};

impl Store {
    /// The runs that `filter` holds for, in the order of `sort`, at most `limit` of them.
    pub async fn history(
        &self,
        filter: &Filter,
        sort: &Sort,
        limit: Option<u32>,
    ) -> Result<Vec<HistoryRecord>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(rows::SELECT_RUN);
        filter.push(&mut query);
        sort.push(&mut query);
        if let Some(limit) = limit {
            query.push(" LIMIT ").push_bind(limit);
        }
        let found = query.build().fetch_all(&self.pool).await.doing("list the runs")?;
        let mut records = Vec::with_capacity(found.len());
        for row in &found {
            let run = rows::run_record(self, row)?;
            let evaluations = self.evaluations(&run.id).await?;
            records.push(HistoryRecord { run, evaluations });
        }
        Ok(records)
    }
}
