//! What a queue costs by the number of runs in it, and whether a run's own size matters.

use std::{
    collections::BTreeSet,
    process::Command,
    time::{Duration, Instant},
};

use arclab_report::{Cell, Column, Kind, Table};
use arclab_scheduler::{LONGEST_BACKOFF, MemoryRoom, Slots, Waiting, decide};
use arclab_spec::{Attempt, Event, JournalLine, Position, RunId};
use arclab_store::{Due, JournalBatch, JournalEntry, Scope, Store};
use serde::Serialize;

use super::AT_ONCE;
use crate::{
    measured::median,
    output, peer,
    planned::{Planned, begin, finish, now_ms, runtime},
    worker::{NAMES, metric},
};

/// So many in line are looked at in a turn, as the scheduler does.
const WINDOW: u32 = 256;
/// Turns timed.
const TURNS: usize = 21;
/// Runs carried out with all others waiting.
const WORKED: usize = 50;
/// Of one run, in the rows that tell whether a run's size matters.
const POINTS: u64 = 1_000_000;
/// Steps stored at once.
const STEPS: u64 = 10_000;

/// A queue, measured.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    runs: u32,
    /// Metrics stored of another run.
    points: u64,
    plan_microseconds_a_run: f64,
    submit_microseconds_a_run: f64,
    list_microseconds_a_run: f64,
    turn_milliseconds: f64,
    /// Where a command works runs of its own rather than all.
    own_turn_milliseconds: f64,
    job_milliseconds: f64,
}

/// One row for each size, and one more with a large run beside.
pub(super) fn measure(sizes: &[u32]) -> anyhow::Result<Vec<Row>> {
    let middle = sizes[sizes.len() / 2];
    let cases: Vec<(u32, u64)> = sizes.iter().map(|&runs| (runs, 0)).chain([(middle, POINTS)]).collect();
    let (bar, runtime) = (output::progress(cases.len()), runtime()?);
    let mut rows = Vec::with_capacity(cases.len());
    for (runs, points) in cases {
        bar.set_message(format!("{runs} runs"));
        rows.push(runtime.block_on(row(runs, points))?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(rows)
}

async fn row(runs: u32, points: u64) -> anyhow::Result<Row> {
    let mut planned = Planned::empty("sizes").await?;
    if points > 0 {
        planned.plan(1).await?;
        store_points(&planned.store, &planned.runs[0], points).await?;
    }
    // What was written before is on the disk by then, so that nothing measured waits for it.
    peer::run(&mut Command::new("sync"))?;
    let a_run = |since: Duration| since.as_secs_f64() / f64::from(runs) * 1e6;
    let began = Instant::now();
    planned.plan(u64::from(runs) + u64::from(points > 0)).await?;
    let plan_microseconds_a_run = a_run(began.elapsed());
    if points > 0 {
        planned.runs.remove(0);
    }
    let began = Instant::now();
    planned.submit().await?;
    let submit_microseconds_a_run = a_run(began.elapsed());
    let began = Instant::now();
    planned.store.queue().await?;
    let list_microseconds_a_run = a_run(began.elapsed());
    peer::run(&mut Command::new("sync"))?;
    let turn_milliseconds = turn(&planned.store, &Scope::All).await?;
    let own = Scope::These(planned.runs.iter().cloned().collect::<BTreeSet<RunId>>());
    let own_turn_milliseconds = turn(&planned.store, &own).await?;
    let began = Instant::now();
    let worked = planned.runs.len().min(WORKED);
    planned.work(AT_ONCE, worked).await?;
    Ok(Row {
        runs,
        points,
        plan_microseconds_a_run,
        submit_microseconds_a_run,
        list_microseconds_a_run,
        turn_milliseconds,
        own_turn_milliseconds,
        job_milliseconds: began.elapsed().as_secs_f64() / worked as f64 * 1e3,
    })
}

/// A look at the store and the decisions that follow from it, without acting on them.
async fn turn(store: &Store, scope: &Scope) -> anyhow::Result<f64> {
    let slots = Slots {
        jobs: Some(AT_ONCE.get()),
        threads: AT_ONCE.get(),
        memory: MemoryRoom::of(u64::MAX),
        gpus: Err("there is none".to_owned()),
    };
    let mut watch = store.watch().await?;
    let mut times = Vec::with_capacity(TURNS);
    for _ in 0..TURNS {
        let began = Instant::now();
        watch.has_changed().await?;
        store.asked().await?;
        store.hopeless(scope, false).await?;
        let now_ms = now_ms();
        let due = store.due(scope, None, now_ms, LONGEST_BACKOFF.as_millis() as u64, WINDOW).await?;
        let waiting = |Due { run, request, submitted_ms, .. }| Waiting {
            run,
            request,
            waited_ms: now_ms.saturating_sub(submitted_ms),
        };
        let waiting: Vec<Waiting> = due.into_iter().map(waiting).collect();
        std::hint::black_box(decide(&waiting, &[], &slots));
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(times))
}

/// So many metrics of a run at work.
async fn store_points(store: &Store, run: &RunId, points: u64) -> anyhow::Result<()> {
    begin(store, run).await?;
    let (attempt, at_ms) = (Attempt::FIRST, now_ms());
    let steps = points / NAMES;
    for (index, from) in (0..steps).step_by(STEPS as usize).enumerate() {
        let entry = |step| {
            let metrics = (0..NAMES).map(|name| (metric(name), 1.0 / (step + 1) as f64)).collect();
            let event = Event::Step { at: Position { epoch: 0, step }, metrics };
            JournalEntry { line: JournalLine { version: 1, attempt, at_ms, event }, evaluated: None }
        };
        let entries = (from..steps.min(from + STEPS)).map(entry).collect();
        let (from, to) = (index as u64, index as u64 + 1);
        store.apply_journal(run, &JournalBatch { from, to, entries, skipped: 0 }).await?;
    }
    finish(store, run).await
}

pub(super) fn table(rows: &[Row]) -> Table {
    let number = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let columns = vec![
        number("runs", "Runs in the queue"),
        number("points", "Metrics stored"),
        number("plan_microseconds_a_run", "µs to plan a run"),
        number("submit_microseconds_a_run", "to submit it"),
        number("list_microseconds_a_run", "to list it"),
        number("turn_milliseconds", "ms a turn"),
        number("own_turn_milliseconds", "of a command's own runs"),
        number("job_milliseconds", "ms a job"),
    ];
    let mut table = Table::new("queue", "Costs by the length of the queue", columns);
    for row in rows {
        let number = |value: f64, decimals: usize| Cell::Number { value, decimals };
        table.push(vec![
            Cell::Count(row.runs.into()),
            Cell::Count(row.points),
            number(row.plan_microseconds_a_run, 0),
            number(row.submit_microseconds_a_run, 0),
            number(row.list_microseconds_a_run, 0),
            number(row.turn_milliseconds, 2),
            number(row.own_turn_milliseconds, 2),
            number(row.job_milliseconds, 1),
        ]);
    }
    table
}
