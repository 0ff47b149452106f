//! `arclab queue`: what is in line, and what is to be otherwise.

use std::{collections::BTreeSet, path::Path, process::ExitCode};

use anyhow::bail;
use arclab_report::queue_table;
use arclab_spec::{ExperimentName, RunId, VariantName};
use arclab_store::{Asked, Move, Store, Submission, Wish};
use clap::{Args, Subcommand, ValueEnum};

use crate::{
    clock, named,
    output::{self, Output},
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

/// Runs that are meant.
#[derive(Debug, Args)]
struct Which {
    /// Runs by their names, or variants with all their runs.
    #[arg(value_name = "RUN", required_unless_present_any = ["all", "experiment"])]
    names: Vec<String>,
    /// All runs that this can be done with.
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// The experiment of the variants; without names, all of its runs.
    #[arg(long, value_name = "NAME")]
    experiment: Option<ExperimentName>,
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

/// Lists or changes the queue. Exits with 1 where nothing could be done of what was asked.
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
    if lines.is_empty() {
        output.note("the queue is empty: `arclab submit` puts runs in it");
    } else if arclab_scheduler::holder(store.folder())?.is_none() {
        output.note("no scheduler works in this store: `arclab daemon` carries the queue out");
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
    let mut runs = which.runs(store, Kind::InQueue, output).await?;
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
            Asked::NotNow if which.all || which.names.is_empty() => {}
            Asked::NotNow => {
                output.error(format_args!("{run} cannot be {done} as it is: see `arclab history`"));
            }
        }
    }
    output.note(format_args!("{done}: {count} of {} runs", runs.len()));
    if passed && arclab_scheduler::holder(store.folder())?.is_none() {
        output.note("no scheduler works in this store: the next one acts on it");
    }
    Ok(if count > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn retry(store: &Store, which: &Which, output: Output) -> anyhow::Result<ExitCode> {
    let runs = which.runs(store, Kind::Ended, output).await?;
    let mut submissions = Vec::new();
    for run in runs {
        use arclab_spec::RunState::{Cancelled, Failed, Queued, Running, Succeeded};
        match store.run(&run).await?.state {
            Failed { .. } | Cancelled | Queued { .. } => submissions.push(Submission::of(run)),
            Running { .. } => output.error(format_args!("{run} is at work already")),
            Succeeded { .. } => {
                output.error(format_args!("{run} has succeeded: `arclab run --force` runs it again"));
            }
        }
    }
    store.submit(&submissions, clock::now_ms()).await?;
    output.note(format_args!("in the queue again: {}", submissions.len()));
    if !submissions.is_empty() && arclab_scheduler::holder(store.folder())?.is_none() {
        output.note("no scheduler works in this store: `arclab daemon` carries the queue out");
    }
    Ok(if submissions.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What `--all` means.
#[derive(Clone, Copy)]
enum Kind {
    InQueue,
    Ended,
}

impl Which {
    async fn runs(&self, store: &Store, kind: Kind, output: Output) -> anyhow::Result<Vec<RunId>> {
        if self.names.is_empty() {
            return self.whole(store, kind).await;
        }
        let (mut seen, mut runs) = (BTreeSet::new(), Vec::new());
        for name in &self.names {
            for run in self.called(store, name, output).await? {
                if seen.insert(run.clone()) {
                    runs.push(run);
                }
            }
        }
        Ok(runs)
    }

    async fn called(&self, store: &Store, name: &str, output: Output) -> anyhow::Result<Vec<RunId>> {
        if let Some(run) = named::run(store, name).await? {
            return Ok(vec![run.id]);
        }
        let variant = VariantName::new(name)?;
        let variants = std::slice::from_ref(&variant);
        let experiment = named::experiment(store, variants, self.experiment.as_ref(), output).await?;
        Ok(store.runs_of(&experiment, &variant).await?.into_iter().map(|run| run.id).collect())
    }

    async fn whole(&self, store: &Store, kind: Kind) -> anyhow::Result<Vec<RunId>> {
        let experiment = |name: &ExperimentName| self.experiment.as_ref().is_none_or(|named| named == name);
        let runs: Vec<RunId> = match kind {
            Kind::InQueue => {
                let lines = store.queue().await?.into_iter().filter(|line| line.refused.is_none());
                lines.filter(|line| experiment(&line.experiment)).map(|line| line.run).collect()
            }
            Kind::Ended => {
                let ended = store.ended_badly().await?.into_iter();
                ended.filter(|(_, of)| experiment(of)).map(|(run, _)| run).collect()
            }
        };
        if runs.is_empty() {
            bail!("there is no such run: see `arclab queue` and `arclab history`");
        }
        Ok(runs)
    }
}
