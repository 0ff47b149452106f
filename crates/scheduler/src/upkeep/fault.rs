//! What is wrong with a store. Pure.

use std::path::{Path, PathBuf};

use arclab_spec::{Attempt, PlanHash, ProtocolName, RunId, RunState};
use arclab_store::{Dangling, RESCUE, ShortList, Unscored};

use super::look::{FolderFacts, Look, PlanFile, RunFacts, WeightsFile};

/// Something that contradicts itself, or cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// SQLite says so of the database.
    Damage(String),
    /// Rows name a row that is not there.
    Dangling(Dangling),
    /// A plan cannot be read.
    Plan(PlanHash, String),
    /// A run cannot be read.
    Run(RunId, String),
    /// A result has no score for each pair.
    Unscored(Unscored),
    /// A list of pairs lacks some.
    ShortList(ShortList),
    /// The run has succeeded, and a test has no result.
    NoResult(RunId, Vec<ProtocolName>),
    /// The run counts as running, and the attempt on it was never recorded.
    NoAttempt(RunId, Attempt),
    /// The run counts as running, and no worker lives.
    Abandoned(RunId, Attempt),
    /// A worker lives in the folder of a run that does not count as running.
    Stray(RunId),
    /// The journal ends before what is stored of it.
    ShortJournal {
        /// Whose.
        run: RunId,
        /// Its length; 0 where it is not there.
        bytes: u64,
        /// What is stored.
        stored: u64,
    },
    /// The journal says more than what is stored, and nobody will come to read it.
    Unstored {
        /// Whose.
        run: RunId,
        /// Its length.
        bytes: u64,
        /// What is stored.
        stored: u64,
    },
    /// The run has succeeded, and its weights are not there.
    NoWeights(RunId),
    /// The run has succeeded, and its weights cannot be read.
    Weights(RunId, String),
    /// `plan.json` cannot be read.
    Assignment(RunId, String),
    /// A checkpoint cannot be read back.
    Checkpoint {
        /// Whose.
        run: RunId,
        /// Its file.
        file: PathBuf,
        /// Why not.
        why: String,
        /// Whether there is another that can be.
        is_spare: bool,
    },
    /// A file that never got its name.
    Leftover(RunId, PathBuf),
    /// A file of the cache that cannot be read.
    Stale(PathBuf),
    /// The folder of a run that the database does not have: it is of another one, or of a later state.
    UnknownRun(String),
    /// A folder in `runs/` that belongs to no run.
    Unknown(String),
}

