//! `arclab run`: plan, train what has not been trained, print the tables.

mod join;

use std::{
    collections::BTreeSet,
    num::NonZeroU32,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use arclab_scheduler::{
    Role, RunEnd, Scheduler, SchedulerOptions, Summary, WorkerAbilities, holder, stop_on_signals,
};
use arclab_spec::{
    ExperimentName, Override, RunId, RunState, Spec,
    config::{DeviceRequest, Executor, TrainingConfig},
};
use arclab_store::{PlannedRun, Store, StoreError, records::Provenance};

use self::join::{Joined, join};
use crate::{
    cli::{RunArgs, SpecArgs},
    clock,
    commands::compare,
    gather::{self, Asked},
    output::Output,
    planning::{self, Draft},
    progress::RunProgress,
    provenance::git_state,
    submission::{self, Said},
    sweeping::{self, Sweeper},
    weights::Weights,
    worker,
};

/// Runs the specs, and says by the exit code whether all of their runs succeeded.
pub(crate) async fn execute(store: &Path, arguments: &RunArgs, output: Output) -> anyhow::Result<ExitCode> {
    let overrides = arguments.executor.overrides(&arguments.specs)?;
    let mut specs = read(&arguments.specs, &overrides, arguments.experiment.as_ref())?;
    arguments.tables.refuse_lost_page()?;
    let weights = Weights::resolve(&mut specs, output)?;
    let store = Store::open(store).await?;
    let how = How { jobs: arguments.jobs, force: arguments.force, overrides: &overrides };
    let Carried { planned, cached, ending } = carry(&store, &specs, weights, how, output).await?;
    if ending == Ending::Interrupted {
        output.note("`arclab compare` shows what there is so far");
    } else {
        let tables = tables(&store, &specs, &planned).await?;
        compare::show(&store, tables, Some(&cached), &arguments.tables, output).await?;
    }
    store.close().await;
    Ok(ending.code())
}

/// How runs are carried out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How<'a> {
    /// So many at once; as many as the machine allows where absent.
    pub(crate) jobs: Option<NonZeroU32>,
    /// Even what has already succeeded.
    pub(crate) force: bool,
    /// What is set beside the specs.
    pub(crate) overrides: &'a [Override],
}

/// What became of specs.
pub(crate) struct Carried {
    /// Their runs.
    pub(crate) planned: Vec<PlannedRun>,
    /// Those that had succeeded before.
    pub(crate) cached: Vec<RunId>,
    /// How it ended.
    pub(crate) ending: Ending,
}

/// Plans the specs, whose weights were resolved, and trains what has not been trained.
pub(crate) async fn carry(
    store: &Store,
    specs: &[Spec],
    weights: Weights,
    how: How<'_>,
    output: Output,
) -> anyhow::Result<Carried> {
    let drafts = planning::draft(store, specs, output)?;
    weights.refuse_seen(specs, &store.cache())?;
    // Before anything is recorded: a command that is refused must leave everything as it was.
    let mut hands = None;
    let open = open(store, &drafts, how.force).await?;
    if !open.is_empty() {
        hands = Some(Hands::ready(store, specs, &open, how.jobs, output)?);
    }
    let planned = planning::record(store, &drafts, output).await?;
    let sweeps = sweeping::record(store, specs, how.overrides).await?;
    let (cached, wanted) = sort_out(&planned, how.force);
    let said = Said { force: how.force, ..Said::default() };
    let mut submissions = submission::submissions(store, specs, &planned, &sweeps, &said).await?;
    submissions.retain(|submission| wanted.contains(&submission.run));
    let mut wanted = submission::submit(store, &submissions, &said, clock::now_ms()).await?;
    sweeping::open(store, specs).await?;
    let sweeper = Sweeper::new(store, Some(sweeping::names(specs)), output);
    wanted.extend(sweeper.go_on().await?);
    let ending = if wanted.is_empty() {
        Ending::Done
    } else {
        let hands = match hands {
            Some(hands) => hands,
            // Another program forced one of them just now, or a search goes on.
            None => Hands::ready(store, specs, &[], how.jobs, output)?,
        };
        carry_out(hands, store, specs, &wanted, how.jobs, output).await?
    };
    Ok(Carried { planned, cached, ending })
}

/// Who carries runs out.
enum Hands {
    /// This program.
    Own(Box<Scheduler>),
    /// The daemon that works in the store.
    Daemons,
}

