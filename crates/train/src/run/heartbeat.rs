//! Signs of life while there is nothing else to say.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use arclab_spec::{Event, Heartbeat, Position};

use super::journal::Journal;

/// A journal is never silent for longer than this and one [`LOOK`].
const SILENCE: Duration = Duration::from_millis(1500);
/// How often the silence is measured.
const LOOK: Duration = Duration::from_millis(400);

/// Where training is, for other threads to read.
#[derive(Debug, Default)]
pub(super) struct Progress {
    epoch: AtomicU32,
    step: AtomicU64,
}

impl Progress {
    pub(super) fn set(&self, at: Position) {
        self.epoch.store(at.epoch, Ordering::Relaxed);
        self.step.store(at.step, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> Position {
        Position { epoch: self.epoch.load(Ordering::Relaxed), step: self.step.load(Ordering::Relaxed) }
    }
}

/// A thread that writes heartbeats until it is dropped.
#[derive(Debug)]
pub(super) struct Pulse {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Pulse {
    pub(super) fn start(journal: Arc<Journal>, progress: Arc<Progress>) -> Self {
        let (end, ended) = channel();
        let beat = move || {
            while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                if journal.silence() > SILENCE {
                    // A journal that cannot be written ends the run at its next event, which says so.
                    let _ = journal.append(Event::Heartbeat(Heartbeat { at: progress.get() }));
                }
            }
        };
        Self { end: Some(end), thread: Some(std::thread::spawn(beat)) }
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use arclab_spec::{Attempt, JournalLine, run_folder};

    use super::*;

    #[test]
    fn a_silent_worker_gives_a_sign_of_life_that_says_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Arc::new(Journal::open(folder.path(), Attempt::FIRST).unwrap());
        let progress = Arc::new(Progress::default());
        let at = Position { epoch: 2, step: 30 };
        progress.set(at);
        let pulse = Pulse::start(journal, progress);
        std::thread::sleep(SILENCE + 3 * LOOK);
        drop(pulse);
        let text = std::fs::read_to_string(folder.path().join(run_folder::EVENTS)).unwrap();
        let line: JournalLine = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(line.event, Event::Heartbeat(Heartbeat { at }));
        assert_eq!(text.lines().count(), 1);
    }
}
