//! `arclab history`.

use std::path::Path;

use arclab_report::history_table;
use arclab_store::{Filter, Store};

use crate::{
    cli::HistoryArgs,
    output::{self, Output},
};

/// Lists the runs that were asked for.
pub(crate) async fn execute(store: &Path, arguments: &HistoryArgs, output: Output) -> anyhow::Result<()> {
    let filter = arguments.conditions.iter().cloned().fold(Filter::default(), Filter::and);
    let sort = arguments.sort.clone().unwrap_or_default();
    let store = Store::open_existing(store).await?;
    let runs = store.history(&filter, &sort, Some(arguments.limit)).await?;
    output::print(&history_table(&runs).render(output.format))?;
    if runs.len() == arguments.limit as usize {
        output.note(format_args!("the first {}; `--limit` shows more", runs.len()));
    }
    store.close().await;
    Ok(())
}
