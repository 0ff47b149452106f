//! `arclab-bench engine`: steps of the engine, and PyTorch's in turn with them.

use std::{collections::BTreeMap, env, path::PathBuf, process::Command};

use arclab_report::{Cell, Column, Format, Kind, Table};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{
    case::{CaseArgs, Model, Task},
    measured::{self, Measured, median},
    output,
    peer::{self, PyTorch},
};

/// `arclab-bench engine`.
#[derive(Debug, Args)]
pub(crate) struct EngineArgs {
    /// Measure PyTorch in turn with arclab, and tell the ratio.
    #[arg(long)]
    beside_pytorch: bool,
    /// Python that has PyTorch; without it, PyTorch is installed from `PyPI` under `target/`.
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// Backbones.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["small", "mobilefacenet", "iresnet18"])]
    models: Vec<Model>,
    /// Tasks.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["train", "embed"])]
    tasks: Vec<Task>,
    /// Images a step.
    #[arg(long, value_delimiter = ',', default_values_t = [16, 64])]
    batch: Vec<usize>,
    /// CPU threads; all cores by default.
    #[arg(long)]
    threads: Option<usize>,
    /// Measurements of each side.
    #[arg(long, default_value_t = 5)]
    pairs: usize,
    /// Seconds a measurement, after its warm-up.
    #[arg(long, default_value_t = 2.0, value_parser = measured::seconds)]
    seconds: f64,
    /// Rows as JSON.
    #[arg(long)]
    json: bool,
    /// Also tell where the time of each case goes.
    #[arg(long)]
    operators: bool,
}

/// One case, measured.
#[derive(Debug, Serialize)]
struct Row {
    model: &'static str,
    task: &'static str,
    batch: usize,
    image_size: usize,
    threads: usize,
    images_per_second: f64,
    peak_bytes: f64,
    /// Median seconds a step by operator.
    operators: BTreeMap<String, f64>,
    #[serde(flatten)]
    beside: Option<Beside>,
}

/// The peer's side of a case.
#[derive(Debug, Serialize)]
struct Beside {
    peer_images_per_second: f64,
    peer_peak_bytes: f64,
    peer_setting: String,
    /// How many times as fast as the peer: the ratio of the medians, and the range over the pairs.
    ratio: f64,
    ratio_low: f64,
    ratio_high: f64,
    /// Peak memory of the whole process over the peer's, and that of network and steps alone.
    memory_ratio: f64,
    step_memory_ratio: f64,
}

/// Measures all cases and prints them.
pub(crate) fn execute(arguments: &EngineArgs) -> anyhow::Result<()> {
    let peer =
        if arguments.beside_pytorch { Some(PyTorch::find(arguments.python.as_deref())?) } else { None };
    let cases = cases(arguments);
    let bar = ProgressBar::new((cases.len() * arguments.pairs) as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {eta}") {
        bar.set_style(style);
    }
    let mut rows = Vec::with_capacity(cases.len());
    for case in &cases {
        bar.set_message(format!("{} {} {}", case.model.name(), case.task.name(), case.batch));
        rows.push(row(case, peer.as_ref(), arguments.pairs, &bar)?);
    }
    bar.finish_and_clear();
    if arguments.json {
        return output::print(&serde_json::to_string_pretty(&rows)?);
    }
    output::print(&table(&rows).render(Format::Markdown))?;
    for row in rows.iter().filter(|_| arguments.operators) {
        output::print(&operators(row).render(Format::Markdown))?;
    }
    Ok(())
}

fn cases(arguments: &EngineArgs) -> Vec<CaseArgs> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let threads = arguments.threads.unwrap_or(cores);
    let mut cases = Vec::new();
    for &task in &arguments.tasks {
        for &model in &arguments.models {
            for &batch in &arguments.batch {
                cases.push(CaseArgs { model, task, batch, threads, seconds: arguments.seconds });
            }
        }
    }
    cases
}

