//! What there is: runs as the database has them, and their folders as they lie there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, DirEntry, File},
    io::{self, BufReader, Read as _},
    path::{Path, PathBuf},
};

use arclab_spec::{
    Assignment, Attempt, CheckedCheckpoints, Plan, PlanHash, ProtocolName, RunId, RunState, run_folder,
};
use arclab_store::{Dangling, JobRecord, ShortList, Store, StoreError, Unscored};

use crate::{error::chain, holder, process, slurm::SlurmJob, tail};

/// Endings of files that are written before they get their name.
const UNFINISHED: [&str; 2] = ["new", "tmp"];

/// Why a store cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The database refused.
    #[error("failed to read the database")]
    Store(#[source] StoreError),
    /// A folder cannot be read.
    #[error("failed to look into {}", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A store, looked at.
#[derive(Debug, Default)]
pub struct Look {
    /// Who works in it: `process 123 on host`; nobody where absent.
    pub at_work: Option<String>,
    /// What SQLite finds wrong with the database.
    pub damage: Vec<String>,
    /// Rows that name a row that is not there.
    pub dangling: Vec<Dangling>,
    /// Plans that cannot be read, with the reason.
    pub unreadable_plans: Vec<(PlanHash, String)>,
    /// Results without a score for each pair.
    pub unscored: Vec<Unscored>,
    /// Lists with fewer or more pairs than they say.
    pub short_lists: Vec<ShortList>,
    /// Runs that cannot be read, with the reason.
    pub unreadable_runs: Vec<(RunId, String)>,
    /// The other runs.
    pub runs: BTreeMap<RunId, RunFacts>,
    /// What lies in `runs/`, by name.
    pub folders: BTreeMap<String, FolderFacts>,
    /// Arrays on a cluster, by name, of which a run counts as running.
    pub arrays: BTreeSet<String>,
    /// Files of the cache that cannot be read; those of none where nobody looked.
    pub stale: Vec<PathBuf>,
    /// What the worker said of checkpoints; of no run where it was not asked.
    pub checkpoints: BTreeMap<RunId, CheckedCheckpoints>,
}

/// A run as the database has it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFacts {
    /// Where it stands.
    pub state: RunState,
    /// Its last attempt, and whether that has ended; none before the first.
    pub last: Option<(Attempt, bool)>,
    /// Bytes of its journal that are stored.
    pub journal_offset: u64,
    /// Protocols of its plan without a result.
    pub missing: Vec<ProtocolName>,
    /// Files and folders that its plan names.
    pub needs: BTreeSet<PathBuf>,
}

/// A run's folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FolderFacts {
    /// Whether a worker lives in it.
    pub lives: bool,
    /// Length of the journal.
    pub journal_bytes: u64,
    /// Whether there is a whole line behind what is stored.
    pub is_behind: bool,
    /// Its `plan.json`.
    pub plan: PlanFile,
    /// Its trained weights.
    pub weights: WeightsFile,
    /// Files that never got their name.
    pub leftovers: Vec<PathBuf>,
    /// Bytes of all files in it.
    pub bytes: u64,
    /// Bytes of the checkpoints among them.
    pub checkpoint_bytes: u64,
}

/// A run's `weights.safetensors`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum WeightsFile {
    /// There is none.
    #[default]
    Absent,
    /// It is as long as it says.
    Whole,
    /// It is not, or says nothing.
    Damaged(String),
}

/// A run's `plan.json`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PlanFile {
    /// There is none.
    #[default]
    Absent,
    /// It is one, of a plan that names these files and folders.
    Readable(BTreeSet<PathBuf>),
    /// It is none, and why.
    Unreadable(String),
}

