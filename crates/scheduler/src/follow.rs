//! Bringing a run's journal into the database, and telling who waits what it says.

use std::{
    fs,
    path::{Path, PathBuf},
};

use arclab_spec::{Attempt, Event, JournalLine, Position, RunId, run_folder};
use arclab_store::{EvaluatedFiles, JournalBatch, JournalEntry, Store, records::AttemptRecord};

use crate::{
    Progress, SchedulerError,
    error::chain,
    pairs::{self, FileError},
    tail,
};

/// Where a run's journal has been read to.
#[derive(Debug)]
pub(crate) struct Follower {
    run: RunId,
    folder: PathBuf,
    offset: u64,
    attempt: Attempt,
    epochs: u32,
    steps: u64,
}

impl Follower {
    /// Follows the journal from byte `offset`; reports of `attempt` become progress.
    pub(crate) fn new(store: &Store, run: &RunId, offset: u64, attempt: Attempt) -> Self {
        let folder = store.run_folder(run);
        Self { run: run.clone(), folder, offset, attempt, epochs: 0, steps: 0 }
    }

    /// What an earlier scheduler read of the attempt's start.
    pub(crate) fn remember(&mut self, record: &AttemptRecord) {
        if let Some(worker) = &record.worker {
            (self.epochs, self.steps) = (worker.epochs, worker.steps);
        }
    }

    /// Where the journal was read to.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stores all whole lines that are there. What they say to a person comes back, in order.
    pub(crate) async fn drain(&mut self, store: &Store) -> Result<Vec<Progress>, SchedulerError> {
        let file = self.folder.join(run_folder::EVENTS);
        let mut said = Vec::new();
        loop {
            let part = tail::next(&file, self.offset);
            let part = part.map_err(|source| SchedulerError::Journal { file: file.clone(), source })?;
            let Some(part) = part else { return Ok(said) };
            let batch = self.batch(store, part).await?;
            store.apply_journal(&self.run, &batch).await.map_err(SchedulerError::Store)?;
            self.offset = batch.to;
            said.extend(batch.entries.into_iter().filter_map(|entry| self.tell(entry.line)));
        }
    }

    /// Before a new attempt: a journal that is gone, or shorter than what was stored, is begun anew, as somebody has
    /// removed the folder. Later it may have grown past where it was left.
    pub(crate) async fn rewind_if_lost(&mut self, store: &Store) -> Result<(), SchedulerError> {
        let length = fs::metadata(self.folder.join(run_folder::EVENTS)).map_or(0, |file| file.len());
        if length < self.offset {
            let batch = JournalBatch { from: self.offset, to: 0, ..JournalBatch::default() };
            store.apply_journal(&self.run, &batch).await.map_err(SchedulerError::Store)?;
            self.offset = 0;
        }
        Ok(())
    }

    async fn batch(&self, store: &Store, part: tail::Part) -> Result<JournalBatch, SchedulerError> {
        let mut batch = JournalBatch { from: self.offset, to: part.to, ..JournalBatch::default() };
        for why in part.bad {
            tracing::warn!(run = %self.run, why, "skipped a line of the journal");
            batch.skipped += 1;
        }
        for line in part.lines {
            let known = if let Event::Evaluated { pair_list, .. } = &line.event {
                store.has_pair_list(pair_list).await.map_err(SchedulerError::Store)?
            } else {
                true
            };
            match evaluated(&self.folder, &store.cache(), &line, known) {
                Ok(evaluated) => batch.entries.push(JournalEntry { line, evaluated }),
                Err(error) => {
                    tracing::warn!(run = %self.run, why = chain(&error), "skipped a result");
                    batch.skipped += 1;
                }
            }
        }
        Ok(batch)
    }

    /// What a person is told of a line; nothing of an earlier attempt's.
    fn tell(&mut self, line: JournalLine) -> Option<Progress> {
        if line.attempt != self.attempt {
            return None;
        }
        let run = self.run.clone();
        match line.event {
            Event::Started(started) => {
                (self.epochs, self.steps) = (started.epochs, started.steps);
                Some(Progress::Started {
                    run,
                    attempt: line.attempt,
                    adopted: false,
                    device: started.device,
                    threads: started.threads,
                    at: started.from,
                    epochs: started.epochs,
                    steps: started.steps,
                })
            }
            Event::Step { at, metrics } | Event::Epoch { at, metrics } => {
                let number = |name| metrics.get(name).copied();
                Some(self.position(at, number("loss"), number("images_per_second")))
            }
            Event::Heartbeat(beat) => Some(self.position(beat.at, None, None)),
            Event::Evaluated { protocol, evaluation, .. } => {
                Some(Progress::Evaluated { run, protocol, evaluation })
            }
            // These are told when the worker is gone and it is settled what they come to.
            Event::Checkpoint { .. }
            | Event::Interrupted { .. }
            | Event::Finished { .. }
            | Event::Failed { .. } => None,
        }
    }

    fn position(&self, at: Position, loss: Option<f64>, images_per_second: Option<f64>) -> Progress {
        let (run, epochs, steps) = (self.run.clone(), self.epochs, self.steps);
        Progress::Position { run, at, epochs, steps, loss, images_per_second }
    }
}

/// The files that a line refers to, if it does.
fn evaluated(
    folder: &Path,
    cache: &Path,
    line: &JournalLine,
    known: bool,
) -> Result<Option<EvaluatedFiles>, FileError> {
    let Event::Evaluated { protocol, pair_list, evaluation, scores } = &line.event else { return Ok(None) };
    let scores = pairs::read_scores(folder, scores, evaluation.confusion.pairs())?;
    let pairs = if known { None } else { Some(pairs::read_pairs(cache, pair_list, protocol)?) };
    Ok(Some(EvaluatedFiles { pairs, scores }))
}
