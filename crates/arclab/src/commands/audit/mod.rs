//! `arclab audit`: labels that the evidence contradicts.

mod folds;
mod images;
mod pairs;

use std::{path::Path, process::ExitCode};

use anyhow::bail;
use arclab_metrics::Ranking;
use arclab_report::{Format, Table, precision_recall, render, truth_table};

use crate::{
    cli::AuditArgs,
    output::{self, Output},
};

/// Lists pairs, or training images.
pub(crate) async fn execute(store: &Path, arguments: &AuditArgs, output: Output) -> anyhow::Result<ExitCode> {
    if let Some(file) = &arguments.figure {
        file.refuse_lost()?;
    }
    match &arguments.training {
        // Large, as all of a run is in it.
        Some(what) => Box::pin(images::execute(store, what, arguments, output)).await,
        None => pairs::execute(store, arguments, output).await.map(|()| ExitCode::SUCCESS),
    }
}

/// A figure of what nobody knows is refused, before hours of training and not after them.
fn refuse_figure_without_truth(arguments: &AuditArgs, truth_is_known: bool) -> anyhow::Result<()> {
    if arguments.figure.is_some() && !truth_is_known {
        bail!(
            "`--figure` draws how many of the listed labels are wrong, which is known of the embedded faces alone: leave it out"
        );
    }
    Ok(())
}

/// A list, of so many labels that it could have held, beside the truth where that is known.
struct Found {
    list: Table,
    ranking: Option<Ranking>,
    looked_at: usize,
}

/// Prints the list and, where the truth is known, how much of it is right, and draws that where it is asked for.
fn show(found: Found, arguments: &AuditArgs, output: Output) -> anyhow::Result<()> {
    let Found { list, ranking, looked_at } = found;
    let what = if arguments.training.is_some() { "training images" } else { "pairs" };
    let mut tables = vec![output.for_reader(list)];
    // A document has the same tables always.
    if ranking.is_some() || output.format == Format::Json {
        tables.push(truth_table(ranking.as_ref(), looked_at));
    }
    output::print(&render(&tables, output.format))?;
    let Some((file, ranking)) = arguments.figure.as_ref().zip(ranking) else { return Ok(()) };
    if let Some(figure) = precision_recall(&ranking, looked_at, what) {
        return file.write(&figure, output);
    }
    output.note("nothing is listed, or no label is wrong: there is no curve to draw");
    Ok(())
}
