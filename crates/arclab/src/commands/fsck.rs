//! `arclab fsck`.

use std::{path::Path, process::ExitCode};

use anyhow::Context as _;
use arclab_report::{Cell, Column, Kind, Table};
use arclab_scheduler::upkeep::{Fault, Look, Remedy, faults, look};
use arclab_spec::{CheckpointsReport, CheckpointsRequest, PLAN_VERSION, RunId};
use arclab_store::Store;

use crate::{
    cli::FsckArgs,
    output::{self, Output},
    upkeep, worker,
};

/// What became of a fault.
enum Done {
    /// It was only looked at.
    Looked,
    Repaired,
    /// A person must decide, or it could not be repaired.
    Stays(String),
}

/// Says what contradicts itself in the store, and repairs what is safe where that is asked for. The exit code says
/// whether anything is wrong, and stays so.
pub(crate) async fn execute(store: &Path, arguments: &FsckArgs, output: Output) -> anyhow::Result<ExitCode> {
    let store = Store::open_existing(store).await?;
    // Taken first: nothing may move between looking and repairing.
    let mut scheduler = arguments.repair.then(|| upkeep::hold(&store)).transpose()?;
    let mut found = look(&store).await?;
    if scheduler.is_some() {
        // It is this program.
        found.at_work = None;
    }
    read_checkpoints(&store, &mut found, output);
    found.stale = arclab_data::stale(&store.cache()).context("failed to look into the cache")?;
    let mut all = Vec::new();
    for fault in faults(&found) {
        let done = match (&mut scheduler, fault.remedy()) {
            (None, _) => Done::Looked,
            (Some(_), Remedy::Decide(_)) => Done::Stays("left to a person".to_owned()),
            (Some(scheduler), Remedy::Repair(_)) => match scheduler.repair(&fault).await {
                Ok(()) => Done::Repaired,
                Err(error) => Done::Stays(format!("{:#}", anyhow::Error::from(error))),
            },
        };
        all.push((fault, done));
    }
    output::print(&output.for_reader(table(&all, &found)).render(output.format))?;
    output.note(verdict(&all, &found));
    store.close().await;
    let is_well = all.iter().all(|(_, done)| matches!(done, Done::Repaired));
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Has the worker read back the checkpoints of all runs that may go on from them.
fn read_checkpoints(store: &Store, look: &mut Look, output: Output) {
    let has_some = |run: &&RunId| {
        look.folders.get(run.as_str()).is_some_and(|folder| folder.checkpoint_bytes > 0 && !folder.lives)
    };
    let runs: Vec<RunId> = look.runs.keys().filter(has_some).cloned().collect();
    if runs.is_empty() {
        return;
    }
    let asked = || {
        let folders = runs.iter().map(|run| store.run_folder(run)).collect();
        let request = CheckpointsRequest { version: PLAN_VERSION, folders };
        worker::ask::<CheckpointsReport>(&worker::find(output)?, "checkpoints", &request, output)
    };
    match asked().context("checkpoints were not read back") {
        Ok(report) => look.checkpoints = runs.iter().cloned().zip(report.folders).collect(),
        Err(error) => output.note(format_args!("{error:#}")),
    }
}

/// How much was looked at, and what came of it.
fn verdict(all: &[(Fault, Done)], look: &Look) -> String {
    let (runs, folders) = (look.runs.len() + look.unreadable_runs.len(), look.folders.len());
    let repaired = all.iter().filter(|(_, done)| matches!(done, Done::Repaired)).count();
    let stays = match all.len() - repaired {
        0 if repaired == 0 => "nothing is wrong".to_owned(),
        stays => format!("{repaired} repaired, {stays} to be looked after"),
    };
    format!("looked at {runs} runs and {folders} folders: {stays}")
}

fn table(all: &[(Fault, Done)], look: &Look) -> Table {
    let text = |key: &str, title: &str| Column::new(key, title, Kind::Text);
    let columns = vec![
        text("problem", "Problem"),
        text("run", "Run"),
        text("what", "What is wrong"),
        text("by", "By"),
        text("remedy", "What helps"),
        text("done", "Done"),
    ];
    let mut table = Table::new("fsck", "What is wrong in the store", columns);
    for (fault, done) in all {
        let (by, remedy) = match fault.remedy() {
            Remedy::Repair(what) => ("--repair", what),
            Remedy::Decide(what) => ("a person", what),
        };
        let done = match done {
            Done::Looked => Cell::Empty,
            Done::Repaired => Cell::text("repaired"),
            Done::Stays(why) => Cell::text(why),
        };
        let run = fault.run().map_or(Cell::Empty, |run| Cell::text(run.as_str()));
        table.push(vec![
            Cell::text(fault.key()),
            run,
            Cell::text(fault.what()),
            Cell::text(by),
            Cell::text(remedy),
            done,
        ]);
    }
    table.notes.extend(look.at_work.as_ref().map(|who| {
        format!("arclab is at work here ({who}): runs that wait or run, and unknown folders, were left out.")
    }));
    table
}
