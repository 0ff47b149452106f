//! Sweeps: what was declared, which variants are their cells, and how far the runs of those have come.

use std::{collections::BTreeMap, path::PathBuf};

use arclab_spec::{Cell, ExperimentName, RunId, RunState, Sweep, VariantName};
use sqlx::{Sqlite, Transaction};

use crate::{
    Hold, Store, StoreError,
    error::{Doing, json},
    rows,
};

/// What cells are compared by. Of validation pairs: nothing here reads a test.
const METRIC: &str = "validation_accuracy";

/// A sweep as it was planned last.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepRecord {
    /// What the spec says.
    pub sweep: Sweep,
    /// The spec.
    pub file: PathBuf,
    /// `--set` beside it, as it was given.
    pub overrides: Vec<String>,
    /// The variant that cells are held against.
    pub against: VariantName,
    /// Its cells, in the order of the search.
    pub cells: Vec<(VariantName, Cell)>,
}

/// A run of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepRun {
    /// Of which variant.
    pub variant: VariantName,
    /// The run.
    pub run: RunId,
    /// Of its plan.
    pub seed: u64,
    /// Where it stands.
    pub state: RunState,
    /// Whether it is in the queue.
    pub is_submitted: bool,
    /// Why it is not begun.
    pub held: Option<Hold>,
    /// Attempts end with a checkpoint after so many epochs.
    pub until_epoch: Option<u32>,
    /// Epochs in all.
    pub epochs: u32,
    /// Whether a worker was ever on it.
    pub has_begun: bool,
    /// Seconds that workers were on it, each since it said so: a job may wait in a cluster's queue for long.
    pub seconds: f64,
    /// The accuracy on validation pairs after each epoch that is done.
    pub curve: Vec<f64>,
}

