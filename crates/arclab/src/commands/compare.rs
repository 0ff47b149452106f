//! `arclab compare`, and the tables at the end of `arclab run`.

use std::path::{Path, PathBuf};

use arclab_report::{Comparison, Document, SweepResults, TableOptions, render_experiments};
use arclab_spec::{ExperimentName, RunId};
use arclab_store::Store;

use crate::{
    cli::{CompareArgs, TableArgs},
    clock,
    gather::{self, Asked},
    named,
    output::{self, Output},
    sweeping,
};

/// Prints the tables of the variants that were asked for.
pub(crate) async fn execute(store: &Path, arguments: &CompareArgs, output: Output) -> anyhow::Result<()> {
    arguments.tables.refuse_lost_page()?;
    let store = Store::open_existing(store).await?;
    let experiment =
        named::experiment(&store, &arguments.variants, arguments.experiment.as_ref(), output).await?;
    let variants = named::variants_or_all(&store, &experiment, &arguments.variants).await?;
    let variants = gather::as_stored(&store, &experiment, &variants).await?;
    show(&store, vec![(experiment, variants)], None, &arguments.tables, output).await?;
    store.close().await;
    Ok(())
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
    let options = TableOptions::from(arguments.shown);
    let is_one = experiments.len() == 1;
    let (mut tables, mut comparisons) = (Vec::new(), Vec::new());
    for (experiment, variants) in experiments {
        let sweep = sweeping::results(store, &experiment).await?;
        let (results, lists) = gather::results(store, variants, cached).await?;
        let comparison = Comparison::new(results, lists, arguments.shown.intervals.into());
        let shown = sweep.iter().flat_map(SweepResults::tables).chain(comparison.tables(options));
        let shown = shown.map(|table| output.for_reader(table)).collect();
        tables.push((experiment.as_str().to_owned(), shown));
        comparisons.push((experiment, sweep, comparison));
    }
    output::print(&render_experiments(&tables, output.format))?;
    for (experiment, sweep, comparison) in &comparisons {
        let Some(file) = &arguments.html else { break };
        let file = if is_one { file.clone() } else { with_suffix(file, experiment) };
        let of_sweep = sweep.iter().map(SweepResults::section);
        let sections = of_sweep.chain(comparison.sections(options)).collect();
        let page = Document { title: format!("Experiment {experiment}"), made: made(), sections }.page();
        output::write(&file, page.as_bytes(), output)?;
    }
    Ok(())
}

fn with_suffix(file: &Path, experiment: &ExperimentName) -> PathBuf {
    let mut name = file.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{experiment}."));
    name.push(file.extension().unwrap_or("html".as_ref()));
    file.with_file_name(name)
}

/// When, and by what.
pub(crate) fn made() -> String {
    format!("{} by arclab {}", arclab_report::shown_time(clock::now_ms()), env!("CARGO_PKG_VERSION"))
}