/// Measures both sides in turn, so that what disturbs the machine disturbs both.
fn row(case: &CaseArgs, peer: Option<&PyTorch>, pairs: usize, bar: &ProgressBar) -> anyhow::Result<Row> {
    let peer = match peer {
        Some(peer) => Some((peer, peer.best(case)?)),
        None => None,
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..pairs.max(1) {
        ours.push(measure(case)?);
        if let Some((peer, setting)) = peer {
            theirs.push(peer.measure(case, setting)?);
        }
        bar.inc(1);
    }
    let speed = |sides: &[Measured]| case.batch as f64 / median(sides.iter().map(|side| side.median_seconds));
    let memory = |sides: &[Measured]| median(sides.iter().map(|side| side.peak_bytes as f64));
    let step_memory = |sides: &[Measured]| median(sides.iter().map(Measured::step_bytes));
    let beside = peer.map(|(_, setting)| {
        let ratios =
            ours.iter().zip(&theirs).map(|(ours, theirs)| theirs.median_seconds / ours.median_seconds);
        Beside {
            peer_images_per_second: speed(&theirs),
            peer_peak_bytes: memory(&theirs),
            peer_setting: setting.to_string(),
            ratio: speed(&ours) / speed(&theirs),
            ratio_low: ratios.clone().fold(f64::INFINITY, f64::min),
            ratio_high: ratios.fold(0.0, f64::max),
            memory_ratio: memory(&ours) / memory(&theirs),
            step_memory_ratio: step_memory(&ours) / step_memory(&theirs),
        }
    });
    Ok(Row {
        model: case.model.name(),
        task: case.task.name(),
        batch: case.batch,
        image_size: case.model.size(),
        threads: case.threads,
        images_per_second: speed(&ours),
        peak_bytes: memory(&ours),
        operators: by_operator(&ours),
        beside,
    })
}

fn measure(case: &CaseArgs) -> anyhow::Result<Measured> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["case", "--model", case.model.name(), "--task", case.task.name()]);
    command.args(["--batch", &case.batch.to_string(), "--threads", &case.threads.to_string()]);
    peer::measured(command.args(["--seconds", &case.seconds.to_string()]))
}

fn by_operator(sides: &[Measured]) -> BTreeMap<String, f64> {
    let names = sides.iter().flat_map(|side| side.operators.keys());
    let time = |name: &String| median(sides.iter().filter_map(|side| side.operators.get(name).copied()));
    names.map(|name| (name.clone(), time(name))).collect()
}

fn table(rows: &[Row]) -> Table {
    let number = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let text = |key: &str, title: &str| Column::new(key, title, Kind::Text);
    let columns = vec![
        text("task", "Task"),
        text("model", "Model"),
        number("batch", "Batch"),
        number("images_per_second", "Images/s"),
        number("peak_mib", "Peak MiB"),
        number("peer", "PyTorch images/s"),
        number("peer_mib", "PyTorch peak MiB"),
        text("setting", "PyTorch setting"),
        number("ratio", "Speed ratio"),
        text("range", "Range"),
        number("memory", "Memory ratio"),
        number("step_memory", "of the step alone"),
    ];
    let mut table = Table::new("engine", "Engine", columns);
    for row in rows {
        table.push(cells(row));
    }
    table
}

fn cells(row: &Row) -> Vec<Cell> {
    let number = |value: f64, decimals: usize| Cell::Number { value, decimals };
    let mebibytes = |bytes: f64| number(bytes / f64::from(1 << 20), 0);
    let mut cells = vec![
        Cell::text(row.task),
        Cell::text(row.model),
        Cell::Count(row.batch as u64),
        number(row.images_per_second, 1),
        mebibytes(row.peak_bytes),
    ];
    match &row.beside {
        Some(beside) => cells.extend([
            number(beside.peer_images_per_second, 1),
            mebibytes(beside.peer_peak_bytes),
            Cell::text(beside.peer_setting.as_str()),
            number(beside.ratio, 2),
            Cell::text(format!("{:.2} to {:.2}", beside.ratio_low, beside.ratio_high)),
            number(beside.memory_ratio, 2),
            number(beside.step_memory_ratio, 2),
        ]),
        None => cells.extend(std::iter::repeat_n(Cell::Empty, 7)),
    }
    cells
}

/// Where a case's time goes, the most first.
fn operators(row: &Row) -> Table {
    let step = row.batch as f64 / row.images_per_second;
    let columns = vec![
        Column::new("operator", "Operator", Kind::Text),
        Column::new("milliseconds", "ms a step", Kind::Number),
        Column::new("share", "Share, %", Kind::Number),
    ];
    let caption = format!("{} {}, batch {}", row.model, row.task, row.batch);
    let mut table = Table::new("operators", caption, columns);
    let mut times: Vec<(&str, f64)> =
        row.operators.iter().map(|(name, time)| (name.as_str(), *time)).collect();
    let counted: f64 = times.iter().map(|(_, time)| time).sum();
    times.push(("all else", (step - counted).max(0.0)));
    times.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (name, time) in times {
        let (time, share) = (time * 1e3, 100.0 * time / step);
        let number = |value| Cell::Number { value, decimals: 1 };
        table.push(vec![Cell::text(name), number(time), number(share)]);
    }
    table
}
