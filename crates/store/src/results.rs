//! Reading what runs gave: evaluations, scores, pair lists and metrics.

use arclab_spec::{Fingerprint, ProtocolName, RunId};
use sqlx::sqlite::SqliteRow;

use crate::{
    Store, StoreError,
    error::Doing,
    records::{EvaluationRecord, MetricPoint, MetricScope, PairListRecord, PairRecord, ScoresRecord},
    rows,
};

impl Store {
    /// A run's results, in the order of their protocols' names.
    pub async fn evaluations(&self, run: &RunId) -> Result<Vec<EvaluationRecord>, StoreError> {
        let sql = "SELECT e.*, l.fingerprint FROM evaluations e JOIN pair_lists l ON l.id = e.pair_list \
                   WHERE e.run = (SELECT id FROM runs WHERE name = ?) ORDER BY e.protocol";
        let rows = sqlx::query(sql).bind(run.as_str()).fetch_all(&self.pool).await;
        rows.doing("read the evaluations")?.iter().map(|row| evaluation(run, row)).collect()
    }

    /// A run's similarities on the pairs of one protocol, where it was tested.
    pub async fn scores(
        &self,
        run: &RunId,
        protocol: &ProtocolName,
    ) -> Result<Option<ScoresRecord>, StoreError> {
        let sql = "SELECT l.fingerprint, s.scores FROM evaluations e \
                   JOIN scores s ON s.run = e.run AND s.pair_list = e.pair_list \
                   JOIN pair_lists l ON l.id = e.pair_list \
                   WHERE e.run = (SELECT id FROM runs WHERE name = ?) AND e.protocol = ?";
        let query = sqlx::query(sql).bind(run.as_str()).bind(protocol.as_str());
        let row = query.fetch_optional(&self.pool).await.doing("read the scores")?;
        row.as_ref().map(scores).transpose()
    }

    /// The pair list with this fingerprint, where a run was tested on it.
    pub async fn pair_list(&self, fingerprint: &Fingerprint) -> Result<Option<PairListRecord>, StoreError> {
        let sql = "SELECT name FROM pair_lists WHERE fingerprint = ?";
        let query = sqlx::query(sql).bind(fingerprint.as_str());
        let Some(row) = query.fetch_optional(&self.pool).await.doing("read the pair list")? else {
            return Ok(None);
        };
        let sql = "SELECT p.* FROM pairs p JOIN pair_lists l ON l.id = p.list WHERE l.fingerprint = ? \
                   ORDER BY p.position";
        let pairs = sqlx::query(sql).bind(fingerprint.as_str()).fetch_all(&self.pool).await;
        let pairs = pairs.doing("read the pairs")?;
        Ok(Some(PairListRecord {
            fingerprint: fingerprint.clone(),
            name: rows::get_word(&row, "name")?,
            pairs: pairs.iter().map(pair).collect::<Result<_, _>>()?,
        }))
    }

    /// Whether the pair list with this fingerprint is stored.
    pub async fn has_pair_list(&self, fingerprint: &Fingerprint) -> Result<bool, StoreError> {
        let query = sqlx::query("SELECT 1 FROM pair_lists WHERE fingerprint = ?").bind(fingerprint.as_str());
        Ok(query.fetch_optional(&self.pool).await.doing("find the pair list")?.is_some())
    }

    /// A metric's values, those of steps first, each in the order of their steps.
    pub async fn metrics(&self, run: &RunId, name: &str) -> Result<Vec<MetricPoint>, StoreError> {
        let sql = "SELECT scope, epoch, step, value FROM metrics \
                   WHERE run = (SELECT id FROM runs WHERE name = ?) \
                   AND name = (SELECT id FROM metric_names WHERE name = ?) ORDER BY scope, step";
        let rows = sqlx::query(sql).bind(run.as_str()).bind(name).fetch_all(&self.pool).await;
        rows.doing("read the metric")?.iter().map(point).collect()
    }
}

/// A row of `evaluations` with its list's fingerprint.
pub(crate) fn evaluation(run: &RunId, row: &SqliteRow) -> Result<EvaluationRecord, StoreError> {
    Ok(EvaluationRecord {
        run: run.clone(),
        protocol: rows::get_word(row, "protocol")?,
        pair_list: rows::get_word(row, "fingerprint")?,
        evaluation: rows::get_json(row, "evaluation")?,
        threshold: rows::get(row, "threshold")?,
    })
}

fn scores(row: &SqliteRow) -> Result<ScoresRecord, StoreError> {
    let bytes: &[u8] = rows::get(row, "scores")?;
    let (whole, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(StoreError::Corrupt { what: "scores", text: format!("{} bytes", bytes.len()) });
    }
    Ok(ScoresRecord {
        pair_list: rows::get_word(row, "fingerprint")?,
        scores: whole.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
    })
}

fn pair(row: &SqliteRow) -> Result<PairRecord, StoreError> {
    Ok(PairRecord {
        a: rows::get(row, "a")?,
        b: rows::get(row, "b")?,
        same: rows::get(row, "same")?,
        fold: rows::get(row, "fold")?,
    })
}

fn point(row: &SqliteRow) -> Result<MetricPoint, StoreError> {
    let scope = if rows::get::<u8>(row, "scope")? == MetricScope::Step as u8 {
        MetricScope::Step
    } else {
        MetricScope::Epoch
    };
    Ok(MetricPoint {
        scope,
        epoch: rows::get(row, "epoch")?,
        step: rows::get_u64(row, "step")?,
        value: rows::get(row, "value")?,
    })
}
