//! `arclab compare`, and the tables at the end of `arclab run`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use arclab_report::{Comparison, TableOptions, render_experiments};
use arclab_spec::{ExperimentName, RunId, VariantName};
use arclab_store::{Store, records::SpecRecord};

use crate::{
    cli::{CompareArgs, TableArgs},
    clock,
    gather::{self, Asked},
    output::{self, Output},
};

/// Prints the tables of the variants that were asked for.
pub(crate) async fn execute(store: &Path, arguments: &CompareArgs, output: Output) -> anyhow::Result<()> {
    arguments.tables.refuse_lost_page()?;
    let store = Store::open_existing(store).await?;
    let (experiment, variants) =
        asked_for(&store, &arguments.variants, arguments.experiment.as_ref(), output).await?;
    let variants = gather::as_stored(&store, &experiment, &variants).await?;
    show(&store, vec![(experiment, variants)], None, &arguments.tables, output).await?;
    store.close().await;
    Ok(())
}

/// The variants that were named, else all of the experiment, in the order in which they are run.
pub(crate) async fn asked_for(
    store: &Store,
    variants: &[VariantName],
    named: Option<&ExperimentName>,
    output: Output,
) -> anyhow::Result<(ExperimentName, Vec<VariantName>)> {
    let experiment = experiment(store, variants, named, output).await?;
    let variants = match variants {
        [] => all_variants(store, &experiment).await?,
        variants => variants.to_owned(),
    };
    Ok((experiment, variants))
}

/// The experiment that is meant: as named, else the one run last among those that have all of the variants.
async fn experiment(
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
async fn known(store: &Store) -> anyhow::Result<String> {
    let mut lines = Vec::new();
    for experiment in store.experiments().await? {
        let variants = store.variants_of(&experiment).await?;
        let names: Vec<_> = variants.iter().map(|spec| spec.variant.as_str()).collect();
        lines.push(format!("`{experiment}` has {}", names.join(", ")));
    }
    Ok(if lines.is_empty() {
        "this store is empty: begin with `arclab run`".to_owned()
    } else {
        lines.join("; ")
    })
}

/// All variants of an experiment, in the order in which they are run.
async fn all_variants(store: &Store, experiment: &ExperimentName) -> anyhow::Result<Vec<VariantName>> {
    let mut variants = Vec::new();
    for spec in store.variants_of(experiment).await? {
        let depth = gather::lineage(&spec)?.map_or(0, |lineage| lineage.depth);
        variants.push((depth, spec.variant));
    }
    // Stable, so the others stay in the order of their names.
    variants.sort_by_key(|(depth, variant)| arclab_spec::precedence(*depth, variant));
    Ok(variants.into_iter().map(|(_, variant)| variant).collect())
}

/// Prints the tables of each experiment, the first variant of which is the baseline, and writes the page where one is
/// wanted: of several experiments one each, `FILE-EXPERIMENT.html`.
pub(crate) async fn show(
    store: &Store,
    experiments: Vec<(ExperimentName, Vec<Asked>)>,
    cached: Option<&[RunId]>,
    arguments: &TableArgs,
    output: Output,
) -> anyhow::Result<()> {
    let options = TableOptions { reported: arguments.reported };
    let is_one = experiments.len() == 1;
    let (mut tables, mut comparisons) = (Vec::new(), Vec::new());
    for (experiment, variants) in experiments {
        let (results, lists) = gather::results(store, variants, cached).await?;
        let comparison = Comparison::new(results, lists, arguments.intervals.into());
        let mut shown = vec![comparison.accuracy_table(options), comparison.errors_table(options)];
        let others = [comparison.tests_table(), comparison.hypotheses_table()];
        shown.extend(others.into_iter().filter(|table| !table.rows().is_empty()));
        tables.push((experiment.as_str().to_owned(), shown));
        comparisons.push((experiment, comparison));
    }
    output::print(&render_experiments(&tables, output.format))?;
    for (experiment, comparison) in &comparisons {
        let Some(file) = &arguments.html else { break };
        let file = if is_one { file.clone() } else { with_suffix(file, experiment) };
        write_page(&file, experiment, comparison, options)?;
        output.note(format_args!("wrote {}", file.display()));
    }
    Ok(())
}

fn with_suffix(file: &Path, experiment: &ExperimentName) -> PathBuf {
    let mut name = file.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{experiment}."));
    name.push(file.extension().unwrap_or("html".as_ref()));
    file.with_file_name(name)
}

fn write_page(
    file: &Path,
    experiment: &ExperimentName,
    comparison: &Comparison,
    options: TableOptions,
) -> anyhow::Result<()> {
    let made =
        format!("{} by arclab {}", arclab_report::shown_time(clock::now_ms()), env!("CARGO_PKG_VERSION"));
    let page = comparison.page(&format!("Experiment {experiment}"), &made, options);
    std::fs::write(file, page).with_context(|| format!("failed to write {}", file.display()))
}
