//! Slurm's programs.

use std::{
    fmt::Debug,
    io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use nix::sys::signal::Signal;

use super::{SubmitError, Task, answers, refusal::words};
use crate::{error::chain, process};

/// Slurm's programs give up by themselves sooner, unless something is the matter with them.
const PATIENCE: Duration = Duration::from_mins(1);

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
    /// It took too long.
    #[error("`{program}` gave no answer within a minute")]
    Late {
        /// Its name.
        program: &'static str,
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

/// What a program printed; none where it took longer than `limit` and was ended.
fn output_within(mut command: Command, limit: Duration) -> io::Result<Option<Output>> {
    // Ended with all that it started, which would hold its output open, and by nobody's Ctrl-C.
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn()?;
    let (pid, (ended, end)) = (child.id(), channel::<()>());
    let guard = thread::Builder::new().spawn(move || {
        let is_late = end.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
        is_late && process::send(pid, Signal::SIGKILL).is_ok()
    })?;
    let output = child.wait_with_output();
    drop(ended);
    let is_late = guard.join().unwrap_or(false);
    output.map(|output| (!is_late).then_some(output))
}

impl Programs {
    fn run(&self, program: &'static str, arguments: &[&str]) -> Result<String, SlurmError> {
        let file = self.folder.as_ref().map_or_else(|| PathBuf::from(program), |folder| folder.join(program));
        let mut command = Command::new(file);
        // Messages and names as they are tested for, whatever the person's language and settings.
        command.args(arguments).env("LC_ALL", "C").env_remove("SQUEUE_FORMAT").env_remove("SACCT_FORMAT");
        let output =
            output_within(command, PATIENCE).map_err(|source| SlurmError::Start { program, source })?;
        let output = output.ok_or(SlurmError::Late { program })?;
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
        error @ SlurmError::Late { .. } => SubmitError::Unreachable(error.to_string()),
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
            Ok(said) => answers::submitted(&said).ok_or_else(|| SubmitError::Unreadable(words(&said))),
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
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn a_machine_without_slurm_or_without_its_settings_is_told_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let programs = Programs { folder: Some(folder.path().to_owned()) };
        let told = programs.absence().unwrap().to_string();
        assert!(told.contains("failed to start `sbatch`") && told.contains("executor: local"), "{told}");
        let stub = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slurm/stub");
        symlink(stub, folder.path().join("sbatch")).unwrap();
        let says = "echo 'sbatch: fatal: Could not establish a configuration source' >&2; exit 1";
        fs::write(folder.path().join("sbatch.sh"), says).unwrap();
        let told = programs.absence().unwrap().to_string();
        assert!(told.contains("SLURM_CONF"), "{told}");
    }

    #[test]
    fn a_program_that_gives_no_answer_is_ended_with_all_that_it_started() {
        let script = |text: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", text]);
            command
        };
        // Without a word of it, its output would stay open for an hour.
        let late = output_within(script("sleep 3600 & sleep 3600"), Duration::from_millis(50)).unwrap();
        assert_eq!(late, None);
        let said = output_within(script("echo 12"), Duration::from_hours(1)).unwrap().unwrap();
        assert_eq!(said.stdout, b"12\n");
    }
}
