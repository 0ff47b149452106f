//! A run at work: its worker, what it holds, and its journal.

use std::{
    io,
    process::Child,
    time::{Duration, Instant},
};

use arclab_spec::{Attempt, RunId};
use arclab_store::{Ask, records::Exit};
use nix::sys::signal::Signal;

use crate::{Busy, Kinship, SchedulerOptions, Stop, follow::Follower, process, slurm::SlurmJob};

/// A run at work.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) run: RunId,
    pub(crate) attempt: Attempt,
    pub(crate) holds: Busy,
    pub(crate) worker: Worker,
    pub(crate) follower: Follower,
    pub(crate) watched: Watched,
}

/// What is known of a worker's conduct. By the machine's own clock, which nobody sets.
#[derive(Debug)]
pub(crate) struct Watched {
    /// How long an attempt may take.
    limit: Option<Duration>,
    /// What a person asked of it.
    asked: Option<Ask>,
    /// It was told to stop for a person who has thought better of it.
    is_recalled: bool,
    /// Its end is none of the run's making.
    is_excused: bool,
    since: Instant,
    /// How long it had been at work by then.
    before: Duration,
    last_sign: Instant,
    /// Whether it has said anything since it was at work.
    has_spoken: bool,
    /// What it was told last, and when.
    told: (Stop, Instant),
}

/// A worker process.
#[derive(Debug)]
pub(crate) enum Worker {
    /// Started here.
    Child(Child),
    /// Left behind at work by an earlier scheduler.
    Adopted,
    /// Not started yet, or gone before anybody looked.
    Absent,
    /// On a cluster.
    Slurm(SlurmJob),
}

impl Worker {
    pub(crate) fn kinship(&self) -> Kinship {
        match self {
            Self::Adopted => Kinship::Adopted,
            Self::Child(_) | Self::Slurm(_) | Self::Absent => Kinship::Own,
        }
    }

    pub(crate) fn slurm(&self) -> Option<&SlurmJob> {
        match self {
            Self::Slurm(job) => Some(job),
            Self::Child(_) | Self::Adopted | Self::Absent => None,
        }
    }

    pub(crate) fn slurm_mut(&mut self) -> Option<&mut SlurmJob> {
        match self {
            Self::Slurm(job) => Some(job),
            Self::Child(_) | Self::Adopted | Self::Absent => None,
        }
    }
}

impl Watched {
    /// A worker that has been at work for `before`.
    pub(crate) fn since(before: Duration, limit_secs: Option<u64>) -> Self {
        let now = Instant::now();
        let limit = limit_secs.map(Duration::from_secs);
        Self {
            limit,
            asked: None,
            is_recalled: false,
            is_excused: false,
            since: now,
            before,
            last_sign: now,
            has_spoken: false,
            told: (Stop::No, now),
        }
    }

    /// It has said something.
    pub(crate) fn sign_of_life(&mut self) {
        (self.last_sign, self.has_spoken) = (Instant::now(), true);
    }

    pub(crate) fn has_spoken(&self) -> bool {
        self.has_spoken
    }

    /// That it says nothing is none of its doing.
    pub(crate) fn excuse_silence(&mut self) {
        self.last_sign = Instant::now();
    }

    /// What a person asks now. One that was told already cannot be called back, and begins again once it has stopped; nor is a
    /// cancellation taken back.
    pub(crate) fn ask(&mut self, ask: Option<Ask>) {
        if let (Some(Ask::Pause), None, true) = (self.asked, ask, self.told.0 > Stop::No) {
            self.is_recalled = true;
        }
        self.asked = ask.or(self.asked.filter(|ask| *ask == Ask::Cancel));
    }

    /// What a person asks.
    pub(crate) fn asked(&self) -> Option<Ask> {
        self.asked
    }

    pub(crate) fn is_recalled(&self) -> bool {
        self.is_recalled
    }

    /// However it ends counts as no death.
    pub(crate) fn excuse(&mut self) {
        self.is_excused = true;
    }

    pub(crate) fn is_excused(&self) -> bool {
        self.is_excused
    }

    /// It is not at work: neither its time limit nor silence counts.
    pub(crate) fn waits(&mut self) {
        let now = Instant::now();
        (self.since, self.before, self.last_sign, self.has_spoken) = (now, Duration::ZERO, now, false);
    }

