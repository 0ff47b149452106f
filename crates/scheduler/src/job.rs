//! A run at work: its worker, what it holds, and its journal.

use std::{io, process::Child};

use arclab_spec::{Attempt, RunId};
use arclab_store::records::Exit;
use nix::sys::signal::Signal;

use crate::{Busy, Stop, follow::Follower, process};

/// A run at work.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) run: RunId,
    pub(crate) attempt: Attempt,
    pub(crate) holds: Busy,
    pub(crate) worker: Worker,
    pub(crate) follower: Follower,
    /// What it was told last.
    pub(crate) told: Stop,
}

/// A worker process.
#[derive(Debug)]
pub(crate) enum Worker {
    /// Started here.
    Child(Child),
    /// Left behind by an earlier scheduler.
    Adopted,
}

impl Job {
    /// How the worker ended, once it is gone.
    pub(crate) fn gone(&mut self) -> io::Result<Option<Exit>> {
        match &mut self.worker {
            Worker::Child(child) => Ok(child.try_wait()?.map(|status| {
                let signal = std::os::unix::process::ExitStatusExt::signal(&status);
                Exit { code: status.code(), signal }
            })),
            Worker::Adopted => Ok((!process::lives(self.follower.folder())?).then(Exit::default)),
        }
    }

    /// Passes a stop on, once. An adopted worker that has not written its id yet is told the next time.
    pub(crate) fn tell(&mut self, stop: Stop) -> io::Result<()> {
        let signal = match stop {
            Stop::No => return Ok(()),
            _ if self.told >= stop => return Ok(()),
            Stop::AfterCheckpoint => Signal::SIGTERM,
            Stop::AtOnce => Signal::SIGKILL,
        };
        let Some(pid) = self.pid()? else { return Ok(()) };
        process::send(pid, signal)?;
        self.told = stop;
        Ok(())
    }

    /// A process that certainly is this worker: a child that was not waited for yet, or the holder of the lock.
    fn pid(&mut self) -> io::Result<Option<u32>> {
        let folder = self.follower.folder();
        match &mut self.worker {
            Worker::Child(child) => Ok(child.try_wait()?.is_none().then(|| child.id())),
            Worker::Adopted if process::lives(folder)? => Ok(process::pid_in(folder)),
            Worker::Adopted => Ok(None),
        }
    }
}
