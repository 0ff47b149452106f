//! Who is on the images of pair lists.

use arclab_spec::{Fingerprint, ListPeople, RunId, SharedPeople};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use crate::{Store, StoreError, error::Doing, rows};

/// Notes what is known of the pair lists of a data set.
pub(crate) async fn record(
    write: &mut SqliteConnection,
    data: &Fingerprint,
    lists: &[ListPeople],
) -> Result<(), StoreError> {
    // The data's fingerprint covers its pairs and labels: what was recorded before is the same.
    let sql = "INSERT OR IGNORE INTO list_people (data, pair_list, who, people, in_training) VALUES (?, ?, ?, ?, ?)";
    for ListPeople { pair_list, who, shared } in lists {
        let who: Vec<u8> = who.as_flattened().iter().flat_map(|person| person.to_le_bytes()).collect();
        let query = sqlx::query(sql)
            .bind(data.as_str())
            .bind(pair_list.as_str())
            .bind(who)
            .bind(shared.map(|shared| shared.people))
            .bind(shared.map(|shared| shared.in_training));
        query.execute(&mut *write).await.doing("record who is in a test")?;
    }
    Ok(())
}

impl Store {
    /// The people of the pair lists of a run's data; nothing of a run that an earlier version planned.
    pub async fn list_people(&self, run: &RunId) -> Result<Vec<ListPeople>, StoreError> {
        let sql = "SELECT l.* FROM list_people l JOIN plans p ON p.data = l.data \
                   JOIN runs r ON r.plan = p.hash WHERE r.name = ? ORDER BY l.pair_list";
        let rows = sqlx::query(sql).bind(run.as_str()).fetch_all(&self.pool).await;
        rows.doing("list who is in the tests")?.iter().map(people).collect()
    }
}

fn people(row: &SqliteRow) -> Result<ListPeople, StoreError> {
    let bytes: &[u8] = rows::get(row, "who")?;
    let (numbers, _) = bytes.as_chunks::<4>();
    let (pairs, _) = numbers.as_chunks::<2>();
    let shared = rows::get::<Option<u32>>(row, "people")?.zip(rows::get(row, "in_training")?);
    Ok(ListPeople {
        pair_list: rows::get_word(row, "pair_list")?,
        who: pairs.iter().map(|pair| pair.map(u32::from_le_bytes)).collect(),
        shared: shared.map(|(people, in_training)| SharedPeople { people, in_training }),
    })
}