    pub(crate) fn silent(&self) -> Duration {
        self.last_sign.elapsed()
    }

    pub(crate) fn was_told(&self) -> bool {
        self.told.0 != Stop::No
    }

    /// What it was told has not reached it.
    pub(crate) fn untold(&mut self) {
        self.told.0 = Stop::No;
    }

    /// What it is to be told now, where that is more than it was told; counts as told.
    pub(crate) fn tell(&mut self, stop: Stop, options: &SchedulerOptions) -> Option<Stop> {
        self.more(stop, options).inspect(|stop| self.note_told(*stop))
    }

    /// What it is to be told now, where that is more than it was told.
    fn more(&self, stop: Stop, options: &SchedulerOptions) -> Option<Stop> {
        Some(self.due(stop, options)).filter(|stop| *stop > self.told.0)
    }

    fn note_told(&mut self, stop: Stop) {
        self.told = (stop, Instant::now());
    }

    /// Its time limit in seconds, where it is beyond it.
    pub(crate) fn overdue_secs(&self) -> Option<u64> {
        let limit = self.limit.filter(|limit| self.before + self.since.elapsed() > *limit)?;
        Some(limit.as_secs())
    }

    /// How long it has been silent, in seconds, where that is too long.
    pub(crate) fn silent_secs(&self, hung_after: Duration) -> Option<u64> {
        let silent = self.last_sign.elapsed();
        (silent > hung_after).then_some(silent.as_secs())
    }

    /// What it is to be told, where all are told `stop`.
    fn due(&self, stop: Stop, options: &SchedulerOptions) -> Stop {
        let (told, at) = self.told;
        let is_deaf = told == Stop::AfterCheckpoint && at.elapsed() > options.grace;
        let is_singled_out = self.asked.is_some() || self.overdue_secs().is_some();
        let own = match () {
            () if self.silent_secs(options.hung_after).is_some() => Stop::AtOnce,
            () if is_singled_out && is_deaf => Stop::AtOnce,
            () if is_singled_out => Stop::AfterCheckpoint,
            () => Stop::No,
        };
        own.max(stop)
    }
}

impl Job {
    /// Takes in what people ask of workers now.
    pub(crate) fn hear(&mut self, asked: &[(RunId, Ask)]) {
        let of_it = asked.iter().find(|(run, _)| *run == self.run).map(|(_, ask)| *ask);
        self.watched.ask(of_it);
    }

    /// How the worker ended, once it is gone.
    pub(crate) fn gone(&mut self) -> io::Result<Option<Exit>> {
        match &mut self.worker {
            Worker::Child(child) => Ok(child.try_wait()?.map(|status| {
                let signal = std::os::unix::process::ExitStatusExt::signal(&status);
                Exit { code: status.code(), signal }
            })),
            Worker::Absent => Ok(Some(Exit::default())),
            Worker::Adopted => Ok((!process::lives(self.follower.folder())?).then(Exit::default)),
            // Slurm says so.
            Worker::Slurm(_) => Ok(None),
        }
    }

    /// Passes a stop on, once; one of its own where it hangs, takes too long, or a person asked. An adopted worker that has not
    /// written its id yet is told the next time.
    pub(crate) fn tell(&mut self, stop: Stop, options: &SchedulerOptions) -> io::Result<()> {
        let Some(stop) = self.watched.more(stop, options) else { return Ok(()) };
        let signal = match stop {
            Stop::No => return Ok(()),
            Stop::AfterCheckpoint => Signal::SIGTERM,
            Stop::AtOnce => Signal::SIGKILL,
        };
        let Some(pid) = self.pid()? else { return Ok(()) };
        process::send(pid, signal)?;
        self.watched.note_told(stop);
        Ok(())
    }

    /// A process that certainly is this worker: a child that was not waited for yet, or the holder of the lock.
    fn pid(&mut self) -> io::Result<Option<u32>> {
        let folder = self.follower.folder();
        match &mut self.worker {
            Worker::Child(child) => Ok(child.try_wait()?.is_none().then(|| child.id())),
            Worker::Adopted if process::lives(folder)? => Ok(process::pid_in(folder)),
            Worker::Adopted | Worker::Absent | Worker::Slurm(_) => Ok(None),
        }
    }
}
