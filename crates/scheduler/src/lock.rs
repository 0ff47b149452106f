//! One scheduler a store.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Name of the lock in the store's folder.
const LOCK: &str = "scheduler.lock";

/// Why a scheduler does not start.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another is at work.
    #[error("another arclab is at work in {}: {holder}. Wait for it, stop it, or name another store", .store.display())]
    Held {
        /// The store.
        store: PathBuf,
        /// `process 123 on host`.
        holder: String,
    },
    /// The lock cannot be taken.
    #[error("failed to lock {}", .file.display())]
    Io {
        /// The lock.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Held while a scheduler lives, whatever ends it.
#[derive(Debug)]
pub(crate) struct SchedulerLock {
    _file: File,
}

impl SchedulerLock {
    pub(crate) fn take(store: &Path) -> Result<Self, LockError> {
        let path = store.join(LOCK);
        let failed = |source| LockError::Io { file: path.clone(), source };
        let open = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = open.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { store: store.to_owned(), holder: holder(&path) });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let text = format!("process {} on {}\n", std::process::id(), host());
        file.set_len(0).and_then(|()| file.write_all(text.as_bytes())).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

/// Who holds the lock of a store, if anybody does.
pub(crate) fn at_work(store: &Path) -> Option<String> {
    let path = store.join(LOCK);
    let is_held = matches!(File::open(&path).ok()?.try_lock_shared(), Err(TryLockError::WouldBlock));
    is_held.then(|| holder(&path))
}

/// Empty for the moment between the taking and the writing.
fn holder(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    if text.trim().is_empty() { "a process that has just begun".to_owned() } else { text.trim().to_owned() }
}

fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "this machine".to_owned() } else { name.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_scheduler_of_a_store_says_who_the_first_is() {
        let store = tempfile::tempdir().unwrap();
        let first = SchedulerLock::take(store.path()).unwrap();
        let error = SchedulerLock::take(store.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("process {} on ", std::process::id())), "{error}");
        drop(first);
        SchedulerLock::take(store.path()).unwrap();
    }
}
