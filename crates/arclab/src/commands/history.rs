//! `arclab history`.

use std::path::Path;

use arclab_report::{Format, history_table};
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
    // One more than is shown tells whether there are more.
    let mut runs = store.history(&filter, &sort, Some(arguments.limit.saturating_add(1))).await?;
    let there_are_more = runs.len() > arguments.limit as usize;
    runs.truncate(arguments.limit as usize);
    let table = history_table(&runs);
    output::print(&match output.format {
        Format::Text { .. } => table.without_empty_columns().render(output.format),
        Format::Markdown | Format::Csv | Format::Latex | Format::Json => table.render(output.format),
    })?;
    if there_are_more {
        output.note(format_args!("the first {}; `--limit` shows more", runs.len()));
    } else if runs.is_empty() {
        output.note("no run fits");
    }
    store.close().await;
    Ok(())
}
