//! Whether a worker lives, and signals to it.
//!
//! A process id proves nothing: it is used again. What proves a life is a lock that the kernel takes back at death.
//! The scheduler locks `worker.log` before it starts a worker, which inherits the locked file as its output: so the
//! lock is held from the very start, also where the scheduler dies right after. A worker that someone starts by hand
//! holds `worker.lock` alone.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

use arclab_spec::run_folder;
use nix::{
    errno::Errno,
    sys::signal::{Signal, kill, killpg},
    unistd::{Pid, getpgid},
};

use crate::tail::is_absent;

/// Whether a worker lives in `folder`.
pub(crate) fn lives(folder: &Path) -> io::Result<bool> {
    // The log first: a worker that has just been started must find `worker.lock` untouched when it takes it.
    Ok(is_locked(&folder.join(run_folder::LOG))? || is_locked(&folder.join(run_folder::LOCK))?)
}

fn is_locked(file: &Path) -> io::Result<bool> {
    let file = match File::open(file) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(false),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The worker that lives in `folder`, by what it wrote into its lock and what the kernel says of that process.
pub(crate) fn pid_in(folder: &Path) -> Option<u32> {
    let text = fs::read_to_string(folder.join(run_folder::LOCK)).ok()?;
    let pid: u32 = text.split_whitespace().next()?.parse().ok()?;
    let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let mut arguments = command.split(|byte| *byte == 0);
    let is_ours = arguments.any(|argument| argument == folder.as_os_str().as_encoded_bytes());
    is_ours.then_some(pid)
}

/// Sends `signal` to a process and, where it leads its group, to all of that. A process that is gone is no error.
pub(crate) fn send(pid: u32, signal: Signal) -> io::Result<()> {
    let pid = Pid::from_raw(pid as i32);
    let sent = match getpgid(Some(pid)) {
        Ok(group) if group == pid => killpg(pid, signal),
        Ok(_) => kill(pid, signal),
        Err(error) => Err(error),
    };
    match sent {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_lives_while_either_of_its_files_is_locked() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!lives(folder.path()).unwrap());
        for name in [run_folder::LOG, run_folder::LOCK] {
            let file = File::create(folder.path().join(name)).unwrap();
            assert!(!lives(folder.path()).unwrap());
            file.lock().unwrap();
            assert!(lives(folder.path()).unwrap());
        }
    }

    #[test]
    fn a_process_that_does_not_name_the_folder_is_never_taken_for_its_worker() {
        let folder = tempfile::tempdir().unwrap();
        let us = std::process::id().to_string();
        fs::write(folder.path().join(run_folder::LOCK), us).unwrap();
        assert_eq!(pid_in(folder.path()), None);
    }
}
