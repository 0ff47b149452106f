//! `arclab-worker checkpoints REQUEST.json`: whether runs can go on from what lies in their folders.

use std::path::Path;

use arclab_nn::checkpoint;
use arclab_spec::{CheckedCheckpoints, CheckpointsReport, CheckpointsRequest, run_folder};

use crate::{request::read_request, training::Saved};

/// Reads the checkpoints of all folders back.
pub fn check_checkpoints(request: &Path) -> anyhow::Result<CheckpointsReport> {
    let CheckpointsRequest { folders, .. } = read_request(request)?;
    let folders = folders.iter().map(|folder| {
        let (usable, damaged) = checkpoint::check::<Saved>(&folder.join(run_folder::CHECKPOINTS))?;
        let damaged =
            damaged.into_iter().map(|(file, error)| (file, format!("{:#}", anyhow::Error::from(error))));
        Ok(CheckedCheckpoints { usable, damaged: damaged.collect() })
    });
    Ok(CheckpointsReport { folders: folders.collect::<anyhow::Result<_>>()? })
}
