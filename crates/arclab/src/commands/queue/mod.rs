//! `arclab queue`: what is in line, and what is to be otherwise.

mod which;

use std::{path::Path, process::ExitCode};

use arclab_report::queue_table;
use arclab_spec::{RunId, RunState};
use arclab_store::{Ask, Asked, Filter, Move, Reach, Sort, Store, Submission, Wish};
use clap::{Args, Subcommand, ValueEnum};

use self::which::{Kind, Which};
use crate::{
    clock,
    output::{self, Output},
    sweeping,
};

/// `arclab queue`.
#[derive(Debug, Args)]
pub(crate) struct QueueArgs {
    /// What to do; lists the queue where nothing is named.
    #[command(subcommand)]
    command: Option<QueueCommand>,
}

/// What is to be otherwise.
#[derive(Debug, Subcommand)]
enum QueueCommand {
    /// List what is at work, what waits in its order, and what is paused or was refused. The same as `arclab queue`.
    List,
    /// Call runs off: those at work stop at their next checkpoint. `retry` goes on with them.
    Cancel(Which),
    /// Put runs that failed or were called off in the queue again; they go on from their checkpoints, and come after what they came
    /// after.
    Retry(Which),
    /// Do not begin runs; those at work stop after a checkpoint.
    Pause(Which),
    /// Let paused runs go on.
    Resume(Which),
    /// Give runs another priority: the larger goes first, and a level is worth an hour of waiting.
    Priority {
        /// From -1000 to 1000; 0 is usual.
        #[arg(value_name = "PRIORITY", allow_negative_numbers = true, value_parser = priority)]
        priority: f64,
        /// Of which.
        #[command(flatten)]
        which: Which,
    },
    /// Move runs to the front or to the end of the queue.
    Move {
        /// Where to.
        #[arg(value_enum)]
        to: To,
        /// Which.
        #[command(flatten)]
        which: Which,
    },
}

/// Where to.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum To {
    /// Before all others.
    First,
    /// Behind all others.
    Last,
}

/// A priority as it is written.
pub(crate) fn priority(text: &str) -> Result<f64, String> {
    let priority = text.parse().ok().filter(|priority: &f64| (-1_000.0..=1_000.0).contains(priority));
    priority.ok_or_else(|| "a priority is a number from -1000 to 1000".to_owned())
}

/// Lists or changes the queue. Exits with 1 where nothing could be done of what was asked by name.
pub(crate) async fn execute(store: &Path, arguments: &QueueArgs, output: Output) -> anyhow::Result<ExitCode> {
    let store = Store::open_existing(store).await?;
    let code = match &arguments.command {
        None | Some(QueueCommand::List) => {
            list(&store, output).await?;
            ExitCode::SUCCESS
        }
        Some(QueueCommand::Cancel(which)) => {
            change(&store, which, Wish::Cancel, "called off", output).await?
        }
        Some(QueueCommand::Pause(which)) => change(&store, which, Wish::Pause, "paused", output).await?,
        Some(QueueCommand::Resume(which)) => change(&store, which, Wish::Resume, "resumed", output).await?,
        Some(QueueCommand::Retry(which)) => retry(&store, which, output).await?,
        Some(QueueCommand::Priority { priority, which }) => {
            change(&store, which, Wish::Prioritise(*priority), "given another priority", output).await?
        }
        Some(QueueCommand::Move { to, which }) => {
            let to = match to {
                To::First => Move::First,
                To::Last => Move::Last,
            };
            change(&store, which, Wish::Move(to), "moved", output).await?
        }
    };
    store.close().await;
    Ok(code)
}

async fn list(store: &Store, output: Output) -> anyhow::Result<()> {
    let lines = store.queue().await?;
    output::print(&output.for_reader(queue_table(&lines, clock::now_ms())).render(output.format))?;
    if !lines.is_empty() {
        return note_without_daemon(store, output);
    }
    output.note("the queue is empty: `arclab submit` puts runs in it");
    let failed: Filter = "state=failed".parse()?;
    if !store.history(&failed, &Sort::default(), Some(1)).await?.is_empty() {
        output.note("what failed is out of it: see `arclab history --where state=failed`");
    }
    Ok(())
}

