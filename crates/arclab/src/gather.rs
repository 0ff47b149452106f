//! The results of variants, read from the store for the tables.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use arclab_report::{
    PairList, PairLists, ProtocolResult, RunResults, Stated, VariantResults, curve, run_word,
};
use arclab_spec::{Expectation, ExperimentName, Lineage, RunId, RunState, Spec, VariantName};
use arclab_store::{
    PlannedRun, Store, StoreError,
    records::{RunRecord, SpecRecord},
};

/// A variant, and the runs that stand for it.
pub(crate) struct Asked {
    name: VariantName,
    hypothesis: String,
    stated: Option<Stated>,
    lineage: Option<Lineage>,
    runs: Vec<RunRecord>,
}

impl Asked {
    /// One run by itself, under its own name.
    pub(crate) fn run(run: RunRecord) -> Result<Self, arclab_spec::InvalidName> {
        Ok(Self {
            name: VariantName::new(run.id.as_str())?,
            hypothesis: String::new(),
            stated: None,
            lineage: None,
            runs: vec![run],
        })
    }

    /// The runs, with the variant that they stand for.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (&VariantName, &RunRecord)> {
        self.runs.iter().map(|run| (&self.name, run))
    }

    /// Only the runs that are named, where any of them is.
    pub(crate) fn keep(&mut self, named: &[RunId]) {
        if self.runs.iter().any(|run| named.contains(&run.id)) {
            self.runs.retain(|run| named.contains(&run.id));
        }
    }
}

/// Variants of an experiment as they were planned last, in the order asked for.
pub(crate) async fn as_stored(
    store: &Store,
    experiment: &ExperimentName,
    names: &[VariantName],
) -> anyhow::Result<Vec<Asked>> {
    let declared = store.variants_of(experiment).await?;
    let mut asked = Vec::with_capacity(names.len());
    for name in names {
        let Some(spec) = declared.iter().find(|spec| &spec.variant == name) else {
            bail!("experiment `{experiment}` has no variant `{name}` any more");
        };
        let runs = store.runs_of(experiment, name).await?;
        asked.push(Asked {
            name: name.clone(),
            hypothesis: spec.hypothesis.clone(),
            stated: stated(store, experiment, name, &expected(spec)?, &runs).await?,
            lineage: lineage(spec)?,
            runs,
        });
    }
    Ok(asked)
}

/// What a variant was planned with; absent in a store of an earlier version.
pub(crate) fn lineage(spec: &SpecRecord) -> anyhow::Result<Option<Lineage>> {
    let lineage = spec.resolved.get("lineage").cloned().map(serde_json::from_value).transpose();
    lineage.with_context(|| format!("failed to read what `{}` was planned with", spec.variant))
}

fn expected(spec: &SpecRecord) -> anyhow::Result<Vec<Expectation>> {
    let expected = spec.resolved.get("expect").cloned().map(serde_json::from_value).transpose();
    let expected =
        expected.with_context(|| format!("failed to read what is expected of `{}`", spec.variant))?;
    Ok(expected.unwrap_or_default())
}

/// What is expected of a variant, and what was recorded of it when.
async fn stated(
    store: &Store,
    experiment: &ExperimentName,
    variant: &VariantName,
    expected: &[Expectation],
    runs: &[RunRecord],
) -> Result<Option<Stated>, StoreError> {
    let records = store.expectations(experiment, variant).await?;
    if records.is_empty() {
        return Ok(None);
    }
    let mut began = Vec::new();
    for run in runs {
        began.extend(store.attempts(&run.id).await?.first().map(|attempt| attempt.launched_ms));
    }
    let began_ms = began.into_iter().min();
    let known_then =
        records.iter().rev().find(|record| began_ms.is_some_and(|began_ms| record.recorded_ms <= began_ms));
    let recorded = records.iter().find(|record| record.expected == expected);
    Ok(Some(Stated {
        expected: expected.to_vec(),
        recorded_ms: recorded.map(|record| record.recorded_ms),
        before: known_then.map(|record| record.expected.clone()),
        began_ms,
    }))
}

