//! Pairs of the tests, judged by the scores that runs gave them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context as _, bail};
use arclab_data::synthetic;
use arclab_metrics::{Evaluation, Ranking, contradicted, contradiction};
use arclab_report::{PairList, SuspectPair, suspect_pairs_table};
use arclab_spec::{
    ProtocolName, RunId, RunState, VariantName,
    config::{Config, Dataset, PairSource},
};
use arclab_store::{
    Store,
    records::{PairListRecord, PairRecord, ScoresRecord},
};

use super::{Found, refuse_figure_without_truth, show};
use crate::{cli::AuditArgs, named, output::Output};

/// What one run said of a test's pairs.
struct Heard {
    variant: VariantName,
    run: RunId,
    evaluation: Evaluation,
    scores: ScoresRecord,
}

/// A test's pairs, and the runs that scored them.
struct Test {
    protocol: ProtocolName,
    list: PairListRecord,
    heard: Vec<Heard>,
    /// Whether the images say by their names whom they show.
    truth_is_known: bool,
}

/// Lists the pairs whose label all runs contradict.
pub(super) async fn execute(store: &Path, arguments: &AuditArgs, output: Output) -> anyhow::Result<()> {
    let store = Store::open_existing(store).await?;
    let tests = tests(&store, arguments, output).await?;
    refuse_figure_without_truth(arguments, tests.iter().all(|test| test.truth_is_known))?;
    let mut suspects = Vec::new();
    for test in &tests {
        suspects.extend(suspects_of(test)?);
    }
    // Stable, so that equals keep the order of tests and lists.
    suspects.sort_by(|a, b| b.mean.total_cmp(&a.mean));
    let looked_at = tests.iter().map(|test| test.list.pairs.len()).sum();
    let list = suspect_pairs_table(&suspects, looked_at, output.limit(arguments.limit));
    let ranking = ranking(&tests, &suspects);
    show(Found { list, ranking, looked_at }, arguments, output)?;
    store.close().await;
    Ok(())
}

/// The tests that were asked for, each with all runs that have it.
async fn tests(store: &Store, arguments: &AuditArgs, output: Output) -> anyhow::Result<Vec<Test>> {
    let experiment =
        named::experiment(store, &arguments.variants, arguments.experiment.as_ref(), output).await?;
    let variants = named::variants_or_all(store, &experiment, &arguments.variants).await?;
    let mut heard: BTreeMap<ProtocolName, Vec<Heard>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for variant in variants {
        for run in store.runs_of(&experiment, &variant).await? {
            // Variants may share a run, which has one voice.
            if matches!(run.state, RunState::Succeeded { .. }) && seen.insert(run.id.clone()) {
                hear(store, &variant, &run.id, &arguments.protocols, &mut heard).await?;
            }
        }
    }
    if heard.is_empty() {
        bail!(
            "no run of experiment `{experiment}` that was asked for has been tested: `arclab history` says what became of them"
        );
    }
    let is_heard = |name: &ProtocolName| heard.get(name).is_some_and(|heard| !heard.is_empty());
    if let Some(unknown) = arguments.protocols.iter().find(|name| !is_heard(name)) {
        let known: Vec<_> = heard.keys().map(ProtocolName::as_str).collect();
        bail!("no run was tested on `{unknown}`: `--protocol` takes {}", known.join(", "));
    }
    let is_wanted =
        |name: &ProtocolName| arguments.protocols.is_empty() || arguments.protocols.contains(name);
    let mut tests = Vec::new();
    for (protocol, heard) in heard.into_iter().filter(|(name, _)| is_wanted(name)) {
        tests.push(test(store, protocol, heard).await?);
    }
    Ok(tests)
}

async fn hear(
    store: &Store,
    variant: &VariantName,
    run: &RunId,
    wanted: &[ProtocolName],
    heard: &mut BTreeMap<ProtocolName, Vec<Heard>>,
) -> anyhow::Result<()> {
    for record in store.evaluations(run).await? {
        // Of others it matters only that there are some.
        if !wanted.is_empty() && !wanted.contains(&record.protocol) {
            heard.entry(record.protocol).or_default();
            continue;
        }
        let scores = store.scores(run, &record.protocol).await?;
        let scores = scores.filter(|scores| scores.pair_list == record.pair_list);
        let scores =
            scores.with_context(|| format!("the scores of {run} on `{}` were not kept", record.protocol))?;
        let (variant, run, evaluation) = (variant.clone(), run.clone(), record.evaluation);
        heard.entry(record.protocol).or_default().push(Heard { variant, run, evaluation, scores });
    }
    Ok(())
}

/// Runs have a say about pairs that they were all tested on.
async fn test(store: &Store, protocol: ProtocolName, heard: Vec<Heard>) -> anyhow::Result<Test> {
    let first = &heard[0];
    let fingerprint = &first.scores.pair_list;
    if let Some(other) = heard.iter().find(|heard| heard.scores.pair_list != *fingerprint) {
        bail!(
            "`{}` of {} and of {} are different pair lists, so their scores are not of the same pairs: name variants that were \
             tested on one list, or other tests with `--protocol`",
            protocol,
            first.variant,
            other.variant
        );
    }
    let list = store.pair_list(fingerprint).await?;
    let list = list.with_context(|| format!("the pairs of `{protocol}` were not kept"))?;
    let config = store.job(&first.run).await?.plan.config;
    let truth_is_known = is_rendered(&config, &protocol);
    Ok(Test { protocol, list, heard, truth_is_known })
}

/// Whether a test's images are the embedded faces.
fn is_rendered(config: &Config, protocol: &ProtocolName) -> bool {
    let of_data_set =
        config.evaluation.protocols.get(protocol).is_some_and(|protocol| match &protocol.pairs {
            PairSource::Drawn { .. } => true,
            PairSource::Listed { images, .. } => images.is_none(),
        });
    of_data_set && matches!(config.data.dataset, Dataset::Synthetic(_))
}

fn is_wrong(pair: &PairRecord) -> bool {
    pair.same != (synthetic::person(&pair.a) == synthetic::person(&pair.b))
}

fn suspects_of(test: &Test) -> anyhow::Result<Vec<SuspectPair>> {
    let PairList { same, folds, .. } = PairList::from(&test.list);
    let mut evidence = Vec::with_capacity(test.heard.len());
    for Heard { run, evaluation, scores, .. } in &test.heard {
        let of_run = contradiction(evaluation, &scores.scores, &same, folds.as_deref());
        evidence.push(of_run.with_context(|| format!("failed to judge by the scores of {run}"))?);
    }
    let suspect = |found: arclab_metrics::Contradicted| {
        let pair = test.list.pairs[found.pair].clone();
        SuspectPair {
            protocol: test.protocol.clone(),
            smallest: found.smallest,
            mean: found.mean,
            runs: test.heard.len(),
            is_wrong: test.truth_is_known.then(|| is_wrong(&pair)),
            pair,
        }
    };
    Ok(contradicted(&evidence)?.into_iter().map(suspect).collect())
}

/// The list beside the truth, where that of all pairs is known.
fn ranking(tests: &[Test], suspects: &[SuspectPair]) -> Option<Ranking> {
    let listed = suspects.iter().map(|suspect| suspect.is_wrong).collect::<Option<Vec<bool>>>()?;
    let is_known = tests.iter().all(|test| test.truth_is_known);
    let pairs = tests.iter().flat_map(|test| &test.list.pairs);
    is_known.then(|| Ranking::new(listed, pairs.filter(|pair| is_wrong(pair)).count()))
}