/// Says who would carry the queue out, where nobody does.
pub(crate) fn note_without_daemon(store: &Store, output: Output) -> anyhow::Result<()> {
    let holder = arclab_scheduler::holder(store.folder())?;
    if !holder.is_some_and(|holder| holder.is_daemon) {
        output.note("no daemon works in this store: `arclab daemon` carries the queue out");
    }
    Ok(())
}

async fn change(
    store: &Store,
    which: &Which,
    wish: Wish,
    done: &str,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let kind = if wish == Wish::Cancel { Kind::Listed } else { Kind::InQueue };
    let mut runs = which.runs(store, kind, output).await?;
    if runs.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    if wish == Wish::Move(Move::First) {
        // The last that is moved is the first in line: so they keep their order.
        runs.reverse();
    }
    let (mut count, mut passed) = (0, false);
    for run in &runs {
        match store.wish(run, wish, clock::now_ms()).await? {
            Asked::Done => count += 1,
            Asked::Passed => {
                (count, passed) = (count + 1, true);
                output.note(format_args!("{run} is at work: its scheduler is asked"));
            }
            Asked::NotNow if which.is_whole() => {}
            Asked::NotNow => {
                output.error(format_args!("{run} cannot be {done}: {}", standing(store, run).await?));
            }
        }
    }
    output.note(format_args!("{done}: {count} of {} runs", runs.len()));
    if passed && arclab_scheduler::holder(store.folder())?.is_none() {
        output.note("no daemon works in this store: the next one acts on it, or the next `arclab run`");
    }
    Ok(if count > 0 || which.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn retry(store: &Store, which: &Which, output: Output) -> anyhow::Result<ExitCode> {
    let runs = which.runs(store, Kind::Ended, output).await?;
    if runs.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let mut submissions = Vec::new();
    // A sweep that is over has nobody who would let one go on from where it was to pause.
    let of_sweeps = sweeping::runs_at_work(store).await?;
    for run in runs {
        use RunState::{Cancelled, Failed, Queued, Running, Succeeded};
        match store.run(&run).await?.state {
            Failed { .. } | Cancelled | Queued { .. } => {
                let reach = if of_sweeps.contains(&run) { Reach::AsBefore } else { Reach::End };
                submissions.push(Submission { reach, ..Submission::of(run) });
            }
            Running { .. } => output.error(format_args!("{run} is at work already")),
            Succeeded { .. } => {
                output.error(format_args!("{run} has succeeded: `arclab run --force` runs it again"));
            }
        }
    }
    store.submit(&submissions, clock::now_ms()).await?;
    output.note(format_args!("in the queue again: {}", submissions.len()));
    if submissions.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    note_without_daemon(store, output)?;
    Ok(ExitCode::SUCCESS)
}

/// Where a run stands with which something cannot be done.
async fn standing(store: &Store, run: &RunId) -> anyhow::Result<String> {
    let (record, queue) = (store.run(run).await?, store.queue().await?);
    let line = queue.into_iter().find(|line| line.run == *run);
    let refused = line.as_ref().and_then(|line| line.refused.as_ref());
    let asked = line.as_ref().and_then(|line| line.asked);
    Ok(match record.state {
        RunState::Running { .. } if asked == Some(Ask::Cancel) => "it is being called off".to_owned(),
        RunState::Running { .. } => "it is at work".to_owned(),
        RunState::Succeeded { .. } => "it has succeeded".to_owned(),
        RunState::Failed { .. } => "it has failed; `arclab queue retry` goes on with it".to_owned(),
        RunState::Cancelled => "it was called off; `arclab queue retry` goes on with it".to_owned(),
        RunState::Queued { .. } if record.is_stopped_early => "its search has stopped it early".to_owned(),
        RunState::Queued { .. } => match (refused, line.is_some()) {
            (Some(why), _) => format!("it was refused: {why}"),
            (None, true) => "it waits in the queue".to_owned(),
            (None, false) => "it is not in the queue; `arclab queue retry` puts it there".to_owned(),
        },
    })
}
