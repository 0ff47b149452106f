//! Slurm's programs.

use std::{
    fmt::Debug,
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::error::chain;

use super::{SubmitError, Task, answers, refusal::words};

/// What a scheduler asks of Slurm. Each call may take as long as Slurm's own time limits: seconds when the controller is
/// away.
pub trait Cluster: Debug + Send + Sync {
    /// Submits a batch script; gives the array's id.
    fn submit(&self, script: &Path) -> Result<u64, SubmitError>;
    /// The jobs by these names that the controller knows, also those that ended minutes ago.
    fn jobs(&self, names: &[String]) -> Result<Vec<Task>, SlurmError>;
    /// The jobs by these names that the cluster's accounts know; none where it keeps none.
    fn past(&self, names: &[String]) -> Result<Vec<Task>, SlurmError>;
    /// Has jobs stop, such as `812_3`.
    fn stop(&self, jobs: &[String], how: StopJobs) -> Result<(), SlurmError>;
}

/// How jobs stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopJobs {
    /// Those at work after a checkpoint, the others without having begun.
    AfterCheckpoint,
    /// All of them, within Slurm's few seconds of grace.
    AtOnce,
}

/// Why Slurm gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum SlurmError {
    /// A program does not start.
    #[error("failed to start `{program}`")]
    Start {
        /// Its name.
        program: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// It failed.
    #[error("`{program}` failed: {said}")]
    Failed {
        /// Its name.
        program: &'static str,
        /// What it said.
        said: String,
    },
}

/// Slurm's programs, on this machine.
#[derive(Debug, Clone, Default)]
pub struct Programs {
    /// Where they lie; found on the `PATH` where absent.
    pub folder: Option<PathBuf>,
}

/// Said of jobs that have ended by the time they are told to.
const GONE: &[&str] = &["Invalid job id", "already completing or completed", "can not be altered now"];

impl Programs {
    fn run(&self, program: &'static str, arguments: &[&str]) -> Result<String, SlurmError> {
        let file = self.folder.as_ref().map_or_else(|| PathBuf::from(program), |folder| folder.join(program));
        let mut command = Command::new(file);
        // Messages and names as they are tested for, whatever the person's language and settings.
        command.args(arguments).env("LC_ALL", "C").env_remove("SQUEUE_FORMAT").env_remove("SACCT_FORMAT");
        let output =
            command.stdin(Stdio::null()).output().map_err(|source| SlurmError::Start { program, source })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(SlurmError::Failed { program, said: words(&String::from_utf8_lossy(&output.stderr)) })
    }

    /// Why jobs cannot be submitted from this machine.
    pub fn absence(&self) -> Option<SubmitError> {
        self.run("sbatch", &["--version"]).err().map(refused)
    }

    fn cancel(&self, options: &[&str], jobs: &[String]) -> Result<(), SlurmError> {
        // The longest command line holds some hundred thousand characters.
        for jobs in jobs.chunks(1_000) {
            let arguments: Vec<&str> =
                options.iter().copied().chain(jobs.iter().map(String::as_str)).collect();
            match self.run("scancel", &arguments) {
                Err(SlurmError::Failed { said, .. }) if GONE.iter().any(|gone| said.contains(gone)) => {}
                other => drop(other?),
            }
        }
        Ok(())
    }
}

/// Why `sbatch` took no job.
fn refused(error: SlurmError) -> SubmitError {
    match error {
        SlurmError::Failed { said, .. } => SubmitError::of(&said),
        error @ SlurmError::Start { .. } => SubmitError::Refused {
            said: chain(&error),
            remedy: "work on a machine that has Slurm's programs, or write `executor: local`",
        },
    }
}

impl Cluster for Programs {
    fn submit(&self, script: &Path) -> Result<u64, SubmitError> {
        let script = script.display().to_string();
        match self.run("sbatch", &["--parsable", &script]) {
            // One whose answer cannot be read is looked for by its name.
            Ok(said) => answers::submitted(&said).ok_or(SubmitError::Unreachable(said)),
            Err(error) => Err(refused(error)),
        }
    }

    fn jobs(&self, names: &[String]) -> Result<Vec<Task>, SlurmError> {
        let (names, format) =
            (format!("--name={}", names.join(",")), format!("--Format={}", answers::QUEUE_FORMAT));
        let arguments = ["--noheader", "--array", "--states=all", &names, &format];
        self.run("squeue", &arguments).map(|text| answers::queue(&text))
    }

    fn past(&self, names: &[String]) -> Result<Vec<Task>, SlurmError> {
        let (names, format) =
            (format!("--name={}", names.join(",")), format!("--format={}", answers::PAST_FORMAT));
        // Without a beginning only those of today are told.
        let arguments = ["--noheader", "--parsable2", "--starttime=now-30days", &names, &format];
        match self.run("sacct", &arguments) {
            Ok(text) => Ok(answers::past(&text)),
            // A cluster without accounts, or without the program.
            Err(SlurmError::Failed { said, .. }) if said.contains("accounting storage is disabled") => {
                Ok(Vec::new())
            }
            Err(SlurmError::Start { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn stop(&self, jobs: &[String], how: StopJobs) -> Result<(), SlurmError> {
        match how {
            StopJobs::AfterCheckpoint => {
                self.cancel(&["--state=PENDING"], jobs)?;
                // One by one: those that have ended would keep the others from being told.
                jobs.iter()
                    .try_for_each(|job| self.cancel(&["--signal=USR2", "--batch"], std::slice::from_ref(job)))
            }
            StopJobs::AtOnce => self.cancel(&[], jobs),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn a_machine_without_slurm_or_without_its_settings_is_told_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let programs = Programs { folder: Some(folder.path().to_owned()) };
        let told = programs.absence().unwrap().to_string();
        assert!(told.contains("failed to start `sbatch`") && told.contains("executor: local"), "{told}");
        let sbatch = folder.path().join("sbatch");
        let says =
            "#!/bin/sh\necho 'sbatch: fatal: Could not establish a configuration source' >&2\nexit 1\n";
        fs::write(&sbatch, says).unwrap();
        fs::set_permissions(&sbatch, fs::Permissions::from_mode(0o755)).unwrap();
        let told = programs.absence().unwrap().to_string();
        assert!(told.contains("SLURM_CONF"), "{told}");
    }
}
