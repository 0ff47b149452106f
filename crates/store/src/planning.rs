//! From specs to runs that wait: what a variant means is recorded, and a plan gets the run that all who share it use.

use arclab_spec::{
    Attempt, ExperimentName, Fingerprint, ListPeople, Plan, PlanHash, RunId, RunState, Spec, VariantName,
};
use sqlx::{Row, SqliteConnection};

use crate::{
    Store, StoreError,
    error::{Doing, json},
    expectations, list_people, rows,
};

/// A spec, and the data that its plans are over.
#[derive(Debug, Clone, Copy)]
pub struct Planning<'a> {
    /// The spec as resolved.
    pub spec: &'a Spec,
    /// Its file as written.
    pub text: Option<&'a str>,
    /// Digest of the data.
    pub data: &'a Fingerprint,
    /// The data in words, as "60 people, 1,200 images".
    pub data_summary: &'a str,
    /// Who is on the images of the data's pair lists.
    pub people: &'a [ListPeople],
}

/// The run that carries out one seed of a variant.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRun {
    /// The variant's experiment.
    pub experiment: ExperimentName,
    /// The variant.
    pub variant: VariantName,
    /// The seed.
    pub seed: u64,
    /// The plan's identity.
    pub plan: PlanHash,
    /// The run; shared by all variants with this plan.
    pub run: RunId,
    /// Where it stands: newly queued, or as an earlier planning left it.
    pub state: RunState,
}

impl PlannedRun {
    /// Whether it stands for `spec`.
    pub fn is_of(&self, spec: &Spec) -> bool {
        (&self.experiment, &self.variant) == (&spec.experiment, &spec.name)
    }
}

impl Store {
    /// Records specs and gives each of their plans a run, all in one transaction. The plans of a variant are those
    /// of its newest planning. A run that exists is left as it is, but for the resources that it may use.
    pub async fn plan_runs(
        &self,
        plannings: &[Planning<'_>],
        at_ms: u64,
    ) -> Result<Vec<PlannedRun>, StoreError> {
        let mut write = self.write().await?;
        let mut planned = Vec::new();
        for planning in plannings {
            record_data(&mut write, planning, at_ms).await?;
            list_people::record(&mut write, planning.data, planning.people).await?;
            let spec_id = record_spec(&mut write, planning, at_ms).await?;
            expectations::record(&mut write, planning.spec, at_ms).await?;
            forget_plans(&mut write, planning.spec).await?;
            for plan in planning.spec.plans(planning.data) {
                planned.push(plan_one(&mut write, planning.spec, spec_id, &plan, at_ms).await?);
            }
        }
        write.commit().await.doing("record the plans")?;
        Ok(planned)
    }
}

async fn record_data(
    write: &mut SqliteConnection,
    planning: &Planning<'_>,
    at_ms: u64,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO data_sets (fingerprint, summary, recorded_ms) VALUES (?, ?, ?) \
               ON CONFLICT DO UPDATE SET summary = excluded.summary";
    let query = sqlx::query(sql).bind(planning.data.as_str()).bind(planning.data_summary).bind(at_ms as i64);
    query.execute(write).await.doing("record the data set")?;
    Ok(())
}

/// The row's id. A spec that was recorded before moves to now, so that the newest row is what was planned last.
async fn record_spec(
    write: &mut SqliteConnection,
    planning: &Planning<'_>,
    at_ms: u64,
) -> Result<i64, StoreError> {
    let spec = planning.spec;
    let resolved = json("a spec", spec)?;
    let sql = "INSERT INTO specs \
               (experiment, variant, digest, text, resolved, hypothesis, parent, recorded_ms) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?) \
               ON CONFLICT DO UPDATE SET text = excluded.text, recorded_ms = excluded.recorded_ms RETURNING id";
    let query = sqlx::query(sql)
        .bind(spec.experiment.as_str())
        .bind(spec.name.as_str())
        .bind(Fingerprint::of(resolved.as_bytes()).as_str().to_owned())
        .bind(planning.text)
        .bind(&resolved)
        .bind(&spec.hypothesis)
        .bind(spec.parent.as_ref().map(VariantName::as_str))
        .bind(at_ms as i64);
    let row = query.fetch_one(write).await.doing("record the spec")?;
    row.try_get(0).doing("read a spec's number")
}

/// A mean over seeds must not mix what the variant means now with what it meant before.
async fn forget_plans(write: &mut SqliteConnection, spec: &Spec) -> Result<(), StoreError> {
    let query = sqlx::query("DELETE FROM variant_plans WHERE experiment = ? AND variant = ?")
        .bind(spec.experiment.as_str())
        .bind(spec.name.as_str());
    query.execute(write).await.doing("replace the variant's plans")?;
    Ok(())
}

async fn plan_one(
    write: &mut SqliteConnection,
    spec: &Spec,
    spec_id: i64,
    plan: &Plan,
    at_ms: u64,
) -> Result<PlannedRun, StoreError> {
    let hash = plan.hash();
    record_plan(write, plan, &hash, at_ms).await?;
    let sql = "INSERT INTO variant_plans (experiment, variant, seed, plan, spec, planned_ms) \
               VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET plan = excluded.plan, spec = excluded.spec";
    let query = sqlx::query(sql)
        .bind(spec.experiment.as_str())
        .bind(spec.name.as_str())
        .bind(plan.seed as i64)
        .bind(hash.as_str())
        .bind(spec_id)
        .bind(at_ms as i64);
    query.execute(&mut *write).await.doing("record the variant's plan")?;
    let (run, state) = find_or_queue(write, spec, plan, &hash, at_ms).await?;
    Ok(PlannedRun {
        experiment: spec.experiment.clone(),
        variant: spec.name.clone(),
        seed: plan.seed,
        plan: hash,
        run,
        state,
    })
}

/// A plan's paths are no part of its identity: the newest planning's are kept, where the data lies now.
async fn record_plan(
    write: &mut SqliteConnection,
    plan: &Plan,
    hash: &PlanHash,
    at_ms: u64,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO plans (hash, plan, seed, data, planned_ms) VALUES (?, ?, ?, ?, ?) \
               ON CONFLICT DO UPDATE SET plan = excluded.plan, planned_ms = excluded.planned_ms";
    let query = sqlx::query(sql)
        .bind(hash.as_str())
        .bind(json("a plan", plan)?)
        .bind(plan.seed as i64)
        .bind(plan.data.as_str())
        .bind(at_ms as i64);
    query.execute(write).await.doing("record the plan")?;
    Ok(())
}

async fn find_or_queue(
    write: &mut SqliteConnection,
    spec: &Spec,
    plan: &Plan,
    hash: &PlanHash,
    at_ms: u64,
) -> Result<(RunId, RunState), StoreError> {
    let state = RunState::Queued { next: Attempt::FIRST };
    let (word, attempt, _) = rows::state_columns(state);
    // A run that exists keeps everything but its request.
    let sql = "INSERT INTO runs \
               (name, plan, experiment, variant, state, attempt, request, created_ms, moved_ms) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) \
               ON CONFLICT (plan) DO UPDATE SET request = excluded.request RETURNING *";
    let query = sqlx::query(sql)
        .bind(plan.run_id(&spec.name).as_str().to_owned())
        .bind(hash.as_str())
        .bind(spec.experiment.as_str())
        .bind(spec.name.as_str())
        .bind(word)
        .bind(attempt)
        .bind(json("a request", &spec.resources)?)
        .bind(at_ms as i64)
        .bind(at_ms as i64);
    let row = query.fetch_one(write).await.doing("queue the run")?;
    Ok((rows::get_word(&row, "name")?, rows::state(&row)?))
}
