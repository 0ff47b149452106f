//! Reading `plan.json`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use arclab_spec::{Assignment, Attempt, PLAN_VERSION, TRAINER_VERSION, run_folder};
use serde::Deserialize;

/// Why a worker does not take an assignment.
#[derive(Debug, thiserror::Error)]
pub(super) enum AssignmentError {
    #[error("failed to read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("failed to understand {}", path.display())]
    Parse { path: PathBuf, source: serde_json::Error },
    #[error(
        "{} is of version {found}, and this worker reads version {PLAN_VERSION}: \
         use an `arclab` and an `arclab-worker` of one build", path.display()
    )]
    Version { path: PathBuf, found: u32 },
    #[error(
        "the run was planned for trainer {found}, and this worker is trainer {TRAINER_VERSION}, \
         which gives other numbers: plan it again"
    )]
    Trainer { found: u32 },
}

/// An assignment, or why not; the attempt even then, where the file tells it.
pub(super) fn read(folder: &Path) -> (Attempt, Result<Assignment, AssignmentError>) {
    let path = folder.join(run_folder::PLAN);
    match fs::read(&path) {
        Ok(json) => (attempt(&json), parse(path, &json)),
        Err(source) => (Attempt::FIRST, Err(AssignmentError::Read { path, source })),
    }
}

fn parse(path: PathBuf, json: &[u8]) -> Result<Assignment, AssignmentError> {
    /// Read first: another version may have another form.
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let found = match serde_json::from_slice::<Versioned>(json) {
        Ok(Versioned { version }) => version,
        Err(source) => return Err(AssignmentError::Parse { path, source }),
    };
    if found != PLAN_VERSION {
        return Err(AssignmentError::Version { path, found });
    }
    let assignment: Assignment =
        serde_json::from_slice(json).map_err(|source| AssignmentError::Parse { path, source })?;
    match assignment.plan.trainer {
        TRAINER_VERSION => Ok(assignment),
        found => Err(AssignmentError::Trainer { found }),
    }
}

fn attempt(json: &[u8]) -> Attempt {
    #[derive(Deserialize)]
    struct Attempted {
        attempt: Attempt,
    }
    serde_json::from_slice(json).map_or(Attempt::FIRST, |Attempted { attempt }| attempt)
}
