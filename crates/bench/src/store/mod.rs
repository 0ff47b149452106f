//! `arclab-bench store`: what workers report, from their journals into the database, beside `MLflow`'s `SQLite` store.

mod best;
mod mlflow;
mod write;

use std::path::PathBuf;

use arclab_report::{Cell, Column, Format, Kind, Table};
use clap::{Args, value_parser};
use serde::Serialize;

use self::mlflow::Mlflow;
use crate::{measured, output, planned::runtime, turns::Middle};

/// Who writes at once.
const WRITERS: [u32; 2] = [1, 8];
/// Metrics that a worker writes in one go, and a client of `MLflow` in one call.
const AT_ONCE: [u64; 3] = [1, 10, 1000];

/// `arclab-bench store`.
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    /// Metrics that arclab stores in a measurement, and both for the size of the database.
    #[arg(long, default_value_t = 200_000, value_parser = value_parser!(u64).range(8..))]
    points: u64,
    /// Seconds of a measurement of `MLflow`.
    #[arg(long, default_value_t = 3.0, value_parser = measured::seconds)]
    seconds: f64,
    /// Measurements of each side, in turn.
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u32).range(1..))]
    repeats: u32,
    /// Runs, of which the 50 best are looked for.
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u32).range(1..))]
    runs: u32,
    /// Python with `MLflow`; by default an environment under `target/`, made at the first use.
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    /// Rows as JSON.
    #[arg(long)]
    json: bool,
}

/// One task, measured on both sides.
#[derive(Debug, Serialize)]
struct Row {
    task: String,
    unit: &'static str,
    arclab: Middle,
    mlflow: Middle,
    /// How many times as fast as `MLflow`, or as small.
    ratio: Middle,
}

impl Row {
    /// Where more is better.
    fn more(task: String, unit: &'static str, ours: &[f64], theirs: &[f64]) -> Self {
        let ratio = Middle::ratio(ours, theirs);
        Self::new(task, unit, (ours, theirs), ratio)
    }

    /// Where less is better.
    fn less(task: String, unit: &'static str, ours: &[f64], theirs: &[f64]) -> Self {
        let ratio = Middle::ratio(theirs, ours);
        Self::new(task, unit, (ours, theirs), ratio)
    }

    fn new(task: String, unit: &'static str, (ours, theirs): (&[f64], &[f64]), ratio: Middle) -> Self {
        let [arclab, mlflow] = [ours, theirs].map(|side| Middle::of(side.iter().copied()));
        Self { task, unit, arclab, mlflow, ratio }
    }
}

/// Measures and prints.
pub(crate) fn execute(arguments: &StoreArgs) -> anyhow::Result<()> {
    let mlflow = Mlflow::find(arguments.python.as_deref())?;
    let runtime = runtime()?;
    let bar = output::progress(WRITERS.len() * AT_ONCE.len() * arguments.repeats as usize + 2);
    let mut rows = Vec::new();
    for writers in WRITERS {
        for at_once in AT_ONCE {
            bar.set_message(format!("{writers} writing {at_once} at once"));
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..arguments.repeats {
                ours.push(runtime.block_on(write::per_second(writers, at_once, arguments.points))?);
                theirs.push(mlflow.per_second(writers, at_once, arguments.seconds)?);
                bar.inc(1);
            }
            let by = if writers == 1 { "1 worker".to_owned() } else { format!("{writers} workers") };
            rows.push(Row::more(format!("{by}, {at_once} at once"), "metrics/s", &ours, &theirs));
        }
    }
    bar.set_message("size");
    let size = runtime.block_on(write::size(arguments.points))?;
    let millions = arguments.points as f64 / 1e6;
    let [database, journal] =
        [size.database_bytes, size.journal_bytes].map(|bytes| bytes as f64 / 1e6 / millions);
    let theirs = [mlflow.size(arguments.points)? as f64 / 1e6 / millions];
    rows.push(Row::less("database".to_owned(), "MB a million", &[database], &theirs));
    rows.push(Row::less("database and journals".to_owned(), "MB a million", &[database + journal], &theirs));
    bar.inc(1);
    bar.set_message("best");
    rows.extend(best::rows(&runtime, &mlflow, arguments.runs, arguments.repeats)?);
    bar.finish_and_clear();
    output::print(&if arguments.json {
        serde_json::to_string_pretty(&rows)?
    } else {
        table(&rows).render(Format::Markdown)
    })
}

fn table(rows: &[Row]) -> Table {
    let text = |key: &str, title: &str| Column::new(key, title, Kind::Text);
    let columns = vec![
        text("task", "Task"),
        text("unit", "Unit"),
        text("arclab", "arclab"),
        text("mlflow", "MLflow"),
        text("ratio", "Ratio"),
    ];
    let mut table = Table::new("store", "Storing metrics", columns);
    for row in rows {
        let decimals = if row.mlflow.median < 100.0 { 2 } else { 0 };
        let numbers = [row.arclab, row.mlflow].map(|side| side.shown(decimals));
        let cells = [row.task.clone(), row.unit.to_owned()].into_iter().chain(numbers);
        table.push(cells.chain([row.ratio.shown(1)]).map(Cell::Text).collect());
    }
    table
}