impl Store {
    /// Records a sweep whose runs are planned, in the place of what was recorded under its name. Nobody carries it out before
    /// [`Self::open_sweep`].
    pub async fn record_sweep(&self, record: &SweepRecord, at_ms: u64) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        withdraw_dropped(&mut write, record).await?;
        let sql = "INSERT OR REPLACE INTO sweeps (experiment, declared, file, overrides, against, is_open, recorded_ms) \
                   VALUES (?, ?, ?, ?, ?, 0, ?)";
        let query = sqlx::query(sql)
            .bind(record.sweep.name.as_str())
            .bind(json("a sweep", &record.sweep)?)
            .bind(json("a spec's path", &record.file)?)
            .bind(json("what is set beside a sweep", &record.overrides)?)
            .bind(record.against.as_str())
            .bind(at_ms as i64);
        query.execute(&mut *write).await.doing("record a sweep")?;
        record_cells(&mut write, record).await?;
        write.commit().await.doing("record a sweep")
    }

    /// Records how a sweep that is being carried out goes on: its cells, and how many its search still wants. It stays open.
    pub async fn update_sweep(&self, record: &SweepRecord) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let query = sqlx::query("UPDATE sweeps SET declared = ? WHERE experiment = ?");
        let query = query.bind(json("a sweep", &record.sweep)?).bind(record.sweep.name.as_str());
        query.execute(&mut *write).await.doing("record how a sweep goes on")?;
        record_cells(&mut write, record).await?;
        write.commit().await.doing("record how a sweep goes on")
    }

    /// Has a sweep carried out, whose first runs are in the queue.
    pub async fn open_sweep(&self, name: &ExperimentName) -> Result<(), StoreError> {
        let query = sqlx::query("UPDATE sweeps SET is_open = 1 WHERE experiment = ?").bind(name.as_str());
        query.execute(&self.pool).await.doing("begin a sweep").map(drop)
    }

    /// A sweep; absent where the experiment is none.
    pub async fn sweep(&self, name: &ExperimentName) -> Result<Option<SweepRecord>, StoreError> {
        let query = sqlx::query("SELECT * FROM sweeps WHERE experiment = ?").bind(name.as_str());
        let Some(row) = query.fetch_optional(&self.pool).await.doing("read a sweep")? else {
            return Ok(None);
        };
        let sql = "SELECT * FROM sweep_cells WHERE experiment = ? ORDER BY number";
        let cells =
            sqlx::query(sql).bind(name.as_str()).fetch_all(&self.pool).await.doing("read a sweep's cells")?;
        let cell = |row| Ok((rows::get_word(row, "variant")?, rows::get_json(row, "cell")?));
        Ok(Some(SweepRecord {
            sweep: rows::get_json(&row, "declared")?,
            file: rows::get_json(&row, "file")?,
            overrides: rows::get_json(&row, "overrides")?,
            against: rows::get_word(&row, "against")?,
            cells: cells.iter().map(cell).collect::<Result<_, StoreError>>()?,
        }))
    }

    /// The sweeps that are being carried out.
    pub async fn open_sweeps(&self) -> Result<Vec<ExperimentName>, StoreError> {
        let sql = "SELECT experiment FROM sweeps WHERE is_open ORDER BY recorded_ms, experiment";
        let found = sqlx::query(sql).fetch_all(&self.pool).await.doing("list the sweeps")?;
        found.iter().map(|row| rows::get_word(row, "experiment")).collect()
    }

    /// The runs of a sweep, by variant and seed.
    pub async fn sweep_runs(&self, sweep: &SweepRecord) -> Result<Vec<SweepRun>, StoreError> {
        let name = &sweep.sweep.name;
        let variants: Vec<&VariantName> =
            sweep.cells.iter().map(|(variant, _)| variant).chain([&sweep.against]).collect();
        let sql = "SELECT r.*, v.variant AS of_variant, v.seed AS of_seed, \
                   json_extract(p.plan, '$.config.training.epochs') AS epochs, \
                   EXISTS (SELECT 1 FROM attempts t WHERE t.run = r.id) AS has_begun, \
                   (SELECT COALESCE(SUM(MAX(COALESCE(t.ended_ms, unixepoch('subsec') * 1000) - t.started_ms, 0)), 0) / 1000.0 \
                    FROM attempts t WHERE t.run = r.id) AS seconds \
                   FROM variant_plans v JOIN plans p ON p.hash = v.plan JOIN runs r ON r.plan = v.plan \
                   WHERE v.experiment = ? AND v.variant IN (SELECT value FROM json_each(?)) ORDER BY v.variant, v.seed";
        let query = sqlx::query(sql).bind(name.as_str()).bind(json("names of variants", &variants)?);
        let found = query.fetch_all(&self.pool).await.doing("list a sweep's runs")?;
        let curves = self.curves(name).await?;
        let run = |row| {
            let id: i64 = rows::get(row, "id")?;
            // What it showed before says nothing of what it will show from its start.
            let is_afresh: bool = rows::get(row, "afresh")?;
            let curve = curves.get(&id).filter(|_| !is_afresh).cloned().unwrap_or_default();
            Ok(SweepRun {
                variant: rows::get_word(row, "of_variant")?,
                run: rows::get_word(row, "name")?,
                seed: rows::get_u64(row, "of_seed")?,
                state: rows::state(row)?,
                is_submitted: rows::get::<Option<i64>>(row, "submitted_ms")?.is_some(),
                held: rows::get_optional_word(row, "held")?,
                until_epoch: rows::get(row, "until_epoch")?,
                epochs: rows::get(row, "epochs")?,
                has_begun: rows::get(row, "has_begun")?,
                seconds: rows::get(row, "seconds")?,
                curve,
            })
        };
        found.iter().map(run).collect()
    }

    /// What the runs of an experiment showed after each epoch, by their number here.
    async fn curves(&self, name: &ExperimentName) -> Result<BTreeMap<i64, Vec<f64>>, StoreError> {
        let sql = "SELECT m.run, m.value FROM metrics m WHERE m.scope = 1 \
                   AND m.name = (SELECT id FROM metric_names WHERE name = ?) AND m.run IN \
                   (SELECT r.id FROM variant_plans v JOIN runs r ON r.plan = v.plan WHERE v.experiment = ?) \
                   ORDER BY m.run, m.step";
        let query = sqlx::query(sql).bind(METRIC).bind(name.as_str());
        let found = query.fetch_all(&self.pool).await.doing("read what a sweep's runs have shown")?;
        let mut curves: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
        for row in &found {
            curves.entry(rows::get(row, "run")?).or_default().push(rows::get(row, "value")?);
        }
        Ok(curves)
    }

    /// Ends a sweep: what its search holds leaves the queue, stopped early.
    pub async fn close_sweep(&self, name: &ExperimentName, stopped: &[RunId]) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        for run in stopped {
            let sql = "UPDATE runs SET submitted_ms = NULL, held = 'search', asked = NULL WHERE name = ? AND state = 'queued'";
            sqlx::query(sql).bind(run.as_str()).execute(&mut *write).await.doing("stop a run early")?;
        }
        let query = sqlx::query("UPDATE sweeps SET is_open = 0 WHERE experiment = ?").bind(name.as_str());
        query.execute(&mut *write).await.doing("end a sweep")?;
        write.commit().await.doing("end a sweep")
    }

    /// Whether a search stopped the run before its end, for good.
    pub async fn is_stopped_early(&self, run: &RunId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM runs WHERE name = ? AND state = 'queued' AND held = 'search' \
                   AND submitted_ms IS NULL)";
        let query = sqlx::query_scalar(sql).bind(run.as_str());
        query.fetch_one(&self.pool).await.doing("look whether a run was stopped early")
    }
}

