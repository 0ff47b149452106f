//! How many people of tests are in training, too.

use std::collections::BTreeMap;

use arclab_spec::{Fingerprint, RunId, SharedPeople};
use sqlx::SqliteConnection;

use crate::{Store, StoreError, error::Doing, rows};

/// Notes what is known of the pair lists of a data set.
pub(crate) async fn record(
    write: &mut SqliteConnection,
    data: &Fingerprint,
    lists: &[(Fingerprint, SharedPeople)],
) -> Result<(), StoreError> {
    // The data's fingerprint covers its pairs and labels: what was recorded before is the same.
    let sql =
        "INSERT OR IGNORE INTO shared_people (data, pair_list, people, in_training) VALUES (?, ?, ?, ?)";
    for (list, SharedPeople { people, in_training }) in lists {
        let query = sqlx::query(sql).bind(data.as_str()).bind(list.as_str()).bind(people).bind(in_training);
        query.execute(&mut *write).await.doing("record who is in a test")?;
    }
    Ok(())
}

impl Store {
    /// By pair list, how many of its people are in the run's training; of some lists that is not known.
    pub async fn shared_people(
        &self,
        run: &RunId,
    ) -> Result<BTreeMap<Fingerprint, SharedPeople>, StoreError> {
        let sql = "SELECT s.* FROM shared_people s JOIN plans p ON p.data = s.data \
                   JOIN runs r ON r.plan = p.hash WHERE r.name = ?";
        let rows = sqlx::query(sql).bind(run.as_str()).fetch_all(&self.pool).await;
        let record = |row| {
            let shared = SharedPeople {
                people: rows::get(row, "people")?,
                in_training: rows::get(row, "in_training")?,
            };
            Ok((rows::get_word(row, "pair_list")?, shared))
        };
        rows.doing("list who is in the tests")?.iter().map(record).collect()
    }
}