impl Hands {
    /// Those that can carry out each spec of `open`; our own hold the store's lock.
    fn ready(
        store: &Store,
        specs: &[Spec],
        open: &[&Spec],
        jobs: Option<NonZeroU32>,
        output: Output,
    ) -> anyhow::Result<Self> {
        let holder = holder(store.folder())?;
        if let Some(daemon) = holder.filter(|holder| holder.is_daemon) {
            output.note(format_args!("{daemon}, works in this store, and carries them out"));
            return Ok(Self::Daemons);
        }
        ready(store, specs, open, jobs, output).map(|scheduler| Self::Own(Box::new(scheduler)))
    }
}

/// The specs that are named on the command line.
pub(crate) fn read(
    arguments: &SpecArgs,
    overrides: &[Override],
    experiment: Option<&ExperimentName>,
) -> anyhow::Result<Vec<Spec>> {
    let mut specs = arclab_spec::read_specs(&arguments.specs, overrides)?;
    if let Some(experiment) = experiment {
        for spec in &mut specs {
            spec.experiment = experiment.clone();
            if let Some(part) = &mut spec.sweep {
                part.sweep.name = experiment.clone();
            }
        }
        arclab_spec::refuse_same_names(&specs)?;
    }
    Ok(specs)
}

/// The specs of which something is to be run.
async fn open<'a>(store: &Store, drafts: &[Draft<'a>], force: bool) -> Result<Vec<&'a Spec>, StoreError> {
    let mut open = Vec::new();
    for draft in drafts {
        let mut is_open = force;
        for plan in draft.plans() {
            is_open |= !matches!(store.state_of(&plan.hash()).await?, Some(RunState::Succeeded { .. }));
        }
        open.extend(is_open.then_some(draft.spec));
    }
    Ok(open)
}

/// A scheduler that can carry out each spec of `open`; holds the store's lock.
fn ready(
    store: &Store,
    specs: &[Spec],
    open: &[&Spec],
    jobs: Option<NonZeroU32>,
    output: Output,
) -> anyhow::Result<Scheduler> {
    let scheduler = scheduler(store, specs, jobs, Role::Command, output)?;
    let no_gpu = scheduler.no_gpu();
    for spec in open {
        if let Some(reason) = scheduler.refusal(&spec.resources) {
            bail!("{} cannot be carried out here: {reason}; nothing was run", spec.file.display());
        }
        let TrainingConfig { precision, ranks, .. } = spec.config.training;
        let no_gpu = match &spec.resources.executor {
            Executor::Local => no_gpu.clone(),
            // What is free of the cluster's, the cluster knows.
            Executor::Slurm(slurm) if slurm.has_gpu() => continue,
            Executor::Slurm(_) => {
                Err("its jobs have none: add `gres: \"gpu:1\"` to `resources.executor.slurm`".to_owned())
            }
        };
        if ranks > 1 && no_gpu.is_ok() && spec.resources.device != DeviceRequest::Cpu {
            bail!(
                "{} cannot be carried out here: it asks for `training.ranks: {ranks}`, and a run has one of this machine's GPUs \
                 at most; write `resources: {{device: cpu}}`; nothing was run",
                spec.file.display()
            );
        }
        if let (true, Err(reason)) = (precision.needs_gpu(), &no_gpu) {
            bail!(
                "{} cannot be carried out here: it asks for `training.precision: {precision}`, which a GPU alone computes \
                 in, and {reason}; nothing was run",
                spec.file.display()
            );
        }
    }
    Ok(scheduler)
}

/// A scheduler of this machine; holds the store's lock.
pub(crate) fn scheduler(
    store: &Store,
    specs: &[Spec],
    jobs: Option<NonZeroU32>,
    role: Role,
    output: Output,
) -> anyhow::Result<Scheduler> {
    let worker = worker::find(output)?;
    let abilities = WorkerAbilities { cuda: worker::abilities(&worker)?.cuda.map_or(Ok(()), Err) };
    let mut options = SchedulerOptions::of_this_machine(worker, provenance(specs));
    options.jobs = jobs;
    options.slurm.folder = std::env::var_os("ARCLAB_SLURM").map(PathBuf::from);
    Ok(Scheduler::new(store.clone(), options, abilities, role)?)
}

/// How it ended, for the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All runs succeeded.
    Done,
    /// Not all of them did.
    SomeFailed,
    /// Asked to stop.
    Interrupted,
}

impl Ending {
    /// What the shell is told.
    pub(crate) fn code(self) -> ExitCode {
        match self {
            Self::Done => ExitCode::SUCCESS,
            Self::SomeFailed => ExitCode::FAILURE,
            Self::Interrupted => ExitCode::from(130),
        }
    }
}

