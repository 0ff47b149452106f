//! How long a training step waits for its images, which come from the cache.

use std::{env, process::Command, sync::Arc, time::Instant};

use anyhow::Context as _;
use arclab_nn::Cpu;
use arclab_report::{Cell, Column, Kind, Table};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::{case, files};
use crate::{
    case::{CaseArgs, Model, Task, Work},
    measured::median,
    output, peer,
    place::Place,
};

/// Steps before those that count.
const WARM_UP: usize = 3;

/// One measurement, in a process of its own.
#[derive(Debug, Args)]
pub(crate) struct WaitCaseArgs {
    #[arg(long)]
    model: Model,
    #[arg(long)]
    seconds: f64,
}

/// What a measurement gives, in seconds a step.
#[derive(Debug, Deserialize, Serialize)]
struct Waited {
    step_seconds: f64,
    waited_seconds: f64,
}

/// A network, measured.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    model: &'static str,
    batch: usize,
    step_seconds: f64,
    waited_seconds: f64,
    /// Median, and the range over measurements.
    waited_share: f64,
    share_low: f64,
    share_high: f64,
}

/// Measures the usual network and a large one.
pub(super) fn measure(times: u32, seconds: f64) -> anyhow::Result<Vec<Row>> {
    [Model::Small, Model::IResNet18].into_iter().map(|model| row(model, times, seconds)).collect()
}

fn row(model: Model, times: u32, seconds: f64) -> anyhow::Result<Row> {
    // Rendered before the first measurement, and not in it.
    images(model)?;
    let all = (0..times).map(|_| one(model, seconds)).collect::<anyhow::Result<Vec<Waited>>>()?;
    let share = |one: &Waited| one.waited_seconds / one.step_seconds;
    let (share_low, share_high) = all
        .iter()
        .map(share)
        .fold((f64::INFINITY, 0.0_f64), |(low, high), share| (low.min(share), high.max(share)));
    Ok(Row {
        model: model.name(),
        batch: case::BATCH,
        step_seconds: median(all.iter().map(|one| one.step_seconds)),
        waited_seconds: median(all.iter().map(|one| one.waited_seconds)),
        waited_share: median(all.iter().map(share)),
        share_low,
        share_high,
    })
}

fn one(model: Model, seconds: f64) -> anyhow::Result<Waited> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["wait-case", "--model", model.name(), "--seconds", &seconds.to_string()]);
    serde_json::from_slice(&peer::run(&mut command)?).context("failed to understand a measurement")
}

fn images(model: Model) -> anyhow::Result<arclab_data::Images> {
    files::faces(model.size() as u32, 20, 20, &files::home().join("cache"))
}

/// Measures, and prints what was found as JSON.
pub(crate) fn execute(arguments: &WaitCaseArgs) -> anyhow::Result<()> {
    let WaitCaseArgs { model, seconds } = *arguments;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (task, batch) = (Task::Train, case::BATCH);
    let case = CaseArgs { model, task, batch, place: Place::Cpu { threads }, seconds, operators: false };
    let mut work = Work::new(Arc::new(Cpu::new(threads)), &case)?;
    // One thread makes batches, as in a run.
    let mut loader = case::loader(&images(model)?, 1, u32::MAX)?;
    let (mut began, mut waited, mut steps) = (Instant::now(), 0.0, 0);
    while steps < 2 * WARM_UP || began.elapsed().as_secs_f64() < seconds {
        if steps == WARM_UP {
            (began, waited) = (Instant::now(), 0.0);
        }
        let asked = Instant::now();
        let batch = loader.next().context("the loader has no end")?;
        waited += asked.elapsed().as_secs_f64();
        work.take(batch.pixels);
        work.step(task);
        steps += 1;
    }
    let counted = (steps - WARM_UP) as f64;
    let found =
        Waited { step_seconds: began.elapsed().as_secs_f64() / counted, waited_seconds: waited / counted };
    output::print(&serde_json::to_string(&found)?)
}

pub(super) fn table(rows: &[Row]) -> Table {
    let number = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let columns = vec![
        Column::new("model", "Model", Kind::Text),
        number("batch", "Batch"),
        number("step_ms", "ms a step"),
        number("waited_ms", "of these for images"),
        number("share", "Share, %"),
        Column::new("range", "Range", Kind::Text),
    ];
    let mut table = Table::new("wait", "Waiting for images from the cache", columns);
    for row in rows {
        let number = |value: f64, decimals: usize| Cell::Number { value, decimals };
        let [low, high] = [row.share_low, row.share_high].map(|share| 100.0 * share);
        table.push(vec![
            Cell::text(row.model),
            Cell::Count(row.batch as u64),
            number(row.step_seconds * 1e3, 1),
            number(row.waited_seconds * 1e3, 3),
            number(100.0 * row.waited_share, 3),
            Cell::text(format!("{low:.3} to {high:.3}")),
        ]);
    }
    table
}
