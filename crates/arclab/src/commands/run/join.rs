//! Waiting for runs that a daemon carries out. What it does is read from the store, as it tells nobody else.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context as _;
use arclab_scheduler::{Progress, Refusal, RunEnd, Stop, Summary, holder, stop_on_signals};
use arclab_spec::{Attempt, ExperimentName, Position, RunId, RunState};
use arclab_store::{Store, StoreError, records::RunRecord};
use tokio::time::sleep;

use crate::{output::Output, progress::RunProgress};

/// How often the store is looked at.
const LOOK: Duration = Duration::from_millis(300);

/// How waiting ended.
pub(super) enum Joined {
    /// All runs ended, or a person had enough.
    Ended(Summary),
    /// The daemon is gone: these runs are still to be carried out.
    Left(Vec<RunId>),
}

/// Shows how the daemon gets on with `runs` until all have ended. Ctrl-C ends the waiting, and nothing else.
/// Where sweeps choose their runs by results, until those have ended, too.
pub(super) async fn join(
    store: &Store,
    runs: &[RunId],
    sweeps: &[ExperimentName],
    output: Output,
) -> anyhow::Result<Joined> {
    let mut stop = stop_on_signals().context("failed to listen for Ctrl-C")?;
    let mut progress = RunProgress::new(output, Some(runs.len()));
    let mut watch = store.watch().await?;
    let mut seen = BTreeMap::new();
    let mut summary: Summary =
        Summary { runs: runs.iter().map(|run| (run.clone(), RunEnd::Waiting)).collect(), stopped: false };
    loop {
        if watch.has_changed().await? {
            for event in look(store, &mut summary, &mut seen).await? {
                progress.show(&event);
            }
        }
        let open = open(&summary);
        let is_sweeping = store.open_sweeps().await?.iter().any(|open| sweeps.contains(open));
        if open.is_empty() && !is_sweeping {
            return Ok(Joined::Ended(summary));
        }
        if holder(store.folder())?.is_none() {
            return Ok(Joined::Left(open));
        }
        tokio::select! {
            () = sleep(LOOK) => {}
            Ok(()) = stop.changed() => {}
        }
        if *stop.borrow() != Stop::No {
            output.note("the daemon goes on with them: `arclab queue cancel` calls runs off");
            return Ok(Joined::Ended(Summary { stopped: true, ..summary }));
        }
    }
}

fn open(summary: &Summary) -> Vec<RunId> {
    let open = summary.runs.iter().filter(|(_, end)| **end == RunEnd::Waiting);
    open.map(|(run, _)| run.clone()).collect()
}

/// What has happened since the last look.
async fn look(
    store: &Store,
    summary: &mut Summary,
    seen: &mut BTreeMap<RunId, (Attempt, Position)>,
) -> Result<Vec<Progress>, StoreError> {
    let refused: BTreeMap<RunId, String> =
        store.queue().await?.into_iter().filter_map(|line| Some((line.run, line.refused?))).collect();
    let mut said = Vec::new();
    for run in open(summary) {
        let record = store.run(&run).await?;
        said.extend(movement(&record, seen));
        let end = match refused.get(&run) {
            Some(why) => RunEnd::Refused(Refusal::Elsewhere(why.clone())),
            None if store.is_stopped_early(&run).await? => RunEnd::StoppedEarly,
            None => end(&record),
        };
        said.extend(ending(&record, &end));
        summary.runs.insert(run, end);
    }
    Ok(said)
}

/// Where a worker is, where that is new.
fn movement(record: &RunRecord, seen: &mut BTreeMap<RunId, (Attempt, Position)>) -> Option<Progress> {
    let last = record.last_attempt.as_ref().filter(|_| matches!(record.state, RunState::Running { .. }))?;
    let worker = last.worker.as_ref()?;
    let (run, at) = (record.id.clone(), last.position.unwrap_or(worker.from));
    let (epochs, steps) = (worker.epochs, worker.steps);
    let before = seen.insert(run.clone(), (last.number, at));
    match before {
        Some((attempt, _)) if attempt == last.number && before == Some((attempt, at)) => None,
        Some((attempt, _)) if attempt == last.number => {
            Some(Progress::Position { run, at, epochs, steps, loss: None, images_per_second: None })
        }
        _ => {
            let (device, threads) = (worker.device.clone(), last.threads);
            let attempt = last.number;
            Some(Progress::Started { run, attempt, adopted: false, device, threads, at, epochs, steps })
        }
    }
}

fn end(record: &RunRecord) -> RunEnd {
    let last = record.last_attempt.as_ref();
    match record.state {
        RunState::Queued { .. } | RunState::Running { .. } => RunEnd::Waiting,
        RunState::Succeeded { .. } => RunEnd::Finished,
        RunState::Cancelled => RunEnd::Refused(Refusal::Cancelled),
        RunState::Failed { .. } => match last.and_then(|last| last.failure.clone()) {
            Some(failure) => RunEnd::Failed {
                failure,
                log_tail: last.map(|last| last.log_tail.clone()).unwrap_or_default(),
            },
            None => RunEnd::Refused(Refusal::Elsewhere("it failed, and nobody knows why".to_owned())),
        },
    }
}

fn ending(record: &RunRecord, end: &RunEnd) -> Option<Progress> {
    let run = record.id.clone();
    match end {
        RunEnd::Waiting | RunEnd::StoppedEarly => None,
        RunEnd::Finished => {
            Some(Progress::Finished { run, used: record.last_attempt.as_ref().and_then(|last| last.used) })
        }
        RunEnd::Failed { failure, log_tail } => {
            Some(Progress::Failed { run, failure: failure.clone(), log_tail: log_tail.clone() })
        }
        RunEnd::Refused(reason) => Some(Progress::Refused { run, reason: reason.clone() }),
    }
}
