//! From names on the command line to the experiment, variants and runs that are meant.

use anyhow::{Context as _, bail};
use arclab_report::{ProtocolResult, RunResults, VariantResults};
use arclab_spec::{ExperimentName, ProtocolName, RunId, VariantName};
use arclab_store::{
    Store, StoreError,
    records::{RunRecord, SpecRecord},
};

use crate::{
    gather::{self, Asked},
    output::Output,
};

/// Variants of an experiment that are named to whoever asked for another one.
const NAMED: usize = 12;

/// What somebody asks for: variants, each with all its seeds, or single runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'a> {
    /// Runs or variants; none means all variants.
    pub(crate) names: &'a [String],
    /// The experiment of the variants; that run last where none is named.
    pub(crate) experiment: Option<&'a ExperimentName>,
}

impl Names<'_> {
    /// All that is asked for, in the order asked.
    pub(crate) async fn find(self, store: &Store, output: Output) -> anyhow::Result<Vec<Asked>> {
        // What is named twice is meant once.
        let mut once = std::collections::BTreeSet::new();
        let names: Vec<&String> = self.names.iter().filter(|name| once.insert(*name)).collect();
        let mut runs = Vec::with_capacity(names.len());
        for name in &names {
            let run = run(store, name).await?;
            if let (Some(run), Some(named)) = (&run, self.experiment)
                && run.experiment != *named
            {
                bail!("run `{name}` is of experiment `{}`, not of `{named}`", run.experiment);
            }
            runs.push(run.map(Asked::run).transpose()?);
        }
        let of_variant =
            |(name, run): (&&String, &Option<Asked>)| run.is_none().then(|| VariantName::new(name.as_str()));
        let variants = names.iter().zip(&runs).filter_map(of_variant).collect::<Result<Vec<_>, _>>()?;
        let mut found = if variants.is_empty() && !self.names.is_empty() {
            Vec::new()
        } else {
            let experiment = experiment(store, &variants, self.experiment, output).await?;
            let variants = variants_or_all(store, &experiment, &variants).await?;
            gather::as_stored(store, &experiment, &variants).await?
        }
        .into_iter();
        if self.names.is_empty() {
            return Ok(found.collect());
        }
        Ok(runs.into_iter().filter_map(|run| run.or_else(|| found.next())).collect())
    }
}

/// The run of this name, if there is one.
pub(crate) async fn run(store: &Store, name: &str) -> anyhow::Result<Option<RunRecord>> {
    let Ok(id) = RunId::new(name) else { return Ok(None) };
    match store.run(&id).await {
        Ok(run) => Ok(Some(run)),
        Err(StoreError::UnknownRun(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The run of a variant that stands for all its seeds: the first.
pub(crate) fn first_run(variant: &VariantResults, output: Output) -> anyhow::Result<&RunResults> {
    let Some(run) = variant.runs.first() else {
        bail!("`{}` has no run that succeeded: train it with `arclab run`", variant.name);
    };
    if variant.runs.len() > 1 {
        output.note(format_args!(
            "of {} seeds of {} the first, {}; name a run to see another",
            variant.runs.len(),
            variant.name,
            run.run
        ));
    }
    Ok(run)
}

/// The test of a run that is meant: as named, else `open`, else the first.
pub(crate) fn test<'a>(
    run: &'a RunResults,
    named: Option<&ProtocolName>,
) -> anyhow::Result<(&'a ProtocolName, &'a ProtocolResult)> {
    let found = if let Some(named) = named {
        run.protocols.get_key_value(named)
    } else {
        let mut tests = run.protocols.iter();
        tests.clone().find(|(name, _)| name.as_str() == "open").or_else(|| tests.next())
    };
    let known = || run.protocols.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    found.with_context(|| match named {
        Some(named) => format!("{} was not tested on `{named}`, but on {}", run.run, known()),
        None => format!("{} has not been tested", run.run),
    })
}

/// These variants, or all of the experiment.
pub(crate) async fn variants_or_all(
    store: &Store,
    experiment: &ExperimentName,
    variants: &[VariantName],
) -> anyhow::Result<Vec<VariantName>> {
    if variants.is_empty() { all_variants(store, experiment).await } else { Ok(variants.to_vec()) }
}

/// The experiment that is meant: as named, else the one run last among those that have all of the variants.
pub(crate) async fn experiment(
    store: &Store,
    variants: &[VariantName],
    named: Option<&ExperimentName>,
    output: Output,
) -> anyhow::Result<ExperimentName> {
    let holding = match variants {
        [] => store.experiments().await?,
        variants => store.experiment_of(variants).await?,
    };
    if let Some(named) = named {
        if !holding.contains(named) {
            bail!("experiment `{named}` does not have {}; {}", listed(variants), known(store).await?);
        }
        return Ok(named.clone());
    }
    let holding = if variants.is_empty() { tested(store, holding).await? } else { holding };
    let Some((latest, others)) = holding.split_first() else {
        bail!("no experiment has {}; {}", listed(variants), known(store).await?);
    };
    if !others.is_empty() {
        let others: Vec<_> = others.iter().map(ExperimentName::as_str).collect();
        output.note(format_args!(
            "of experiment `{latest}`, run last; `--experiment` names another one: {}",
            others.join(", ")
        ));
    }
    Ok(latest.clone())
}

/// The experiments with a variant that is tested. Nobody who names none means the runs of an audit, which no pairs test.
async fn tested(store: &Store, experiments: Vec<ExperimentName>) -> anyhow::Result<Vec<ExperimentName>> {
    let mut tested = Vec::new();
    for experiment in experiments {
        let variants = store.variants_of(&experiment).await?;
        let protocols = |spec: &SpecRecord| {
            spec.resolved.pointer("/config/evaluation/protocols")?.as_object().map(serde_json::Map::len)
        };
        if variants.iter().any(|spec| protocols(spec) != Some(0)) {
            tested.push(experiment);
        }
    }
    Ok(tested)
}

fn listed(variants: &[VariantName]) -> String {
    match variants {
        [] => "any variant that is tested on pairs".to_owned(),
        [one] => format!("a variant `{one}`"),
        many => {
            format!("all of {}", many.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
        }
    }
}

/// What there is, for a person who asked for something else.
pub(crate) async fn known(store: &Store) -> anyhow::Result<String> {
    let mut lines = Vec::new();
    for experiment in store.experiments().await? {
        let variants = store.variants_of(&experiment).await?;
        let names: Vec<_> = variants.iter().take(NAMED).map(|spec| spec.variant.as_str()).collect();
        let more = variants.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("`{experiment}` has {}{more}", names.join(", ")));
    }
    Ok(if lines.is_empty() {
        "this store is empty: begin with `arclab run`".to_owned()
    } else {
        lines.join("; ")
    })
}

/// All variants of an experiment, in the order in which they are run.
pub(crate) async fn all_variants(
    store: &Store,
    experiment: &ExperimentName,
) -> anyhow::Result<Vec<VariantName>> {
    let mut variants = Vec::new();
    for spec in store.variants_of(experiment).await? {
        let depth = gather::lineage(&spec)?.map_or(0, |lineage| lineage.depth);
        variants.push((depth, spec.variant));
    }
    // Stable, so the others stay in the order of their names.
    variants.sort_by_key(|(depth, variant)| arclab_spec::precedence(*depth, variant));
    Ok(variants.into_iter().map(|(_, variant)| variant).collect())
}