/// The runs that have succeeded already, and those to carry out; each once, though variants may share one.
fn sort_out(planned: &[PlannedRun], force: bool) -> (Vec<RunId>, Vec<RunId>) {
    let mut seen = BTreeSet::new();
    let each = planned.iter().filter(|planned| seen.insert(&planned.run));
    let (cached, wanted): (Vec<_>, Vec<_>) =
        each.partition(|planned| matches!(planned.state, RunState::Succeeded { .. }) && !force);
    let ids = |planned: Vec<&PlannedRun>| planned.into_iter().map(|planned| planned.run.clone()).collect();
    (ids(cached), ids(wanted))
}

/// Experiments with their variants, in the order of the specs.
async fn tables(
    store: &Store,
    specs: &[Spec],
    planned: &[PlannedRun],
) -> anyhow::Result<Vec<(ExperimentName, Vec<Asked>)>> {
    let mut experiments: Vec<(ExperimentName, Vec<Asked>)> = Vec::new();
    for name in sweeping::names(specs) {
        // Its later cells no spec names.
        if let Some(record) = store.sweep(&name).await? {
            let variants: Vec<_> = [record.against]
                .into_iter()
                .chain(record.cells.into_iter().map(|(variant, _)| variant))
                .collect();
            let asked = gather::as_stored(store, &name, &variants).await?;
            experiments.push((name, asked));
        }
    }
    for spec in specs.iter().filter(|spec| spec.sweep.is_none()) {
        let asked = gather::as_planned(store, spec, planned).await?;
        match experiments.iter_mut().find(|(experiment, _)| *experiment == spec.experiment) {
            Some((_, variants)) => variants.push(asked),
            None => experiments.push((spec.experiment.clone(), vec![asked])),
        }
    }
    Ok(experiments)
}

/// Trains `wanted` with worker processes, showing how far they are.
async fn carry_out(
    hands: Hands,
    store: &Store,
    specs: &[Spec],
    wanted: &[RunId],
    jobs: Option<NonZeroU32>,
    output: Output,
) -> anyhow::Result<Ending> {
    let summary = match hands {
        Hands::Own(scheduler) => work(*scheduler, store, specs, wanted, output).await?,
        Hands::Daemons => match join(store, wanted, &sweeping::names(specs), output).await? {
            Joined::Ended(summary) => summary,
            Joined::Left(runs) => {
                output.note("the daemon has stopped: going on with the runs here");
                work(ready(store, specs, &[], jobs, output)?, store, specs, &runs, output).await?
            }
        },
    };
    report_ends(&summary, output);
    Ok(if summary.stopped {
        Ending::Interrupted
    } else if summary.runs.values().all(|end| matches!(end, RunEnd::Finished | RunEnd::StoppedEarly)) {
        Ending::Done
    } else {
        Ending::SomeFailed
    })
}

async fn work(
    mut scheduler: Scheduler,
    store: &Store,
    specs: &[Spec],
    wanted: &[RunId],
    output: Output,
) -> anyhow::Result<Summary> {
    scheduler.heed(Box::new(Sweeper::new(store, Some(sweeping::names(specs)), output)));
    let (sender, events) = tokio::sync::mpsc::unbounded_channel();
    let progress = RunProgress::new(output, Some(wanted.len()));
    let stop = stop_on_signals().context("failed to listen for Ctrl-C")?;
    let (summary, ()) = tokio::join!(scheduler.run(wanted, sender, stop), progress.listen(events));
    let summary = summary
        .context("stopped looking after the runs: workers go on, and the same command finds them again")?;
    if summary.stopped {
        // Their runs have left the queue, for which a daemon would take these for called off.
        for name in sweeping::names(specs) {
            store.close_sweep(&name, &[]).await?;
        }
    }
    Ok(summary)
}

fn provenance(specs: &[Spec]) -> Provenance {
    let git = specs.first().and_then(|spec| git_state(spec.file.parent().unwrap_or(Path::new("."))));
    Provenance {
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_dirty: git.as_ref().map(|git| git.dirty),
        git_commit: git.map(|git| git.commit),
    }
}

/// What did not end well, below the progress, where it is still to be read at the end.
fn report_ends(summary: &Summary, output: Output) {
    for (run, end) in &summary.runs {
        match end {
            // Of the latter the progress has said so.
            RunEnd::Finished | RunEnd::StoppedEarly | RunEnd::Waiting => {}
            RunEnd::Failed { failure, log_tail } => {
                output.error(format_args!("{run} failed: {}", failure.message));
                for line in log_tail.lines() {
                    output.error(format_args!("  | {line}"));
                }
            }
            RunEnd::Refused(reason) => {
                output.error(format_args!("{run} cannot be carried out here: {reason}"));
            }
        }
    }
}
