//! `arclab daemon`: works the queue until it is stopped.

use std::{path::Path, process::ExitCode};

use anyhow::Context as _;
use arclab_scheduler::{Role, stop_on_signals};
use arclab_store::Store;

use super::run::scheduler;
use crate::{cli::DaemonArgs, output::Output, progress::RunProgress, sweeping::Sweeper};

/// Carries out what is in the queue and what comes into it.
pub(crate) async fn execute(
    store: &Path,
    arguments: &DaemonArgs,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let store = Store::open(store).await?;
    let mut scheduler = scheduler(&store, &[], arguments.jobs, Role::Daemon, output)?;
    scheduler.heed(Box::new(Sweeper::new(&store, None, output)));
    let stop = stop_on_signals().context("failed to listen for Ctrl-C")?;
    output.note(format_args!(
        "working the queue of {}; Ctrl-C stops after checkpoints",
        store.folder().display()
    ));
    let (sender, events) = tokio::sync::mpsc::unbounded_channel();
    let progress = RunProgress::new(output, None);
    let (summary, ()) = tokio::join!(scheduler.serve(sender, stop), progress.listen(events));
    summary.context("stopped looking after the runs: workers go on, and the next daemon finds them again")?;
    store.close().await;
    Ok(ExitCode::SUCCESS)
}
