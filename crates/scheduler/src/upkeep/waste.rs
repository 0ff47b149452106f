//! What can go, since nothing refers to it. Pure.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use arclab_spec::RunId;
use arclab_store::Unreferenced;

use super::{
    look::{FolderFacts, Look, WeightsFile},
    stock::{Cached, Stock},
};

/// What can go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waste {
    /// A folder in `runs/` that belongs to no run, by its name.
    Folder(String),
    /// The folder of a run that the database does not have. Of another database it may be all that is left.
    UnknownRun(String),
    /// Checkpoints of a run that has succeeded: its weights are what they led to.
    Checkpoints(RunId),
    /// A part of the cache that no plan's data is in.
    Cached(Cached),
    /// A split that no plan is of.
    Audit(PathBuf),
    /// The folder of an array on a cluster, none of whose jobs is at work.
    Array(PathBuf),
    /// A file that a process which is gone has left half-written.
    Leftover(PathBuf),
    /// Rows of the database that nothing names.
    Rows(Unreferenced),
}

/// What can go, and how much room it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wasted {
    /// What.
    pub waste: Waste,
    /// Its bytes on the disk; not known of rows.
    pub bytes: Option<u64>,
}

/// All that can go. `in_cache` are the parts of the cache that the plans' data is in; none where that cannot be told, as
/// where some data is away: then decoded data stays.
pub fn waste(look: &Look, stock: &Stock, in_cache: Option<&BTreeSet<PathBuf>>, runs: &Path) -> Vec<Wasted> {
    let by_runs = look.runs.values().flat_map(|run| &run.needs).map(PathBuf::as_path);
    let by_folders = look.folders.values().flat_map(FolderFacts::needs);
    let needed: BTreeSet<&Path> = by_runs.chain(by_folders).collect();
    let is_needed = |path: &Path| needed.iter().any(|file| file.starts_with(path));
    let mut found = Vec::new();
    let mut push = |waste, bytes| found.push(Wasted { waste, bytes });
    for (name, folder) in &look.folders {
        let run = look.runs.iter().find(|(run, _)| run.as_str() == name);
        let path = runs.join(name);
        match run {
            _ if folder.lives => {}
            None if look.knows(name) || is_needed(&path) => {}
            None if folder.is_of_a_run(name) => push(Waste::UnknownRun(name.clone()), Some(folder.bytes)),
            None => push(Waste::Folder(name.clone()), Some(folder.bytes)),
            Some((run, facts))
                if facts.has_succeeded()
                    && folder.weights == WeightsFile::Whole
                    && folder.checkpoint_bytes > 0
                    && !is_needed(&path.join(arclab_spec::run_folder::CHECKPOINTS)) =>
            {
                push(Waste::Checkpoints(run.clone()), Some(folder.checkpoint_bytes));
            }
            Some(_) => {}
        }
    }
    let bytes = |path: &Path| stock.bytes.get(path).copied().unwrap_or(0);
    for cached in &stock.cached {
        if !cached.is_in_use && in_cache.is_some_and(|kept| !kept.contains(&cached.name)) {
            let sum = cached.files.iter().map(|file| bytes(file)).sum();
            push(Waste::Cached(cached.clone()), Some(sum));
        }
    }
    for audit in stock.audits.iter().filter(|audit| !is_needed(audit)) {
        push(Waste::Audit(audit.clone()), Some(bytes(audit)));
    }
    let is_at_work = |array: &PathBuf| {
        array.file_name().is_some_and(|name| look.arrays.contains(name.to_string_lossy().as_ref()))
    };
    for array in stock.arrays.iter().filter(|array| !is_at_work(array)) {
        push(Waste::Array(array.clone()), Some(bytes(array)));
    }
    for file in &stock.leftovers {
        push(Waste::Leftover(file.clone()), Some(bytes(file)));
    }
    if stock.rows.count() > 0 {
        push(Waste::Rows(stock.rows.clone()), None);
    }
    found
}

impl Waste {
    /// Its kind, for programs.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Folder(_) => "folder",
            Self::UnknownRun(_) => "unknown_run",
            Self::Checkpoints(_) => "checkpoints",
            Self::Cached(_) => "cache",
            Self::Audit(_) => "audit",
            Self::Array(_) => "array",
            Self::Leftover(_) => "leftover",
            Self::Rows(_) => "rows",
        }
    }

    /// Whether it can go while a scheduler or a worker is at work. Of runs the database says what is used, and can be asked to let
    /// nothing change meanwhile; what workers read beside that, nobody knows.
    pub fn can_go_at_work(&self) -> bool {
        match self {
            Self::Folder(_) | Self::UnknownRun(_) | Self::Checkpoints(_) => true,
            Self::Cached(_) | Self::Audit(_) | Self::Array(_) | Self::Leftover(_) | Self::Rows(_) => false,
        }
    }

    /// Why nothing needs it.
    pub fn why(&self) -> &'static str {
        match self {
            Self::Folder(_) => "belongs to no run",
            Self::UnknownRun(_) => "the database does not have the run",
            Self::Checkpoints(_) => "the run has succeeded, and has its weights",
            Self::Cached(_) => "no plan's data is in it; it is made again where it is needed",
            Self::Audit(_) => "no plan has this split",
            Self::Array(_) => "none of its jobs on the cluster is at work",
            Self::Leftover(_) => "whoever wrote it is gone",
            Self::Rows(_) => "nothing refers to them",
        }
    }
}
