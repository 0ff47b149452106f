//! The best of many runs.

use std::time::Instant;

use arclab_spec::{Attempt, Event, Fingerprint, JOURNAL_VERSION, JournalLine, ProtocolName, RunId};
use arclab_store::{
    EvaluatedFiles, Filter, JournalBatch, JournalEntry, Sort, Store,
    records::{PairListRecord, PairRecord},
};
use tokio::runtime::Runtime;

use super::{Row, mlflow::Mlflow};
use crate::{
    measured::median,
    planned::{Planned, begin, finish},
    worker,
};

/// So many are shown.
const SHOWN: u32 = 50;

pub(super) fn rows(runtime: &Runtime, mlflow: &Mlflow, runs: u32, repeats: u32) -> anyhow::Result<[Row; 2]> {
    let ours = runtime.block_on(ours(runs, repeats))?;
    let theirs = mlflow.best(runs, repeats)?;
    let row = |what: &str, ours: f64, theirs: f64| {
        let task = format!("{SHOWN} best of {runs} runs{what}");
        Row::less(task, "seconds", &[ours], &[theirs])
    };
    Ok([row(", with a condition", ours[0], theirs.filtered), row("", ours[1], theirs.sorted)])
}

/// Medians with a condition, and without.
async fn ours(runs: u32, repeats: u32) -> anyhow::Result<[f64; 2]> {
    let mut planned = Planned::empty("best").await?;
    planned.plan(runs.into()).await?;
    for (index, run) in planned.runs.iter().enumerate() {
        begin(&planned.store, run).await?;
        evaluate(&planned.store, run, index).await?;
        finish(&planned.store, run).await?;
    }
    let sort: Sort = "-open.accuracy".parse()?;
    let mut medians = [0.0; 2];
    for (median_seconds, condition) in medians.iter_mut().zip(["open.accuracy > 0.5", ""]) {
        let filter = if condition.is_empty() { Filter::default() } else { condition.parse()? };
        let mut times = Vec::new();
        for _ in 0..repeats {
            let began = Instant::now();
            std::hint::black_box(planned.store.history(&filter, &sort, Some(SHOWN)).await?);
            times.push(began.elapsed().as_secs_f64());
        }
        *median_seconds = median(times);
    }
    Ok(medians)
}

/// Stores a result, another one for each run.
async fn evaluate(store: &Store, run: &RunId, index: usize) -> anyhow::Result<()> {
    let (protocol, fingerprint) = (ProtocolName::new("open")?, Fingerprint::of(b"two pairs"));
    let mut evaluation = worker::evaluation();
    evaluation.accuracy = (index * 7919 % 10_007) as f64 / 10_007.0;
    let pair = |b: &str, same| PairRecord { a: "a".to_owned(), b: b.to_owned(), same, fold: None };
    let pairs = vec![pair("b", true), pair("c", false)];
    let list = PairListRecord { fingerprint: fingerprint.clone(), name: protocol.clone(), pairs };
    let event = Event::Evaluated { protocol, pair_list: fingerprint, evaluation, scores: String::new() };
    let line = JournalLine { version: JOURNAL_VERSION, attempt: Attempt::FIRST, at_ms: 1, event };
    let files = EvaluatedFiles { pairs: Some(list), scores: vec![1.0, 0.0] };
    let entries = vec![JournalEntry { line, evaluated: Some(files) }];
    store.apply_journal(run, &JournalBatch { from: 0, to: 1, entries, skipped: 0 }).await?;
    Ok(())
}
