//! What specs expect of their runs: recorded once, never changed.

use arclab_spec::{ExperimentName, Spec, VariantName};
use sqlx::SqliteConnection;

use crate::{
    Store, StoreError,
    error::{Doing, json},
    records::ExpectationRecord,
    rows,
};

/// Notes what `spec` expects, where that is new.
pub(crate) async fn record(write: &mut SqliteConnection, spec: &Spec, at_ms: u64) -> Result<(), StoreError> {
    if spec.expect.is_empty() {
        return Ok(());
    }
    let sql =
        "INSERT OR IGNORE INTO expectations (experiment, variant, expected, recorded_ms) VALUES (?, ?, ?, ?)";
    let query = sqlx::query(sql)
        .bind(spec.experiment.as_str())
        .bind(spec.name.as_str())
        .bind(json("expectations", &spec.expect)?)
        .bind(at_ms as i64);
    query.execute(write).await.doing("record what is expected")?;
    Ok(())
}

impl Store {
    /// All that a variant's spec ever expected, the oldest first.
    pub async fn expectations(
        &self,
        experiment: &ExperimentName,
        variant: &VariantName,
    ) -> Result<Vec<ExpectationRecord>, StoreError> {
        let sql = "SELECT expected, recorded_ms FROM expectations WHERE experiment = ? AND variant = ? \
                   ORDER BY recorded_ms, expected";
        let query = sqlx::query(sql).bind(experiment.as_str()).bind(variant.as_str());
        let rows = query.fetch_all(&self.pool).await.doing("list what was expected")?;
        let record = |row| {
            Ok(ExpectationRecord {
                expected: rows::get_json(row, "expected")?,
                recorded_ms: rows::get_u64(row, "recorded_ms")?,
            })
        };
        rows.iter().map(record).collect()
    }
}