/// Takes runs out of the queue that a search alone asked for, of cells that its sweep no longer has. One at work leaves it where it was
/// to pause.
async fn withdraw_dropped(
    write: &mut Transaction<'_, Sqlite>,
    record: &SweepRecord,
) -> Result<(), StoreError> {
    let kept: Vec<&VariantName> =
        record.cells.iter().map(|(variant, _)| variant).chain([&record.against]).collect();
    let sql = "WITH cells AS (SELECT c.experiment, c.variant, v.plan FROM sweep_cells c JOIN variant_plans v \
                 ON v.experiment = c.experiment AND v.variant = c.variant), \
               kept AS (SELECT value FROM json_each(?2)) \
               UPDATE runs SET submitted_ms = NULL WHERE submitted_ms IS NOT NULL AND until_epoch IS NOT NULL \
               AND plan IN (SELECT plan FROM cells WHERE experiment = ?1 AND variant NOT IN kept) \
               AND plan NOT IN (SELECT plan FROM variant_plans WHERE experiment = ?1 AND variant IN kept) \
               AND plan NOT IN (SELECT plan FROM cells JOIN sweeps s USING (experiment) WHERE s.is_open AND experiment <> ?1)";
    let query = sqlx::query(sql).bind(record.sweep.name.as_str()).bind(json("names of variants", &kept)?);
    query.execute(&mut **write).await.doing("take runs of dropped cells out of the queue").map(drop)
}

/// In the place of those that were recorded.
async fn record_cells(write: &mut Transaction<'_, Sqlite>, record: &SweepRecord) -> Result<(), StoreError> {
    let name = record.sweep.name.as_str();
    let sql = "DELETE FROM sweep_cells WHERE experiment = ?";
    sqlx::query(sql).bind(name).execute(&mut **write).await.doing("replace a sweep's cells")?;
    for (variant, cell) in &record.cells {
        let sql = "INSERT INTO sweep_cells (experiment, number, variant, cell) VALUES (?, ?, ?, ?)";
        let query =
            sqlx::query(sql).bind(name).bind(cell.number).bind(variant.as_str()).bind(json("a cell", cell)?);
        query.execute(&mut **write).await.doing("record a sweep's cell")?;
    }
    Ok(())
}
