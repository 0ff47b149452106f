//! `arclab-bench sweep`: a sweep that stops cells early, in turn with the same as a full grid, each from an empty store.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, ensure};
use arclab_report::{Cell, Column, Format, Kind, Table};
use clap::{Args, value_parser};
use serde::{Deserialize, Serialize};

use crate::{output, planned::Folder, turns::Middle};

/// How the sweep is carried out, and what the command line says for it.
const WAYS: [(&str, &[&str]); 2] = [("stops cells early", &[]), ("full grid", &["--set", "sweep.stop=null"])];

/// `arclab-bench sweep`.
#[derive(Debug, Args)]
pub(crate) struct SweepArgs {
    /// The spec of a sweep that has a rule to stop early.
    #[arg(default_value = "experiments/sweeps/margin.yaml")]
    spec: PathBuf,
    /// arclab; the one beside this program by default.
    #[arg(long, value_name = "PROGRAM")]
    arclab: Option<PathBuf>,
    /// Measurements of each side, in turn.
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u32).range(1..))]
    repeats: u32,
    /// Rows as JSON.
    #[arg(long)]
    json: bool,
}

/// What arclab says of a sweep.
#[derive(Debug, Deserialize)]
struct Tables {
    sweep: Vec<Shown>,
}

/// A cell, or what cells are held against.
#[derive(Debug, Deserialize)]
struct Shown {
    variant: String,
    runs: u32,
    epochs: u32,
    validation_accuracy: Option<f64>,
    stands: String,
}

/// One way to carry the sweep out.
#[derive(Debug, Serialize)]
struct Row {
    way: &'static str,
    seconds: Middle,
    /// How many times as long as stopping early.
    ratio: Middle,
    /// Of all cells and seeds.
    epochs: u32,
    best: Option<String>,
    validation_accuracy: Option<f64>,
}

/// Measures and prints.
pub(crate) fn execute(arguments: &SweepArgs) -> anyhow::Result<()> {
    let arclab = match &arguments.arclab {
        Some(arclab) => arclab.clone(),
        None => env::current_exe()?.with_file_name(format!("arclab{}", env::consts::EXE_SUFFIX)),
    };
    let bar = output::progress(WAYS.len() * arguments.repeats as usize);
    let mut sides: [(Vec<f64>, Vec<Shown>); 2] = Default::default();
    for _ in 0..arguments.repeats {
        for ((way, says), side) in WAYS.iter().zip(&mut sides) {
            bar.set_message(*way);
            let (seconds, shown) = carry_out(&arclab, &arguments.spec, says)?;
            side.0.push(seconds);
            side.1 = shown;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let early = sides[0].0.clone();
    let rows: Vec<Row> = WAYS
        .iter()
        .zip(&sides)
        .map(|((way, _), (seconds, shown))| row(way, seconds, &early, shown))
        .collect();
    output::print(&if arguments.json {
        serde_json::to_string_pretty(&rows)?
    } else {
        table(&rows).render(Format::Markdown)
    })
}

/// From an empty store to the tables.
fn carry_out(arclab: &Path, spec: &Path, says: &[&str]) -> anyhow::Result<(f64, Vec<Shown>)> {
    let store = Folder::new("sweep")?;
    let mut command = Command::new(arclab);
    command.arg("--store").arg(store.path()).args(["--quiet", "--json", "run"]).arg(spec).args(says);
    let began = Instant::now();
    let done = command.stderr(Stdio::inherit()).output();
    let done = done.with_context(|| format!("failed to start {}", arclab.display()))?;
    let seconds = began.elapsed().as_secs_f64();
    ensure!(done.status.success(), "the sweep was not carried out: {}", done.status);
    let tables: Tables = serde_json::from_slice(&done.stdout)
        .with_context(|| format!("{} is the spec of no sweep", spec.display()))?;
    Ok((seconds, tables.sweep))
}

fn row(way: &'static str, seconds: &[f64], early: &[f64], shown: &[Shown]) -> Row {
    let best = shown.iter().find(|cell| cell.stands == "best");
    Row {
        way,
        seconds: Middle::of(seconds.iter().copied()),
        ratio: Middle::ratio(seconds, early),
        epochs: shown
            .iter()
            .filter(|cell| cell.stands != "held against")
            .map(|cell| cell.runs * cell.epochs)
            .sum(),
        best: best.map(|best| best.variant.clone()),
        validation_accuracy: best.and_then(|best| best.validation_accuracy),
    }
}

fn table(rows: &[Row]) -> Table {
    let text = |key: &str, title: &str| Column::new(key, title, Kind::Text);
    let number = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let columns = vec![
        text("way", "The sweep"),
        text("seconds", "s"),
        text("ratio", "as many times as stopping early takes"),
        number("epochs", "epochs of its cells"),
        text("best", "best cell"),
        number("validation_accuracy", "its validation accuracy"),
    ];
    let mut table = Table::new("sweep", "Stopping early", columns);
    for row in rows {
        let accuracy =
            row.validation_accuracy.map_or(Cell::Empty, |value| Cell::Number { value, decimals: 3 });
        table.push(vec![
            Cell::text(row.way),
            Cell::Text(row.seconds.shown(0)),
            Cell::Text(row.ratio.shown(2)),
            Cell::Count(row.epochs.into()),
            row.best.clone().map_or(Cell::Empty, Cell::Text),
            accuracy,
        ]);
    }
    table
}
