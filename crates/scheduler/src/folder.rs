//! Making a run's folder ready for an attempt.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use arclab_spec::{Assignment, run_folder};

use crate::LaunchError;

/// Takes away what an attempt from the start must not find. Comes before the store forgets that it is one, so that
/// a death in between only does it twice.
pub(crate) fn clear(folder: &Path) -> Result<(), LaunchError> {
    let checkpoints = folder.join(run_folder::CHECKPOINTS);
    absent_is_fine(fs::remove_dir_all(&checkpoints))
        .map_err(|source| LaunchError::Remove(checkpoints, source))?;
    // The journal, too: were it ever read from its start, what it says of dropped results would come back.
    for name in [run_folder::WEIGHTS, run_folder::EVENTS] {
        let file = folder.join(name);
        absent_is_fine(fs::remove_file(&file)).map_err(|source| LaunchError::Remove(file, source))?;
    }
    Ok(())
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// What its last worker was told; none where that cannot be read any more.
pub(crate) fn assignment(folder: &Path) -> Option<Assignment> {
    serde_json::from_slice(&fs::read(folder.join(run_folder::PLAN)).ok()?).ok()
}

/// Makes the folder and replaces its plan as a whole.
pub(crate) fn write_plan(folder: &Path, assignment: &Assignment) -> Result<(), LaunchError> {
    fs::create_dir_all(folder).map_err(|source| LaunchError::Folder(folder.to_owned(), source))?;
    let json = serde_json::to_vec_pretty(assignment).map_err(LaunchError::Json)?;
    let (file, new) = (folder.join(run_folder::PLAN), folder.join("plan.json.new"));
    let written = File::create(&new).and_then(|mut out| out.write_all(&json).and_then(|()| out.sync_all()));
    let written = written.and_then(|()| fs::rename(&new, &file));
    written.map_err(|source| LaunchError::Write(file, source))
}
