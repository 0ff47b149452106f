//! `arclab submit`: plan, and put in the queue.

use std::path::Path;

use anyhow::bail;
use arclab_report::queue_table;
use arclab_scheduler::Refusal;
use arclab_spec::{RunState, Spec, VariantName, config::Executor};
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
    refuse_own(&specs, &arguments.after)?;
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
        note_too_large(&specs, output);
        note_without_daemon(&store, output)?;
    }
    store.close().await;
    Ok(())
}

/// What is submitted after a variant leaves that variant out; it alone would come after itself.
fn refuse_own(specs: &[Spec], after: &[VariantName]) -> anyhow::Result<()> {
    match after.iter().find(|after| specs.iter().all(|spec| spec.name == **after)) {
        Some(own) => {
            bail!("`{own}` cannot come after itself: `--after` names what must have succeeded before")
        }
        None => Ok(()),
    }
}

/// Says which specs ask for more memory than this machine has: a daemon may work on another one.
fn note_too_large(specs: &[Spec], output: Output) {
    let there = arclab_scheduler::memory_bytes();
    let local = specs.iter().filter(|spec| spec.resources.executor == Executor::Local);
    for (spec, asked) in
        local.filter_map(|spec| Some((spec, spec.resources.memory_bytes.filter(|asked| *asked > there)?)))
    {
        let refusal = Refusal::Memory { asked, there };
        output
            .note(format_args!("{}: a daemon on this machine refuses it, as {refusal}", spec.file.display()));
    }
}
