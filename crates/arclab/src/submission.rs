//! From planned runs to what is put in the queue.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use arclab_spec::{ExperimentName, RunId, RunState, Spec, VariantName};
use arclab_store::{PlannedRun, Reach, Store, Submission, SweepRecord};

use crate::{
    named,
    sweeping::{self, Limit},
};

/// What the command line says beside the specs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    /// Goes before what the specs say.
    pub(crate) priority: Option<f64>,
    /// Beside what the specs say.
    pub(crate) after: Vec<VariantName>,
    /// Also what has succeeded or was stopped early, from its start.
    pub(crate) force: bool,
}

/// The submissions of the runs of `planned` that are to be carried out, as parts of `sweeps` where they are; each once, though variants
/// may share one.
pub(crate) async fn submissions(
    store: &Store,
    specs: &[Spec],
    planned: &[PlannedRun],
    sweeps: &[SweepRecord],
    said: &Said,
) -> anyhow::Result<Vec<Submission>> {
    let mut found: BTreeMap<RunId, Submission> = BTreeMap::new();
    let mut order = Vec::new();
    let mut limits = sweeping::limits(store, sweeps, said.force).await?;
    // What a spec that is no part of a sweep has, it has whole.
    for run in
        planned.iter().filter(|planned| specs.iter().any(|spec| spec.sweep.is_none() && planned.is_of(spec)))
    {
        limits.remove(&run.run);
    }
    for spec in specs {
        let names = spec.queue.after.iter().chain(&said.after);
        let mut after = Vec::new();
        for name in names {
            let file = || format!("{} comes after `{name}`", spec.file.display());
            after.extend(runs_called(store, &spec.experiment, name).await.with_context(file)?);
        }
        // What specs leave at the usual 0, somebody may have changed in the queue since.
        let priority = said.priority.or((spec.queue.priority != 0.0).then_some(spec.queue.priority));
        for run in planned.iter().filter(|planned| planned.is_of(spec)).map(|planned| &planned.run) {
            let reach = match limits.get(run) {
                Some(Limit::Waits) => continue,
                Some(Limit::Until(epoch)) => Reach::Epoch(*epoch),
                Some(Limit::Whole) | None => Reach::End,
            };
            let submission = found.entry(run.clone()).or_insert_with(|| {
                order.push(run.clone());
                Submission { reach, ..Submission::of(run.clone()) }
            });
            submission.priority = submission.priority.or(priority);
            // None, too, is said: what was said before counts no more.
            submission
                .after
                .get_or_insert_default()
                .extend(after.iter().filter(|after| *after != run).cloned());
        }
    }
    Ok(order.iter().filter_map(|run| found.remove(run)).collect())
}

/// The run of this name, or the runs of the variant of this name.
async fn runs_called(
    store: &Store,
    experiment: &ExperimentName,
    name: &VariantName,
) -> anyhow::Result<Vec<RunId>> {
    if let Some(run) = named::run(store, name.as_str()).await? {
        return Ok(vec![run.id]);
    }
    let runs = store.runs_of(experiment, name).await?;
    if runs.is_empty() {
        bail!(
            "there is no run of this name, and no variant of experiment `{experiment}`: plan it first, or along with it"
        );
    }
    Ok(runs.into_iter().map(|run| run.id).collect())
}

/// Puts runs in the queue. Returns those that are now to be carried out.
pub(crate) async fn submit(
    store: &Store,
    submissions: &[Submission],
    said: &Said,
    at_ms: u64,
) -> anyhow::Result<Vec<RunId>> {
    for submission in submissions.iter().filter(|_| said.force) {
        store.enqueue(&submission.run, true, at_ms).await?;
    }
    let states = store.submit(submissions, at_ms).await?;
    let is_open = |state: &RunState| !matches!(state, RunState::Succeeded { .. });
    let open = submissions.iter().zip(&states).filter(|(_, state)| is_open(state));
    Ok(open.map(|(submission, _)| submission.run.clone()).collect())
}
