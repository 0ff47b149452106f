//! `arclab submit`: plan, and put in the queue.

use std::path::Path;

use arclab_report::queue_table;
use arclab_spec::RunState;
use arclab_store::Store;

use super::{queue::note_without_daemon, run::read};
use crate::{
    cli::SubmitArgs,
    clock,
    output::{self, Output},
    planning,
    submission::{self, Said},
    sweeping,
    weights::Weights,
};

/// Queues the runs of the specs that have not succeeded, and lists them.
pub(crate) async fn execute(store: &Path, arguments: &SubmitArgs, output: Output) -> anyhow::Result<()> {
    let overrides = arguments.executor.overrides(&arguments.specs)?;
    let mut specs = read(&arguments.specs, &overrides, arguments.experiment.as_ref())?;
    let weights = Weights::resolve(&mut specs, output)?;
    let store = Store::open(store).await?;
    let drafts = planning::draft(&store, &specs, output)?;
    weights.refuse_seen(&specs, &store.cache())?;
    let planned = planning::record(&store, &drafts, output).await?;
    let sweeps = sweeping::record(&store, &specs, &overrides).await?;
    let said = Said { priority: arguments.priority, after: arguments.after.clone(), force: arguments.force };
    let submissions = submission::submissions(&store, &specs, &planned, &sweeps, &said).await?;
    let now_ms = clock::now_ms();
    let open = submission::submit(&store, &submissions, &said, now_ms).await?;
    sweeping::open(&store, &specs).await?;
    let lines: Vec<_> = store.queue().await?.into_iter().filter(|line| open.contains(&line.run)).collect();
    if lines.is_empty() {
        let stopped = if planned.iter().any(|planned| !matches!(planned.state, RunState::Succeeded { .. })) {
            " or were stopped early by their sweep"
        } else {
            ""
        };
        output.note(format_args!(
            "nothing to queue: all of these runs have succeeded{stopped}; `--force` runs them again"
        ));
    }
    if !lines.is_empty() || output.format.is_for_programs() {
        output::print(&output.for_reader(queue_table(&lines, now_ms)).render(output.format))?;
    }
    if !lines.is_empty() {
        note_without_daemon(&store, output)?;
    }
    store.close().await;
    Ok(())
}
