//! `arclab-bench queue`: what it costs to have a job that does nothing carried out, beside other programs that run jobs; and what
//! a long queue costs.

mod peer;
mod size;

use std::{num::NonZeroU32, path::PathBuf, process::Command, time::Instant};

use arclab_report::{Cell, Column, Format, Kind, Table};
use clap::{Args, value_parser};
use serde::Serialize;

use self::peer::{Peer, Prepared};
use crate::{
    output,
    planned::{Folder, Planned, runtime},
    turns::Middle,
};

/// Jobs at once, on every side.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(2).unwrap();

/// `arclab-bench queue`.
#[derive(Debug, Args)]
pub(crate) struct QueueArgs {
    /// Jobs a measurement.
    #[arg(long, default_value_t = 200, value_parser = value_parser!(u32).range(1..))]
    jobs: u32,
    /// Measurements of each side, in turn.
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u32).range(1..))]
    repeats: u32,
    /// Python with `HyperQueue`; by default an environment under `target/`, made at the first use.
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    /// Rather than this, tell what queues of so many runs cost.
    #[arg(
        long,
        value_name = "RUNS",
        value_delimiter = ',',
        value_parser = value_parser!(u32).range(1..),
        conflicts_with_all = ["jobs", "repeats", "python"]
    )]
    sizes: Vec<u32>,
    /// Rows as JSON.
    #[arg(long)]
    json: bool,
}

/// A program that carries jobs out, measured.
#[derive(Debug, Serialize)]
struct Row {
    program: &'static str,
    /// What is carried out.
    job: &'static str,
    /// What it does for each beside starting it.
    keeps: &'static str,
    milliseconds: Middle,
    /// How many times as long as arclab it takes.
    ratio: Middle,
}

/// Who carries jobs out, and seconds of its turns.
type Side = (&'static str, &'static str, &'static str, Vec<f64>);

/// Measures and prints.
pub(crate) fn execute(arguments: &QueueArgs) -> anyhow::Result<()> {
    if !arguments.sizes.is_empty() {
        let rows = size::measure(&arguments.sizes)?;
        return print(arguments.json, &rows, &size::table(&rows));
    }
    let (peers, absent) = Peer::at_hand(arguments.python.as_deref());
    let rows = measure(arguments, &peers)?;
    print(arguments.json, &rows, &table(&rows, absent))
}

fn print(json: bool, rows: &[impl Serialize], table: &Table) -> anyhow::Result<()> {
    output::print(&if json { serde_json::to_string_pretty(rows)? } else { table.render(Format::Markdown) })
}

fn measure(arguments: &QueueArgs, peers: &[Prepared]) -> anyhow::Result<Vec<Row>> {
    let QueueArgs { jobs, repeats, .. } = *arguments;
    let mut sides: Vec<Side> = vec![
        ("arclab", "its worker", "journal, numbers, scores and an attempt's record", Vec::new()),
        ("xargs", "the same worker", "the worker's own files", Vec::new()),
    ];
    sides.extend(peers.iter().map(|one| (one.peer.name(), "true", one.peer.keeps(), Vec::new())));
    let bar = output::progress(sides.len() * repeats as usize);
    let runtime = runtime()?;
    for _ in 0..repeats {
        let (planned, seconds) = runtime.block_on(ours(jobs))?;
        let alone = worker_alone(&planned)?;
        let mut turn = vec![seconds, alone];
        for one in peers {
            bar.set_message(one.peer.name());
            let folder = Folder::new("peer")?;
            turn.push(one.seconds(jobs, folder.path())?);
            bar.inc(1);
        }
        sides.iter_mut().zip(turn).for_each(|(side, seconds)| side.3.push(seconds));
        bar.inc(2);
    }
    bar.finish_and_clear();
    let ours = sides[0].3.clone();
    let row = |(program, job, keeps, seconds): Side| Row {
        program,
        job,
        keeps,
        milliseconds: Middle::of(seconds.iter().map(|seconds| seconds / f64::from(jobs) * 1e3)),
        ratio: Middle::ratio(&seconds, &ours),
    };
    Ok(sides.into_iter().map(row).collect())
}

/// From planning to the end of the last run.
async fn ours(jobs: u32) -> anyhow::Result<(Planned, f64)> {
    let mut planned = Planned::empty("jobs").await?;
    let began = Instant::now();
    planned.plan(jobs.into()).await?;
    planned.submit().await?;
    planned.work(AT_ONCE, planned.runs.len()).await?;
    let seconds = began.elapsed().as_secs_f64();
    Ok((planned, seconds))
}

/// The workers once more in their folders, which they find as the scheduler left them.
fn worker_alone(planned: &Planned) -> anyhow::Result<f64> {
    let folders: Vec<PathBuf> = planned.runs.iter().map(|run| planned.store.run_folder(run)).collect();
    let mut command = Command::new("xargs");
    command.arg(format!("-P{AT_ONCE}")).args(["-n1"]).arg(std::env::current_exe()?).arg("run");
    peer::timed(&mut command, folders.iter().map(|folder| folder.display()))
}

fn table(rows: &[Row], absent: Vec<String>) -> Table {
    let text = |key: &str, title: &str| Column::new(key, title, Kind::Text);
    let columns = vec![
        text("program", "Program"),
        text("job", "A job"),
        text("keeps", "What is kept of it"),
        text("milliseconds", "ms a job"),
        text("ratio", "as many times as arclab takes"),
    ];
    let caption = format!("A job that does nothing, {AT_ONCE} at a time");
    let mut table = Table::new("queue", &caption, columns);
    for row in rows {
        let cells = [row.program, row.job, row.keeps].map(Cell::text).into_iter();
        let numbers = [row.milliseconds.shown(1), row.ratio.shown(2)].map(Cell::text);
        table.push(cells.chain(numbers).collect());
    }
    table.notes.extend(absent);
    table
}