/// Looks at all of a store but the content of checkpoints, which takes a worker to read.
pub async fn look(store: &Store) -> Result<Look, LookError> {
    let mut look = Look {
        at_work: holder(store.folder()).ok().flatten().map(|holder| holder.name),
        damage: store.damage().await.map_err(LookError::Store)?,
        ..Look::default()
    };
    if !look.damage.is_empty() {
        // Nothing that such a file says is worth a word.
        return Ok(look);
    }
    look.dangling = store.dangling().await.map_err(LookError::Store)?;
    look.unreadable_plans = store.unreadable_plans().await.map_err(LookError::Store)?;
    look.unscored = store.unscored().await.map_err(LookError::Store)?;
    look.short_lists = store.short_lists().await.map_err(LookError::Store)?;
    for run in store.run_names().await.map_err(LookError::Store)? {
        match run_facts(store, &run).await {
            Ok(facts) => drop(look.runs.insert(run, facts)),
            Err(error) => look.unreadable_runs.push((run, chain(&error))),
        }
    }
    let stored = |name: &str| {
        look.runs.iter().find(|(run, _)| run.as_str() == name).map(|(_, run)| run.journal_offset)
    };
    look.folders = folders(&store.runs_folder(), stored)?;
    for run in store.running().await.map_err(LookError::Store)? {
        // Its job on a cluster may be at work, whatever is seen of it from here.
        let last = store.job(&run).await.ok().and_then(|job| job.last_attempt);
        let Some(job) = last.and_then(|last| last.job) else { continue };
        look.arrays.extend(job.parse().map(|job: SlurmJob| job.name));
        if let Some(folder) = look.folders.get_mut(run.as_str()) {
            folder.lives = true;
        }
    }
    Ok(look)
}

async fn run_facts(store: &Store, run: &RunId) -> Result<RunFacts, StoreError> {
    let JobRecord { state, plan, journal_offset, last_attempt, .. } = store.job(run).await?;
    let results = store.evaluations(run).await?;
    let protocols = plan.config.evaluation.protocols.keys();
    let missing = protocols.filter(|name| results.iter().all(|result| result.protocol != **name));
    let needs = needs(&plan);
    let last = last_attempt.map(|last| (last.number, last.end.is_some()));
    Ok(RunFacts { state, last, journal_offset, missing: missing.cloned().collect(), needs })
}

fn needs(plan: &Plan) -> BTreeSet<PathBuf> {
    plan.config.files().into_iter().map(Path::to_owned).collect()
}

fn folders(
    runs: &Path,
    stored: impl Fn(&str) -> Option<u64>,
) -> Result<BTreeMap<String, FolderFacts>, LookError> {
    let failed = |source| LookError::Folder { folder: runs.to_owned(), source };
    let mut folders = BTreeMap::new();
    for entry in entries(runs).map_err(failed)? {
        let name = entry.file_name().to_string_lossy().into_owned();
        let facts = folder_facts(&entry.path(), stored(&name).unwrap_or(0));
        let facts = facts.map_err(|source| LookError::Folder { folder: entry.path(), source })?;
        folders.insert(name, facts);
    }
    Ok(folders)
}

fn folder_facts(folder: &Path, stored: u64) -> io::Result<FolderFacts> {
    let journal = folder.join(run_folder::EVENTS);
    let journal_bytes = fs::metadata(&journal).map_or(0, |file| file.len());
    let is_behind = journal_bytes > stored && tail::next(&journal, stored)?.is_some();
    let checkpoints = folder.join(run_folder::CHECKPOINTS);
    let mut leftovers = leftovers(folder)?;
    leftovers.extend(self::leftovers(&checkpoints)?);
    Ok(FolderFacts {
        lives: process::lives(folder)?,
        journal_bytes,
        is_behind,
        plan: plan_file(&folder.join(run_folder::PLAN)),
        weights: weights_file(&folder.join(run_folder::WEIGHTS)),
        leftovers,
        bytes: bytes_in(folder)?,
        checkpoint_bytes: bytes_in(&checkpoints)?,
    })
}

