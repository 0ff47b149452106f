//! The results of variants, read from the store for the tables.

use std::collections::BTreeMap;

use arclab_report::{PairList, PairLists, ProtocolResult, RunResults, VariantResults, curve, state_word};
use arclab_spec::{ExperimentName, RunId, RunState, VariantName};
use arclab_store::{
    Store, StoreError,
    records::{RunRecord, SpecRecord},
};

/// Variants of one experiment with their results, in the order asked for, and the pair lists they rest on. `cached`
/// says which runs had succeeded before.
pub(crate) async fn variants(
    store: &Store,
    experiment: &ExperimentName,
    names: &[VariantName],
    cached: Option<&[RunId]>,
) -> Result<(Vec<VariantResults>, PairLists), StoreError> {
    let declared = store.variants_of(experiment).await?;
    let mut results = Vec::with_capacity(names.len());
    for name in names {
        let runs = store.runs_of(experiment, name).await?;
        let spec = declared.iter().find(|spec| &spec.variant == name);
        results.push(variant(store, name, spec, &runs, cached).await?);
    }
    let lists = pair_lists(store, &results).await?;
    Ok((results, lists))
}

async fn variant(
    store: &Store,
    name: &VariantName,
    spec: Option<&SpecRecord>,
    runs: &[RunRecord],
    cached: Option<&[RunId]>,
) -> Result<VariantResults, StoreError> {
    let mut results = Vec::with_capacity(runs.len());
    for run in runs.iter().filter(|run| matches!(run.state, RunState::Succeeded { .. })) {
        results.push(run_results(store, run).await?);
    }
    Ok(VariantResults {
        name: name.clone(),
        state: state(runs, cached),
        hypothesis: spec.map(|spec| spec.hypothesis.clone()).unwrap_or_default(),
        changes: spec.map(changes).unwrap_or_default(),
        runs: results,
    })
}

/// `loss.margin: 0.5 → 0.8`, of a variant that extends another one.
fn changes(spec: &SpecRecord) -> Vec<String> {
    let Some(changes) = spec.resolved["changes"].as_array().filter(|_| spec.parent.is_some()) else {
        return Vec::new();
    };
    let part = |change: &serde_json::Value, part: &str| change[part].as_str().unwrap_or("-").to_owned();
    changes
        .iter()
        .map(|change| format!("{}: {} → {}", part(change, "key"), part(change, "from"), part(change, "to")))
        .collect()
}

/// What the tables say became of a variant's runs: nothing where all that is asked is what was measured.
fn state(runs: &[RunRecord], cached: Option<&[RunId]>) -> Option<String> {
    let succeeded: Vec<_> =
        runs.iter().filter(|run| matches!(run.state, RunState::Succeeded { .. })).collect();
    if succeeded.len() < runs.len() {
        let missing = runs.iter().find(|run| !matches!(run.state, RunState::Succeeded { .. }))?;
        let what = state_word(missing.state);
        return Some(if runs.len() == 1 {
            what.to_owned()
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
    for record in store.evaluations(&run.id).await? {
        let scores = store.scores(&run.id, &record.protocol).await?;
        protocols.insert(record.protocol.clone(), ProtocolResult::stored(&record, scores));
    }
    Ok(RunResults {
        seed: run.seed,
        protocols,
        loss: curve(&store.metrics(&run.id, "loss").await?),
        validation_accuracy: curve(&store.metrics(&run.id, "validation_accuracy").await?),
    })
}

async fn pair_lists(store: &Store, variants: &[VariantResults]) -> Result<PairLists, StoreError> {
    let mut lists = PairLists::new();
    let results = variants.iter().flat_map(|variant| &variant.runs).flat_map(|run| run.protocols.values());
    for result in results {
        if !lists.contains_key(&result.pair_list)
            && let Some(record) = store.pair_list(&result.pair_list).await?
        {
            lists.insert(result.pair_list.clone(), PairList::from(&record));
        }
    }
    Ok(lists)
}