/// What is to be done about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// It can be repaired without losing anything: what that does.
    Repair(&'static str),
    /// A person must decide: between what.
    Decide(&'static str),
}

/// All that is wrong, the worst first. While somebody is at work in the store, what a scheduler moves is left alone.
pub fn faults(look: &Look) -> Vec<Fault> {
    let mut found: Vec<Fault> = look.damage.iter().cloned().map(Fault::Damage).collect();
    found.extend(look.dangling.iter().cloned().map(Fault::Dangling));
    found.extend(look.unreadable_plans.iter().cloned().map(|(plan, why)| Fault::Plan(plan, why)));
    found.extend(look.unreadable_runs.iter().cloned().map(|(run, why)| Fault::Run(run, why)));
    found.extend(look.short_lists.iter().cloned().map(Fault::ShortList));
    found.extend(look.unscored.iter().cloned().map(Fault::Unscored));
    let none = FolderFacts::default();
    for (name, run) in &look.runs {
        let folder = look.folders.get(name.as_str()).unwrap_or(&none);
        let is_moving =
            look.at_work.is_some() && matches!(run.state, RunState::Queued { .. } | RunState::Running { .. });
        if !is_moving {
            found.extend(of_run(name, run, folder));
            found.extend(of_checkpoints(look, name));
        }
    }
    found.extend(look.stale.iter().cloned().map(Fault::Stale));
    if look.damage.is_empty() && look.at_work.is_none() {
        let unknown = look.folders.iter().filter(|(name, _)| !look.knows(name));
        found.extend(unknown.map(|(name, folder)| {
            let fault = if folder.is_of_a_run(name) { Fault::UnknownRun } else { Fault::Unknown };
            fault(name.clone())
        }));
    }
    found
}

fn of_run(name: &RunId, run: &RunFacts, folder: &FolderFacts) -> Vec<Fault> {
    let mut found = Vec::new();
    let (bytes, stored) = (folder.journal_bytes, run.journal_offset);
    match run.state {
        RunState::Running { attempt } => {
            if run.last.is_none_or(|(last, has_ended)| last != attempt || has_ended) {
                found.push(Fault::NoAttempt(name.clone(), attempt));
            } else if !folder.lives {
                found.push(Fault::Abandoned(name.clone(), attempt));
            }
        }
        RunState::Queued { .. }
        | RunState::Succeeded { .. }
        | RunState::Failed { .. }
        | RunState::Cancelled => {
            if folder.lives {
                found.push(Fault::Stray(name.clone()));
            } else if folder.is_behind {
                found.push(Fault::Unstored { run: name.clone(), bytes, stored });
            }
        }
    }
    if bytes < stored {
        found.push(Fault::ShortJournal { run: name.clone(), bytes, stored });
    }
    if run.has_succeeded() {
        if !run.missing.is_empty() {
            found.push(Fault::NoResult(name.clone(), run.missing.clone()));
        }
        match &folder.weights {
            WeightsFile::Whole => {}
            WeightsFile::Absent => found.push(Fault::NoWeights(name.clone())),
            WeightsFile::Damaged(why) => found.push(Fault::Weights(name.clone(), why.clone())),
        }
    }
    if let PlanFile::Unreadable(why) = &folder.plan {
        found.push(Fault::Assignment(name.clone(), why.clone()));
    }
    if !folder.lives {
        found.extend(folder.leftovers.iter().map(|file| Fault::Leftover(name.clone(), file.clone())));
    }
    found
}

fn of_checkpoints(look: &Look, name: &RunId) -> Vec<Fault> {
    let Some(checked) = look.checkpoints.get(name) else { return Vec::new() };
    let fault = |(file, why): &(PathBuf, String)| Fault::Checkpoint {
        run: name.clone(),
        file: file.clone(),
        why: why.clone(),
        is_spare: checked.usable > 0,
    };
    checked.damaged.iter().map(fault).collect()
}

/// Its folder is the run's.
fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Fault {
    /// Its name for programs.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Damage(_) => "damaged_database",
            Self::Dangling(_) => "dangling_rows",
            Self::Plan(..) => "unreadable_plan",
            Self::Run(..) => "unreadable_run",
            Self::Unscored(_) => "missing_scores",
            Self::ShortList(_) => "short_pair_list",
            Self::NoResult(..) => "missing_result",
            Self::NoAttempt(..) => "missing_attempt",
            Self::Abandoned(..) => "abandoned_run",
            Self::Stray(_) => "stray_worker",
            Self::ShortJournal { .. } => "short_journal",
            Self::Unstored { .. } => "unstored_journal",
            Self::NoWeights(_) => "missing_weights",
            Self::Weights(..) => "damaged_weights",
            Self::Assignment(..) => "unreadable_assignment",
            Self::Checkpoint { .. } => "damaged_checkpoint",
            Self::Leftover(..) => "leftover_file",
            Self::Stale(_) => "stale_cache",
            Self::UnknownRun(_) => "unknown_run",
            Self::Unknown(_) => "unknown_folder",
        }
    }

    /// The run that it is of, if it is of one.
    pub fn run(&self) -> Option<&RunId> {
        match self {
            Self::Damage(_)
            | Self::Dangling(_)
            | Self::Plan(..)
            | Self::ShortList(_)
            | Self::Stale(_)
            | Self::UnknownRun(_)
            | Self::Unknown(_) => None,
            Self::Unscored(Unscored { run, .. })
            | Self::Run(run, _)
            | Self::NoResult(run, _)
            | Self::NoAttempt(run, _)
            | Self::Abandoned(run, _)
            | Self::Stray(run)
            | Self::ShortJournal { run, .. }
            | Self::Unstored { run, .. }
            | Self::NoWeights(run)
            | Self::Weights(run, _)
            | Self::Assignment(run, _)
            | Self::Checkpoint { run, .. }
            | Self::Leftover(run, _) => Some(run),
        }
    }

    /// What it is, in a sentence.
    pub fn what(&self) -> String {
        match self {
            Self::Damage(line) => format!("SQLite says of the database: {line}"),
            Self::Dangling(Dangling { table, parent, rows }) => {
                format!("{rows} rows of `{table}` name rows of `{parent}` that are not there")
            }
            Self::Plan(plan, why) => format!("the plan {} cannot be read: {why}", plan.short()),
            Self::Run(_, why) => format!("the run cannot be read: {why}"),
            Self::Unscored(Unscored { protocol, pairs, scores, .. }) => match scores {
                None => format!("its result of `{protocol}` has no scores"),
                Some(scores) => {
                    format!("its result of `{protocol}` is of {pairs} pairs, and {scores} scores are stored")
                }
            },
            Self::ShortList(ShortList { fingerprint, pairs, stored }) => {
                format!(
                    "the pair list {} should have {pairs} pairs, and {stored} are stored",
                    fingerprint.short()
                )
            }
            Self::NoResult(_, protocols) => {
                let names: Vec<&str> = protocols.iter().map(ProtocolName::as_str).collect();
                format!("it has succeeded without a result of {}", names.join(", "))
            }
            Self::NoAttempt(_, attempt) => {
                format!("it is at work on attempt {attempt}, which was never recorded")
            }
            Self::Abandoned(_, attempt) => {
                format!("it is at work on attempt {attempt}, and neither its worker nor a scheduler lives")
            }
            Self::Stray(_) => "a worker lives in its folder, and no scheduler has started it".to_owned(),
            Self::ShortJournal { bytes: 0, stored, .. } => {
                format!("its journal is gone, of which {stored} bytes are stored")
            }
            Self::ShortJournal { bytes, stored, .. } => {
                format!("its journal has {bytes} bytes, fewer than the {stored} that are stored of it")
            }
            Self::Unstored { bytes, stored, .. } => {
                format!("its journal has {bytes} bytes, of which {stored} are stored, and no worker lives")
            }
            Self::NoWeights(_) => "it has succeeded, and its weights are not there".to_owned(),
            Self::Weights(_, why) => format!("its weights are damaged: {why}"),
            Self::Assignment(_, why) => format!("its plan.json cannot be read: {why}"),
            Self::Checkpoint { file, why, .. } => format!("{} cannot be read back: {why}", name(file)),
            Self::Leftover(_, file) => format!("{} was never finished", name(file)),
            Self::Stale(file) => format!("{} in the cache is damaged, or of another version", name(file)),
            Self::UnknownRun(name) => {
                format!("runs/{name} is of a run of another database, or of a later state of this one")
            }
            Self::Unknown(name) => format!("runs/{name} belongs to no run"),
        }
    }

    /// What is to be done about it.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Damage(_) | Self::Dangling(_) => Remedy::Decide(RESCUE),
            Self::Plan(..) | Self::Run(..) => {
                Remedy::Decide("read it with the arclab that wrote it, or go back to a backup")
            }
            Self::Unscored(_) | Self::ShortList(_) | Self::NoResult(..) => {
                Remedy::Decide("do the run again with `arclab run --force`, or do without this test")
            }
            Self::NoAttempt(..) => {
                Remedy::Decide("go back to a backup: no arclab writes one without the other")
            }
            Self::Abandoned(..) => Remedy::Repair(
                "settles it by its journal, as the next `arclab run` would: done, failed, or waiting",
            ),
            Self::Stray(_) => Remedy::Decide("wait until the worker is done, or stop it"),
            Self::ShortJournal { .. } => {
                Remedy::Repair("has what comes into the journal read from its start; what is stored stays")
            }
            Self::Unstored { .. } => Remedy::Repair("stores what the journal says"),
            Self::NoWeights(_) | Self::Weights(..) => Remedy::Decide(
                "train it again with `arclab run --force`, or do with its scores, which are stored",
            ),
            Self::Assignment(..) => Remedy::Repair("puts the file aside; the next attempt writes it anew"),
            Self::Checkpoint { .. } => Remedy::Repair(
                "puts the file aside, so that the run goes on from an earlier one, or else from the start",
            ),
            Self::Leftover(..) => Remedy::Repair("removes the file"),
            Self::Stale(_) => Remedy::Repair("removes the file, which is made anew where it is needed"),
            Self::UnknownRun(_) => Remedy::Decide(
                "plan the same specs again, which takes it up, or remove it with `arclab gc --unknown-runs`",
            ),
            Self::Unknown(_) => Remedy::Decide("remove it with `arclab gc`, or keep it elsewhere"),
        }
    }
}
