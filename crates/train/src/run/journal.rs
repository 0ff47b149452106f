//! The journal: events, appended one line at a time.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use arclab_spec::{Attempt, Event, JOURNAL_VERSION, JournalLine, run_folder};

/// An attempt's side of a run's `events.jsonl`; shared by the threads of a worker.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    attempt: Attempt,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// What it holds at least.
    bytes: u64,
    last: Instant,
}

/// Why an event is not in the journal.
#[derive(Debug, thiserror::Error)]
#[error("failed to append to {}", path.display())]
pub(crate) struct JournalError {
    path: PathBuf,
    source: io::Error,
}

impl Journal {
    /// Opens the journal of a run's folder. Where an earlier attempt was killed within a line, a new line is begun.
    pub(super) fn open(folder: &Path, attempt: Attempt) -> Result<Self, JournalError> {
        let path = folder.join(run_folder::EVENTS);
        let open = || {
            let file = open_at_a_fresh_line(&path)?;
            Ok(State { bytes: file.metadata()?.len(), file, last: Instant::now() })
        };
        match open() {
            Ok(state) => Ok(Self { path, attempt, state: Mutex::new(state) }),
            Err(source) => Err(JournalError { path, source }),
        }
    }

    /// Appends an event by one write, so that a reader never sees lines mixed.
    pub(super) fn append(&self, event: Event) -> Result<(), JournalError> {
        let line = JournalLine {
            version: JOURNAL_VERSION,
            attempt: self.attempt,
            at_ms: now_ms(),
            event: finite_only(event),
        };
        let write = || {
            let mut bytes = serde_json::to_vec(&line)?;
            bytes.push(b'\n');
            let mut state = self.state();
            state.refuse_lost()?;
            state.last = Instant::now();
            state.file.write_all(&bytes)?;
            state.bytes += bytes.len() as u64;
            Ok(())
        };
        write().map_err(|source| self.error(source))
    }

    /// Waits until all lines are on the disk.
    pub(super) fn sync(&self) -> Result<(), JournalError> {
        let state = self.state();
        state.refuse_lost().and_then(|()| state.file.sync_data()).map_err(|source| self.error(source))
    }

    /// Time since the last line.
    pub(super) fn silence(&self) -> Duration {
        self.state().last.elapsed()
    }

    /// A thread that panicked within `append` leaves at worst a line cut short, which readers skip.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, source: io::Error) -> JournalError {
        JournalError { path: self.path.clone(), source }
    }
}

impl State {
    /// Fails where the file was taken away or cut: nobody would read what is appended, nor what was lost. So no checkpoint
    /// is written either that is beyond what can be read, and the next attempt says it all again.
    fn refuse_lost(&self) -> io::Result<()> {
        let about = self.file.metadata()?;
        if about.nlink() == 0 {
            return Err(io::Error::other("somebody has removed it"));
        }
        if about.len() < self.bytes {
            return Err(io::Error::other("somebody has cut it short"));
        }
        Ok(())
    }
}

fn open_at_a_fresh_line(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
    if file.metadata()?.len() > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// JSON has no NaN, and readers rely on its absence: such a number is left out.
fn finite_only(mut event: Event) -> Event {
    if let Event::Step { metrics, .. } | Event::Epoch { metrics, .. } = &mut event {
        let kept: BTreeMap<_, _> =
            std::mem::take(metrics).into_iter().filter(|(_, value)| value.is_finite()).collect();
        *metrics = kept;
    }
    event
}

#[cfg(test)]
mod tests {
    use arclab_spec::Position;

    use super::*;

    fn checkpoint(step: u64) -> Event {
        Event::Checkpoint { at: Position { epoch: 0, step } }
    }

    fn lines(folder: &Path) -> Vec<Result<JournalLine, serde_json::Error>> {
        let text = std::fs::read_to_string(folder.join(run_folder::EVENTS)).unwrap();
        text.lines().map(serde_json::from_str).collect()
    }

    #[test]
    fn events_are_read_back_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path(), Attempt::FIRST).unwrap();
        for step in 0..3 {
            journal.append(checkpoint(step)).unwrap();
        }
        let found: Vec<Event> = lines(folder.path()).into_iter().map(|line| line.unwrap().event).collect();
        assert_eq!(found, [checkpoint(0), checkpoint(1), checkpoint(2)]);
    }

    #[test]
    fn a_line_cut_short_by_a_kill_spoils_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(run_folder::EVENTS), r#"{"version":1,"att"#).unwrap();
        let journal = Journal::open(folder.path(), Attempt::FIRST.next()).unwrap();
        journal.append(checkpoint(5)).unwrap();
        let lines = lines(folder.path());
        assert_eq!(lines.len(), 2);
        assert!(lines[0].is_err());
        assert_eq!(lines[1].as_ref().unwrap().attempt, Attempt::FIRST.next());
    }

    #[test]
    fn a_journal_that_was_removed_or_cut_takes_no_more() {
        type Loss = fn(&Path);
        let losses: [(Loss, &str); 2] = [
            (|path| std::fs::remove_file(path).unwrap(), "removed"),
            (|path| File::options().write(true).open(path).unwrap().set_len(1).unwrap(), "cut"),
        ];
        for (lose, word) in losses {
            let folder = tempfile::tempdir().unwrap();
            let journal = Journal::open(folder.path(), Attempt::FIRST).unwrap();
            journal.append(checkpoint(1)).unwrap();
            journal.sync().unwrap();
            lose(&folder.path().join(run_folder::EVENTS));
            for error in [journal.sync().unwrap_err(), journal.append(checkpoint(2)).unwrap_err()] {
                assert!(error.source.to_string().contains(word), "{error:?}");
            }
        }
    }

    #[test]
    fn a_number_that_is_not_finite_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path(), Attempt::FIRST).unwrap();
        let metrics = BTreeMap::from([("loss".to_owned(), f64::NAN), ("learning_rate".to_owned(), 0.1)]);
        journal.append(Event::Step { at: Position { epoch: 0, step: 1 }, metrics }).unwrap();
        let found = lines(folder.path()).remove(0).unwrap().event;
        let Event::Step { metrics, .. } = found else { panic!("{found:?}") };
        assert_eq!(metrics, BTreeMap::from([("learning_rate".to_owned(), 0.1)]));
    }
}
