//! Starting a worker in its own process group.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
};

use arclab_spec::{Assignment, run_folder};

use crate::{LaunchError, folder, log};

/// Starts `worker` on the run's folder. `visible` is what it sees of the GPUs; nothing where it is empty.
pub(crate) fn launch(
    worker: &Path,
    at: &Path,
    assignment: &Assignment,
    visible: &str,
) -> Result<Child, LaunchError> {
    folder::write_plan(at, assignment)?;
    let log_file = at.join(run_folder::LOG);
    let log = log::open(&log_file, assignment.attempt).and_then(|out| Ok((out.try_clone()?, out)));
    let (out, err) = log.map_err(|source| LaunchError::Write(log_file, source))?;
    let mut command = Command::new(worker);
    command
        .arg("run")
        .arg(at)
        .env("RUST_LIB_BACKTRACE", "0")
        .env("CUDA_VISIBLE_DEVICES", visible)
        // As NVML counts them, by which they were found. CUDA's own order, the fastest first, is another where they differ.
        .env("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
        .stdin(Stdio::null())
        // The locked log: the worker inherits the lock with it, and `command` lets go of ours when it is dropped.
        .stdout(out)
        .stderr(err)
        // Ctrl-C at the terminal goes to the scheduler alone, which asks the workers to stop in their own way.
        .process_group(0);
    command.spawn().map_err(|source| LaunchError::Spawn(worker.to_owned(), source))
}
