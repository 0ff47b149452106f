//! Reading runs and their attempts.

use std::num::NonZeroU32;

use arclab_spec::{ExperimentName, Plan, PlanHash, RunId, RunState, VariantName, config::ResourceRequest};
use sqlx::{QueryBuilder, Sqlite};

use crate::{
    Store, StoreError,
    error::Doing,
    records::{AttemptRecord, DataRecord, RunRecord, SpecRecord},
    rows,
};

/// What the scheduler needs to know of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRecord {
    /// The run.
    pub run: RunId,
    /// The variant it was first planned for.
    pub variant: VariantName,
    /// What to do.
    pub plan: Plan,
    /// What it may use.
    pub request: ResourceRequest,
    /// Where it stands.
    pub state: RunState,
    /// Whether the next attempt drops checkpoints and results.
    pub afresh: bool,
    /// Attempts end with a checkpoint after so many epochs.
    pub until_epoch: Option<u32>,
    /// Attempts that died since it was asked for.
    pub deaths: u32,
    /// Batches are in so many parts, since memory ran out.
    pub parts: Option<NonZeroU32>,
    /// Bytes of its journal that are stored.
    pub journal_offset: u64,
    /// Lines of its journal that could not be read.
    pub skipped_lines: u32,
    /// The last attempt; absent before the first.
    pub last_attempt: Option<AttemptRecord>,
}

