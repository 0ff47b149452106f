//! Storing what workers report: a batch of journal lines and the offset it reaches, in one transaction, so that
//! nothing is lost or counted twice whichever process dies.
//!
//! A report never moves a run: the scheduler does so once the worker is gone, by [`Store::settle`].

use std::collections::{BTreeMap, HashMap};

use arclab_spec::{
    Attempt, Event, FailureKind, Fingerprint, JournalLine, Position, ProtocolName, RunId, Started, Usage,
};
use sqlx::{Row, SqliteConnection};

use crate::{
    Store, StoreError, attempts,
    error::{Doing, json},
    records::{MetricScope, PairListRecord},
    rows,
};

/// A part of a run's journal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JournalBatch {
    /// Where the part begins: what was stored before, in bytes.
    pub from: u64,
    /// Where it ends.
    pub to: u64,
    /// Its lines.
    pub entries: Vec<JournalEntry>,
    /// Lines in it that could not be read.
    pub skipped: u32,
}

/// A line of the journal, with the files that it names.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalEntry {
    /// The line.
    pub line: JournalLine,
    /// What an `Evaluated` line refers to; such a line without it is not stored.
    pub evaluated: Option<EvaluatedFiles>,
}

/// What an `Evaluated` line refers to.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluatedFiles {
    /// The pairs; needed where the store has not got them.
    pub pairs: Option<PairListRecord>,
    /// One similarity a pair.
    pub scores: Vec<f32>,
}

impl Store {
    /// Stores a part of a run's journal. What an attempt that is no longer the current one reports is stored too,
    /// but for its end.
    pub async fn apply_journal(&self, run: &RunId, batch: &JournalBatch) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let row = attempts::load(&mut write, run).await?;
        let stored = rows::get_u64(&row, "journal_offset")?;
        if stored != batch.from {
            return Err(StoreError::JournalMoved { run: run.clone(), stored, from: batch.from });
        }
        let mut sink = Sink { run: rows::get(&row, "id")?, write: &mut write, names: HashMap::new() };
        for entry in &batch.entries {
            sink.entry(entry).await?;
        }
        let sql = "UPDATE runs SET journal_offset = ?, skipped_lines = skipped_lines + ? WHERE id = ?";
        let query = sqlx::query(sql).bind(batch.to as i64).bind(batch.skipped).bind(sink.run);
        query.execute(&mut *write).await.doing("record the journal's offset")?;
        write.commit().await.doing("store the journal")
    }
}

/// Where the lines of one batch go.
struct Sink<'a> {
    run: i64,
    write: &'a mut SqliteConnection,
    names: HashMap<String, i64>,
}