fn plan_file(file: &Path) -> PlanFile {
    match fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => PlanFile::Absent,
        Err(error) => PlanFile::Unreadable(error.to_string()),
        Ok(bytes) => match serde_json::from_slice::<Assignment>(&bytes) {
            Ok(assignment) => PlanFile::Readable(needs(&assignment.plan)),
            Err(error) => PlanFile::Unreadable(error.to_string()),
        },
    }
}

fn weights_file(file: &Path) -> WeightsFile {
    match tensor_bytes(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => WeightsFile::Absent,
        Err(error) => WeightsFile::Damaged(error.to_string()),
        Ok((says, is)) if says == is => WeightsFile::Whole,
        Ok((says, is)) => WeightsFile::Damaged(format!("it says that it has {says} bytes, and has {is}")),
    }
}

/// How long a safetensors file says that it is, and how long it is: the length of its header, a JSON object of where each tensor
/// begins and ends behind it, and the tensors.
fn tensor_bytes(file: &Path) -> io::Result<(u64, u64)> {
    #[derive(serde::Deserialize)]
    struct Tensor {
        #[serde(default)]
        data_offsets: (u64, u64),
    }
    let mut opened = File::open(file)?;
    let is = opened.metadata()?.len();
    let mut length = [0; 8];
    opened.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    // What is read is no more than there is, whatever the file says.
    let header: BTreeMap<String, Tensor> =
        serde_json::from_reader(BufReader::new(opened.take(length.min(is))))?;
    let end = header.values().map(|tensor| tensor.data_offsets.1).max().unwrap_or(0);
    Ok((length.saturating_add(8).saturating_add(end), is))
}

fn leftovers(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let files = entries(folder)?.into_iter().map(|entry| entry.path());
    let unfinished =
        |file: &PathBuf| file.extension().is_some_and(|ending| UNFINISHED.iter().any(|u| ending == *u));
    Ok(files.filter(unfinished).collect())
}

/// What lies directly in a folder, by name; nothing where there is none.
pub(super) fn entries(folder: &Path) -> io::Result<Vec<DirEntry>> {
    let mut found = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => entries?.collect::<io::Result<Vec<_>>>()?,
    };
    found.sort_by_key(DirEntry::file_name);
    Ok(found)
}

/// Bytes of a file, or of all files in a folder; what goes meanwhile counts nothing.
pub(super) fn bytes_in(path: &Path) -> io::Result<u64> {
    let Ok(about) = fs::symlink_metadata(path) else { return Ok(0) };
    if !about.is_dir() {
        return Ok(about.len());
    }
    entries(path)?.iter().try_fold(0, |sum, entry| Ok(sum + bytes_in(&entry.path())?))
}

impl Look {
    /// Whether a worker is at work, on a cluster perhaps, be there a scheduler or not. What it reads, nobody knows.
    pub fn has_workers(&self) -> bool {
        self.folders.values().any(|folder| folder.lives)
    }

    /// Whether the database has a run of this name, be it one that cannot be read.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.runs
            .keys()
            .chain(self.unreadable_runs.iter().map(|(run, _)| run))
            .any(|run| run.as_str() == name)
    }
}

impl FolderFacts {
    /// Whether a run was begun in it, which planning the same again takes up, whatever the database knows. What is being
    /// removed has a name that no run can have.
    pub(super) fn is_of_a_run(&self, name: &str) -> bool {
        self.plan != PlanFile::Absent && RunId::new(name).is_ok()
    }

    /// Files and folders that its plan names.
    pub(super) fn needs(&self) -> impl Iterator<Item = &Path> {
        let needs = match &self.plan {
            PlanFile::Readable(needs) => Some(needs),
            PlanFile::Absent | PlanFile::Unreadable(_) => None,
        };
        needs.into_iter().flatten().map(PathBuf::as_path)
    }
}

impl RunFacts {
    pub(super) fn has_succeeded(&self) -> bool {
        matches!(self.state, RunState::Succeeded { .. })
    }
}
