//! What a checkpoint's JSON says, and going on from one.

use std::path::Path;

use arclab_nn::{
    checkpoint::{self, LoadError, SaveError},
    heads::HeadMemory,
};
use arclab_spec::{Assignment, PlanHash, Position, run_folder};
use serde::{Deserialize, Serialize};

use super::{meters::EpochSums, model::RestoreError, team::Team};

/// The note beside the tensors. Random numbers are functions of seed and position, so these two bring them back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Saved {
    /// Only the same plan goes on from a checkpoint.
    pub(crate) plan: PlanHash,
    /// The plan's seed, for people who look.
    pub(crate) seed: u64,
    /// Steps done.
    pub(crate) at: Position,
    /// Sums over the steps of the epoch that is under way.
    pub(crate) sums: EpochSums,
}

/// Why a checkpoint that is there cannot be gone on from.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResumeError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Restore(#[from] RestoreError),
    #[error("the checkpoint belongs to another plan ({})", .0.short())]
    OtherPlan(PlanHash),
}

/// Saves all of `model` at a position.
pub(crate) fn save(
    folder: &Path,
    assignment: &Assignment,
    model: &mut Team<impl HeadMemory>,
    at: Position,
    sums: EpochSums,
) -> Result<(), SaveError> {
    let note = Saved { plan: assignment.plan.hash(), seed: assignment.plan.seed, at, sums };
    checkpoint::save(&folder.join(run_folder::CHECKPOINTS), at.step, &note, &model.tensors())
}

/// Loads the newest checkpoint of a run's folder that can be used into `model`; nothing where there is none. The log
/// says which were passed over, and why.
pub(crate) fn resume(
    folder: &Path,
    assignment: &Assignment,
    model: &mut Team<impl HeadMemory>,
) -> Result<Option<(Position, EpochSums)>, ResumeError> {
    let Some(loaded) = checkpoint::load::<Saved>(&folder.join(run_folder::CHECKPOINTS))? else {
        return Ok(None);
    };
    for error in loaded.passed_over {
        let reason = anyhow::Error::from(error);
        tracing::warn!("a checkpoint is of no use, so training goes on from the one before it: {reason:#}");
    }
    let saved = loaded.note;
    if saved.plan != assignment.plan.hash() {
        return Err(ResumeError::OtherPlan(saved.plan));
    }
    model.restore(&loaded.tensors)?;
    Ok(Some((saved.at, saved.sums)))
}