impl Sink<'_> {
    async fn entry(&mut self, entry: &JournalEntry) -> Result<(), StoreError> {
        let JournalLine { attempt, at_ms, event, .. } = &entry.line;
        match event {
            Event::Started(started) => self.started(*attempt, *at_ms, started).await,
            Event::Step { at, metrics } => {
                self.metrics(MetricScope::Step, *at, metrics).await?;
                self.position(*attempt, *at).await
            }
            Event::Epoch { at, metrics } => {
                self.metrics(MetricScope::Epoch, *at, metrics).await?;
                self.position(*attempt, *at).await
            }
            Event::Checkpoint { at } => self.position(*attempt, *at).await,
            Event::Heartbeat(beat) => self.position(*attempt, beat.at).await,
            Event::Evaluated { .. } => self.evaluated(entry).await,
            Event::Interrupted { at } => {
                self.position(*attempt, *at).await?;
                self.reported(*attempt, "interrupted", None).await
            }
            Event::Finished { used } => self.finished(*attempt, used).await,
            Event::Failed { kind, message, at, out_of_memory } => {
                if let Some(at) = at {
                    self.position(*attempt, *at).await?;
                }
                self.out_of_memory(*attempt, *out_of_memory).await?;
                self.reported(*attempt, "failed", Some((*kind, message))).await
            }
        }
    }

    async fn started(&mut self, attempt: Attempt, at_ms: u64, started: &Started) -> Result<(), StoreError> {
        let sql = "UPDATE attempts SET pid = ?, host = ?, device = ?, threads = ?, worker_version = ?, \
                   kernels = ?, started_ms = ?, from_epoch = ?, from_step = ?, epochs = ?, steps = ?, reported = NULL \
                   WHERE run = ? AND number = ?";
        let query = sqlx::query(sql)
            .bind(started.pid)
            .bind(&started.host)
            .bind(&started.device)
            .bind(started.threads)
            .bind(&started.version)
            .bind(&started.kernels)
            .bind(at_ms as i64)
            .bind(started.from.epoch)
            .bind(started.from.step as i64)
            .bind(started.epochs)
            .bind(started.steps as i64)
            .bind(self.run)
            .bind(attempt.0.get());
        query.execute(&mut *self.write).await.doing("store the worker's start")?;
        Ok(())
    }

    async fn position(&mut self, attempt: Attempt, at: Position) -> Result<(), StoreError> {
        let sql = "UPDATE attempts SET at_epoch = ?, at_step = ? WHERE run = ? AND number = ?";
        let query = sqlx::query(sql).bind(at.epoch).bind(at.step as i64).bind(self.run).bind(attempt.0.get());
        query.execute(&mut *self.write).await.doing("store the position")?;
        Ok(())
    }

    /// A step that is done again after a resume replaces what it said before.
    async fn metrics(
        &mut self,
        scope: MetricScope,
        at: Position,
        metrics: &BTreeMap<String, f64>,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO metrics (run, name, scope, step, epoch, value) VALUES (?, ?, ?, ?, ?, ?) \
                   ON CONFLICT DO UPDATE SET epoch = excluded.epoch, value = excluded.value";
        for (name, &value) in metrics.iter().filter(|(_, value)| value.is_finite()) {
            let name = self.metric_name(name).await?;
            let query = sqlx::query(sql)
                .bind(self.run)
                .bind(name)
                .bind(scope as u8)
                .bind(at.step as i64)
                .bind(at.epoch)
                .bind(value);
            query.execute(&mut *self.write).await.doing("store a metric")?;
        }
        Ok(())
    }

    async fn metric_name(&mut self, name: &str) -> Result<i64, StoreError> {
        if let Some(&id) = self.names.get(name) {
            return Ok(id);
        }
        // The update changes nothing; without one a known name would return no row.
        let sql =
            "INSERT INTO metric_names (name) VALUES (?) ON CONFLICT DO UPDATE SET name = name RETURNING id";
        let row = sqlx::query(sql).bind(name).fetch_one(&mut *self.write).await.doing("name a metric")?;
        let id = row.try_get(0).doing("name a metric")?;
        self.names.insert(name.to_owned(), id);
        Ok(id)
    }

    async fn finished(&mut self, attempt: Attempt, used: &Usage) -> Result<(), StoreError> {
        let sql = "UPDATE attempts SET wall_seconds = ?, cpu_seconds = ?, peak_memory_bytes = ?, \
                   peak_gpu_memory_bytes = ? WHERE run = ? AND number = ?";
        let query = sqlx::query(sql)
            .bind(used.wall_seconds)
            .bind(used.cpu_seconds)
            .bind(used.peak_memory_bytes as i64)
            .bind(used.peak_gpu_memory_bytes.map(|bytes| bytes as i64))
            .bind(self.run)
            .bind(attempt.0.get());
        query.execute(&mut *self.write).await.doing("store the usage")?;
        self.reported(attempt, "finished", None).await
    }

    /// An attempt that was settled, or that was never launched from here, has nothing to report about its end.
    async fn out_of_memory(&mut self, attempt: Attempt, did: bool) -> Result<(), StoreError> {
        let sql = "UPDATE attempts SET out_of_memory = ? WHERE run = ? AND number = ? AND ended_ms IS NULL";
        let query = sqlx::query(sql).bind(did).bind(self.run).bind(attempt.0.get());
        query.execute(&mut *self.write).await.doing("store that memory ran out")?;
        Ok(())
    }

    async fn reported(
        &mut self,
        attempt: Attempt,
        word: &str,
        failure: Option<(FailureKind, &String)>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE attempts SET reported = ?, failure_kind = ?, failure_message = ? \
                   WHERE run = ? AND number = ? AND ended_ms IS NULL";
        let query = sqlx::query(sql)
            .bind(word)
            .bind(failure.map(|(kind, _)| rows::kind_word(kind)))
            .bind(failure.map(|(_, message)| message))
            .bind(self.run)
            .bind(attempt.0.get());
        query.execute(&mut *self.write).await.doing("store the worker's end")?;
        Ok(())
    }

    async fn evaluated(&mut self, entry: &JournalEntry) -> Result<(), StoreError> {
        let Some(files) = &entry.evaluated else { return Ok(()) };
        let Event::Evaluated { protocol, pair_list, .. } = &entry.line.event else { return Ok(()) };
        if let Some(pairs) = &files.pairs {
            self.pairs(pairs).await?;
        }
        let list = self.pair_list(pair_list).await?;
        self.evaluation(protocol, list, &entry.line).await?;
        let bytes: Vec<u8> = files.scores.iter().flat_map(|score| score.to_le_bytes()).collect();
        let sql = "INSERT INTO scores (run, pair_list, scores) VALUES (?, ?, ?) \
                   ON CONFLICT DO UPDATE SET scores = excluded.scores";
        let query = sqlx::query(sql).bind(self.run).bind(list).bind(bytes);
        query.execute(&mut *self.write).await.doing("store the scores")?;
        Ok(())
    }

    async fn pair_list(&mut self, fingerprint: &Fingerprint) -> Result<i64, StoreError> {
        let query = sqlx::query("SELECT id FROM pair_lists WHERE fingerprint = ?").bind(fingerprint.as_str());
        let row = query.fetch_one(&mut *self.write).await.doing("find the evaluation's pair list")?;
        row.try_get(0).doing("find the evaluation's pair list")
    }

    /// Stores a list that is not there yet.
    async fn pairs(&mut self, list: &PairListRecord) -> Result<(), StoreError> {
        let same = list.pairs.iter().filter(|pair| pair.same).count();
        let sql = "INSERT INTO pair_lists (fingerprint, name, same_count, different_count) \
                   VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id";
        let query = sqlx::query(sql)
            .bind(list.fingerprint.as_str())
            .bind(list.name.as_str())
            .bind(same as i64)
            .bind((list.pairs.len() - same) as i64);
        let Some(row) = query.fetch_optional(&mut *self.write).await.doing("store a pair list")? else {
            return Ok(());
        };
        let id: i64 = row.try_get(0).doing("store a pair list")?;
        let sql = "INSERT INTO pairs (list, position, a, b, same, fold) VALUES (?, ?, ?, ?, ?, ?)";
        for (position, pair) in list.pairs.iter().enumerate() {
            let query = sqlx::query(sql).bind(id).bind(position as i64);
            let query = query.bind(&pair.a).bind(&pair.b).bind(pair.same).bind(pair.fold);
            query.execute(&mut *self.write).await.doing("store a pair")?;
        }
        Ok(())
    }

    async fn evaluation(
        &mut self,
        protocol: &ProtocolName,
        list: i64,
        line: &JournalLine,
    ) -> Result<(), StoreError> {
        let Event::Evaluated { evaluation, .. } = &line.event else { return Ok(()) };
        let sql = "INSERT OR REPLACE INTO evaluations (run, protocol, pair_list, attempt, evaluation, threshold, \
                   accuracy, true_positives, false_positives, true_negatives, false_negatives, auc, \
                   best_accuracy, evaluated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let counts = evaluation.confusion;
        let query = sqlx::query(sql)
            .bind(self.run)
            .bind(protocol.as_str())
            .bind(list)
            .bind(line.attempt.0.get())
            .bind(json("an evaluation", evaluation)?)
            .bind(evaluation.mean_threshold())
            .bind(evaluation.accuracy)
            .bind(counts.true_positives as i64)
            .bind(counts.false_positives as i64)
            .bind(counts.true_negatives as i64)
            .bind(counts.false_negatives as i64)
            .bind(evaluation.auc)
            .bind(evaluation.best_accuracy)
            .bind(line.at_ms as i64);
        query.execute(&mut *self.write).await.doing("store an evaluation")?;
        Ok(())
    }
}
