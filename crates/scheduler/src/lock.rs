//! One scheduler a store.

use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use arclab_store::SCHEDULER_LOCK;

/// How often a lock is tried that somebody holds, and how long it is waited in between.
const LOOKS: u32 = 20;
const MOMENT: Duration = Duration::from_millis(5);

/// Why a scheduler does not start.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another is at work.
    #[error("another arclab is at work in {}: {holder}. Wait for it, stop it, or name another store", .store.display())]
    Held {
        /// The store.
        store: PathBuf,
        /// Who.
        holder: Holder,
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

/// What a scheduler is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A command's own runs.
    Command,
    /// The queue, until it is stopped.
    Daemon,
}

/// Who works in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// `process 123 on host`.
    pub name: String,
    /// Whether it works the queue.
    pub is_daemon: bool,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// How the lock's text begins where a daemon holds it.
const DAEMON: &str = "the daemon, ";

/// Who works in the store, if anybody does.
pub fn holder(store: &Path) -> Result<Option<Holder>, LockError> {
    let path = store.join(SCHEDULER_LOCK);
    let failed = |source| LockError::Io { file: path.clone(), source };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(named_in(&path))),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Held while a scheduler lives, whatever ends it.
#[derive(Debug)]
pub(crate) struct SchedulerLock {
    _file: File,
}

impl SchedulerLock {
    pub(crate) fn take(store: &Path, role: Role) -> Result<Self, LockError> {
        let path = store.join(SCHEDULER_LOCK);
        let failed = |source| LockError::Io { file: path.clone(), source };
        let open = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = open.map_err(failed)?;
        match lock_soon(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { store: store.to_owned(), holder: named_in(&path) });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let what = match role {
            Role::Command => "",
            Role::Daemon => DAEMON,
        };
        let text = format!("{what}process {} on {}\n", std::process::id(), host());
        file.set_len(0).and_then(|()| file.write_all(text.as_bytes())).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

/// Locks a file that nobody holds for longer than a moment: somebody may be looking whether it is held, and a worker that
/// was just started has its scheduler's files until it is itself, even where that scheduler dies meanwhile.
pub(crate) fn lock_soon(file: &File) -> Result<(), TryLockError> {
    for _ in 0..LOOKS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(MOMENT),
            other => return other,
        }
    }
    file.try_lock()
}

/// Empty for the moment between the taking and the writing.
fn named_in(path: &Path) -> Holder {
    let text = fs::read_to_string(path).unwrap_or_default();
    let is_daemon = text.starts_with(DAEMON);
    let name = if text.trim().is_empty() { "a process that has just begun" } else { text.trim() };
    Holder { name: name.to_owned(), is_daemon }
}

fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "this machine".to_owned() } else { name.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_let_go_of_in_a_moment_is_waited_for() {
        let store = tempfile::tempdir().unwrap();
        let first = SchedulerLock::take(store.path(), Role::Command).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(MOMENT * 3);
                drop(first);
            });
            SchedulerLock::take(store.path(), Role::Command).unwrap();
        });
    }

    #[test]
    fn the_second_scheduler_of_a_store_says_who_the_first_is() {
        let store = tempfile::tempdir().unwrap();
        assert_eq!(holder(store.path()).unwrap(), None);
        let first = SchedulerLock::take(store.path(), Role::Daemon).unwrap();
        let error = SchedulerLock::take(store.path(), Role::Command).unwrap_err().to_string();
        assert!(error.contains(&format!("the daemon, process {} on ", std::process::id())), "{error}");
        assert!(holder(store.path()).unwrap().unwrap().is_daemon);
        drop(first);
        SchedulerLock::take(store.path(), Role::Command).unwrap();
        assert_eq!(holder(store.path()).unwrap(), None);
    }
}