/// A spec with the runs that this invocation planned for it, whatever another one may have planned since.
pub(crate) async fn as_planned(
    store: &Store,
    spec: &Spec,
    planned: &[PlannedRun],
) -> Result<Asked, StoreError> {
    let mut runs = Vec::new();
    for planned in planned.iter().filter(|planned| planned.is_of(spec)) {
        runs.push(store.run(&planned.run).await?);
    }
    Ok(Asked {
        name: spec.name.clone(),
        hypothesis: spec.hypothesis.clone(),
        stated: stated(store, &spec.experiment, &spec.name, &spec.expect, &runs).await?,
        lineage: Some(spec.lineage.clone()),
        runs,
    })
}

/// The variants with their results, and the pair lists they rest on. `cached` says which runs had succeeded before.
pub(crate) async fn results(
    store: &Store,
    asked: Vec<Asked>,
    cached: Option<&[RunId]>,
) -> Result<(Vec<VariantResults>, PairLists), StoreError> {
    let mut results = Vec::with_capacity(asked.len());
    for asked in asked {
        let mut runs = Vec::with_capacity(asked.runs.len());
        for run in asked.runs.iter().filter(|run| matches!(run.state, RunState::Succeeded { .. })) {
            runs.push(run_results(store, run).await?);
        }
        let state = state(&asked.runs, cached);
        let Asked { name, hypothesis, stated, lineage, .. } = asked;
        results.push(VariantResults { name, state, hypothesis, stated, lineage, runs });
    }
    let lists = pair_lists(store, &results).await?;
    Ok((results, lists))
}

/// What the tables say became of a variant's runs: nothing where all that is asked is what was measured.
fn state(runs: &[RunRecord], cached: Option<&[RunId]>) -> Option<String> {
    let succeeded: Vec<_> =
        runs.iter().filter(|run| matches!(run.state, RunState::Succeeded { .. })).collect();
    if succeeded.len() < runs.len() {
        let missing = runs.iter().find(|run| !matches!(run.state, RunState::Succeeded { .. }))?;
        return Some(if runs.len() == 1 || missing.is_stopped_early {
            run_word(missing).to_owned()
        } else {
            format!("{}/{} done", succeeded.len(), runs.len())
        });
    }
    let cached = cached?;
    let old = succeeded.iter().filter(|run| cached.contains(&run.id)).count();
    Some(match old {
        0 => "trained".to_owned(),
        _ if old == runs.len() => "cached".to_owned(),
        _ => format!("{old}/{} cached", runs.len()),
    })
}

async fn run_results(store: &Store, run: &RunRecord) -> Result<RunResults, StoreError> {
    let mut protocols = BTreeMap::new();
    let people = store.list_people(&run.id).await?;
    for record in store.evaluations(&run.id).await? {
        let scores = store.scores(&run.id, &record.protocol).await?;
        let shared = people.iter().find(|people| people.pair_list == record.pair_list);
        let shared = shared.and_then(|people| people.shared);
        protocols.insert(record.protocol.clone(), ProtocolResult::stored(&record, scores, shared));
    }
    Ok(RunResults {
        run: run.id.clone(),
        seed: run.seed,
        parts: run.last_attempt.as_ref().and_then(|last| last.parts),
        protocols,
        loss: curve(&store.metrics(&run.id, "loss").await?),
        validation_accuracy: curve(&store.metrics(&run.id, "validation_accuracy").await?),
    })
}

/// The lists that results rest on, each with its people as the data of one of the runs has them.
async fn pair_lists(store: &Store, variants: &[VariantResults]) -> Result<PairLists, StoreError> {
    let mut lists = PairLists::new();
    for run in variants.iter().flat_map(|variant| &variant.runs) {
        for result in run.protocols.values() {
            if !lists.contains_key(&result.pair_list)
                && let Some(record) = store.pair_list(&result.pair_list).await?
            {
                let mut list = PairList::from(&record);
                let people = store.list_people(&run.run).await?;
                let people = people.into_iter().find(|people| people.pair_list == result.pair_list);
                // Of an earlier version's runs the images' folders say who they show.
                if let Some(people) = people.filter(|people| people.who.len() == list.same.len()) {
                    list.people = people.who;
                }
                lists.insert(result.pair_list.clone(), list);
            }
        }
    }
    Ok(lists)
}
