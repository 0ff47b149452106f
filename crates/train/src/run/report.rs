//! Where a worker says what happens.

use std::sync::Arc;

use arclab_spec::{Event, Position};

use super::{
    heartbeat::{Progress, Pulse},
    journal::{Journal, JournalError},
};

/// The journal, with a pulse while there is nothing to say.
#[derive(Debug)]
pub(crate) struct Reporter {
    journal: Arc<Journal>,
    progress: Arc<Progress>,
    _pulse: Pulse,
}

impl Reporter {
    /// Begins the pulse, which ends with the reporter.
    pub(super) fn start(journal: Arc<Journal>) -> Self {
        let progress = Arc::new(Progress::default());
        let pulse = Pulse::start(Arc::clone(&journal), Arc::clone(&progress));
        Self { journal, progress, _pulse: pulse }
    }

    /// Appends an event.
    pub(crate) fn event(&self, event: Event) -> Result<(), JournalError> {
        self.journal.append(event)
    }

    /// Waits until all events are on the disk.
    pub(crate) fn sync(&self) -> Result<(), JournalError> {
        self.journal.sync()
    }

    /// Says where training is, for heartbeats.
    pub(crate) fn at(&self, at: Position) {
        self.progress.set(at);
    }

    /// Where training is.
    pub(crate) fn position(&self) -> Position {
        self.progress.get()
    }
}
