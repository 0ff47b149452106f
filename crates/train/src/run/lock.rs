//! The lock that says a worker lives.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Seek, Write},
    path::{Path, PathBuf},
};

use arclab_spec::run_folder;

/// Held while the worker lives. The kernel gives it back when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct WorkerLock {
    _file: File,
}

/// Why a run's folder could not be taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum LockError {
    #[error("another worker holds {}", path.display())]
    Held { path: PathBuf },
    #[error("failed to lock {}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl WorkerLock {
    /// Takes the lock of a run's folder and writes the process id into it, for people who look.
    pub(super) fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(run_folder::LOCK);
        match locked(&path) {
            Ok(file) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held { path }),
            Err(TryLockError::Error(source)) => Err(LockError::Io { path, source }),
        }
    }
}

fn locked(path: &Path) -> Result<File, TryLockError> {
    let open = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    let mut file = open.map_err(TryLockError::Error)?;
    file.try_lock()?;
    let write = |file: &mut File| {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())
    };
    write(&mut file).map_err(TryLockError::Error)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_taken_once_and_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let lock = WorkerLock::take(folder.path()).unwrap();
        let pid = std::fs::read_to_string(folder.path().join(run_folder::LOCK)).unwrap();
        assert_eq!(pid.trim(), std::process::id().to_string());
        assert!(matches!(WorkerLock::take(folder.path()), Err(LockError::Held { .. })));
        drop(lock);
        WorkerLock::take(folder.path()).unwrap();
    }
}
