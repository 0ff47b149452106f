//! `arclab audit`: labels that the evidence contradicts.

mod embeddings;
mod folds;
mod images;
mod pairs;

use std::{path::Path, process::ExitCode};

use arclab_metrics::Ranking;
use arclab_report::{Format, Table, render, truth_table};

use crate::{
    cli::AuditArgs,
    output::{self, Output},
};

/// Rows that people are shown.
const SHOWN: usize = 50;

/// Lists pairs, or training images.
pub(crate) async fn execute(store: &Path, arguments: &AuditArgs, output: Output) -> anyhow::Result<ExitCode> {
    match &arguments.training {
        Some(what) => images::execute(store, what, arguments, output).await,
        None => pairs::execute(store, arguments, output).await.map(|()| ExitCode::SUCCESS),
    }
}

/// Rows to show: all of them to a program, unless it says how many.
fn limit(arguments: &AuditArgs, output: Output) -> usize {
    let usual = match output.format {
        Format::Text { .. } | Format::Markdown | Format::Latex => SHOWN,
        Format::Csv | Format::Json => usize::MAX,
    };
    arguments.limit.unwrap_or(usual)
}

/// Prints a list and, where the truth is known, how much of it is right.
fn show(
    list: Table,
    ranking: Option<&Ranking>,
    looked_at: usize,
    output: Output,
) -> anyhow::Result<()> {
    let truth = truth_table(ranking, looked_at);
    let tables = match output.format {
        Format::Json => vec![list, truth],
        Format::Csv if ranking.is_none() => vec![list],
        // People need no column and no table that says nothing.
        Format::Text { .. } | Format::Markdown | Format::Latex if ranking.is_none() => {
            vec![list.without_empty_columns()]
        }
        Format::Text { .. } | Format::Markdown | Format::Latex | Format::Csv => vec![list, truth],
    };
    output::print(&render(&tables, output.format))
}