impl Store {
    /// The run named `run`.
    pub async fn run(&self, run: &RunId) -> Result<RunRecord, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(rows::SELECT_RUN);
        query.push(" WHERE r.name = ").push_bind(run.as_str());
        let row = query.build().fetch_optional(&self.pool).await.doing("read the run")?;
        rows::run_record(self, &row.ok_or_else(|| StoreError::UnknownRun(run.clone()))?)
    }

    /// Where the run of a plan stands; absent where there is none yet.
    pub async fn state_of(&self, plan: &PlanHash) -> Result<Option<RunState>, StoreError> {
        let query = sqlx::query("SELECT * FROM runs WHERE plan = ?").bind(plan.as_str());
        let row = query.fetch_optional(&self.pool).await.doing("look for the plan's run")?;
        row.as_ref().map(rows::state).transpose()
    }

    /// What `run` is trained on.
    pub async fn data_of(&self, run: &RunId) -> Result<DataRecord, StoreError> {
        let sql = "SELECT d.* FROM data_sets d JOIN plans p ON p.data = d.fingerprint JOIN runs r ON r.plan = p.hash \
                   WHERE r.name = ?";
        let row = sqlx::query(sql)
            .bind(run.as_str())
            .fetch_optional(&self.pool)
            .await
            .doing("read the run's data")?;
        let row = row.ok_or_else(|| StoreError::UnknownRun(run.clone()))?;
        Ok(DataRecord {
            fingerprint: rows::get_word(&row, "fingerprint")?,
            summary: rows::get(&row, "summary")?,
        })
    }

    /// All that is needed to carry `run` out.
    pub async fn job(&self, run: &RunId) -> Result<JobRecord, StoreError> {
        let sql =
            "SELECT r.*, p.plan AS plan_json FROM runs r JOIN plans p ON p.hash = r.plan WHERE r.name = ?";
        let row =
            sqlx::query(sql).bind(run.as_str()).fetch_optional(&self.pool).await.doing("read the run")?;
        let row = row.ok_or_else(|| StoreError::UnknownRun(run.clone()))?;
        Ok(JobRecord {
            run: run.clone(),
            variant: rows::get_word(&row, "variant")?,
            plan: rows::get_json(&row, "plan_json")?,
            request: rows::get_json(&row, "request")?,
            state: rows::state(&row)?,
            afresh: rows::get(&row, "afresh")?,
            until_epoch: rows::get(&row, "until_epoch")?,
            deaths: rows::get(&row, "deaths")?,
            parts: rows::parts(&row)?,
            journal_offset: rows::get_u64(&row, "journal_offset")?,
            skipped_lines: rows::get(&row, "skipped_lines")?,
            last_attempt: self.attempts(run).await?.pop(),
        })
    }

    /// The runs that a worker is said to be on, oldest first.
    pub async fn running(&self) -> Result<Vec<RunId>, StoreError> {
        let query = sqlx::query("SELECT name FROM runs WHERE state = 'running' ORDER BY id");
        let rows = query.fetch_all(&self.pool).await.doing("list the running runs")?;
        rows.iter().map(|row| rows::get_word(row, "name")).collect()
    }

    /// The runs of a variant's newest planning, one a seed, in the order of the seeds.
    pub async fn runs_of(
        &self,
        experiment: &ExperimentName,
        variant: &VariantName,
    ) -> Result<Vec<RunRecord>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(rows::SELECT_RUN);
        query.push(" JOIN variant_plans v ON v.plan = r.plan WHERE v.experiment = ");
        query.push_bind(experiment.as_str()).push(" AND v.variant = ").push_bind(variant.as_str());
        query.push(" ORDER BY v.seed");
        let found = query.build().fetch_all(&self.pool).await.doing("list the variant's runs")?;
        let named = |row| {
            let run = rows::run_record(self, row)?;
            Ok(RunRecord { experiment: experiment.clone(), variant: variant.clone(), ..run })
        };
        found.iter().map(named).collect()
    }

    /// The attempts at `run`, first to last.
    pub async fn attempts(&self, run: &RunId) -> Result<Vec<AttemptRecord>, StoreError> {
        let sql = "SELECT * FROM attempts WHERE run = (SELECT id FROM runs WHERE name = ?) ORDER BY number";
        let rows = sqlx::query(sql).bind(run.as_str()).fetch_all(&self.pool).await;
        rows.doing("list the attempts")?.iter().map(rows::attempt_record).collect()
    }

    /// The experiments that hold all of `variants`, the most recently run first.
    pub async fn experiment_of(&self, variants: &[VariantName]) -> Result<Vec<ExperimentName>, StoreError> {
        let mut names = variants.to_vec();
        names.sort();
        names.dedup();
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT v.experiment FROM variant_plans v JOIN runs r ON r.plan = v.plan WHERE v.variant IN (",
        );
        let mut list = query.separated(", ");
        for name in &names {
            list.push_bind(name.as_str().to_owned());
        }
        query.push(") GROUP BY v.experiment HAVING COUNT(DISTINCT v.variant) = ");
        query.push_bind(names.len() as i64);
        // Runs shared with another experiment would tie; the newer planning is then meant.
        query.push(" ORDER BY MAX(r.moved_ms) DESC, MAX(v.planned_ms) DESC, v.experiment");
        let rows = query.build().fetch_all(&self.pool).await.doing("find the variants' experiment")?;
        rows.iter().map(|row| rows::get_word(row, "experiment")).collect()
    }

    /// All experiments with a planned variant, the most recently run first.
    pub async fn experiments(&self) -> Result<Vec<ExperimentName>, StoreError> {
        let sql = "SELECT v.experiment FROM variant_plans v JOIN runs r ON r.plan = v.plan \
                   GROUP BY v.experiment ORDER BY MAX(r.moved_ms) DESC, MAX(v.planned_ms) DESC, v.experiment";
        let rows = sqlx::query(sql).fetch_all(&self.pool).await.doing("list the experiments")?;
        rows.iter().map(|row| rows::get_word(row, "experiment")).collect()
    }

    /// The planned variants of an experiment, by name, as last declared.
    pub async fn variants_of(&self, experiment: &ExperimentName) -> Result<Vec<SpecRecord>, StoreError> {
        // Of the name, not of `s`: else SQLite would look the specs up anew for each of them.
        let sql = "SELECT s.* FROM specs s WHERE s.experiment = ?1 AND s.id IN \
                   (SELECT spec FROM variant_plans WHERE experiment = ?1) ORDER BY s.variant";
        let rows = sqlx::query(sql).bind(experiment.as_str()).fetch_all(&self.pool).await;
        rows.doing("list the experiment's variants")?.iter().map(spec_record).collect()
    }
}

fn spec_record(row: &sqlx::sqlite::SqliteRow) -> Result<SpecRecord, StoreError> {
    let parent: Option<&str> = rows::get(row, "parent")?;
    Ok(SpecRecord {
        experiment: rows::get_word(row, "experiment")?,
        variant: rows::get_word(row, "variant")?,
        parent: parent.map(|name| rows::word("parent", name)).transpose()?,
        hypothesis: rows::get(row, "hypothesis")?,
        text: rows::get(row, "text")?,
        resolved: rows::get_json(row, "resolved")?,
        recorded_ms: rows::get_u64(row, "recorded_ms")?,
    })
}
