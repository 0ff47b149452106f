//! One source of images, measured beside the peer.

use std::{env, path::Path, process::Command};

use anyhow::Context as _;
use arclab_report::{Cell, Column, Kind, Table};
use indicatif::ProgressBar;
use serde::Serialize;

use super::{
    DataArgs, SIZE,
    case::{Rate, Source},
    files::Files,
    peer::DataLoader,
};
use crate::{measured::median, peer};

/// One source, measured.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    source: Source,
    /// Side of the JPEG files in pixels, where known.
    side: Option<u32>,
    workers: usize,
    images_per_second: f64,
    images_per_core_second: f64,
    peer_images_per_second: f64,
    peer_images_per_core_second: f64,
    /// Of the peer.
    decoder: &'static str,
    /// How many times as fast as the peer: the ratio of the medians, and the range over the pairs.
    ratio: f64,
    ratio_low: f64,
    ratio_high: f64,
    /// The same of images per second of a core.
    core_ratio: f64,
    core_ratio_low: f64,
    core_ratio_high: f64,
}

impl Rate {
    pub(super) fn per_second(&self) -> f64 {
        self.images as f64 / self.seconds
    }

    pub(super) fn per_core_second(&self) -> f64 {
        self.images as f64 / self.core_seconds
    }
}

/// Measures both sides in turn, so that what disturbs the machine disturbs both.
pub(super) fn measure(
    files: &Files,
    source: Source,
    workers: usize,
    arguments: &DataArgs,
    peer: &DataLoader,
    bar: &ProgressBar,
) -> anyhow::Result<Row> {
    let (path, theirs_at): (&Path, &Path) = match source {
        Source::Folder => (&files.folder, &files.folder),
        Source::RecordIo => (&files.records, &files.records),
        Source::Cache => (&files.folder, &files.pixels),
    };
    let decoder = peer.faster(source, theirs_at, SIZE)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..arguments.pairs {
        ours.push(here(source, path, &files.cache, workers, arguments.seconds)?);
        theirs.push(peer.measure(source, theirs_at, SIZE, decoder, workers, arguments.seconds)?);
        bar.inc(1);
    }
    let [wall, cores] =
        [Rate::per_second, Rate::per_core_second].map(|rate| Beside::of(&ours, &theirs, rate));
    Ok(Row {
        source,
        side: files.side.filter(|_| source != Source::Cache),
        workers,
        images_per_second: wall.ours,
        images_per_core_second: cores.ours,
        peer_images_per_second: wall.theirs,
        peer_images_per_core_second: cores.theirs,
        decoder,
        ratio: wall.ours / wall.theirs,
        ratio_low: wall.low,
        ratio_high: wall.high,
        core_ratio: cores.ours / cores.theirs,
        core_ratio_low: cores.low,
        core_ratio_high: cores.high,
    })
}

/// A rate of both sides: medians, and the range of the ratios.
struct Beside {
    ours: f64,
    theirs: f64,
    low: f64,
    high: f64,
}

impl Beside {
    fn of(ours: &[Rate], theirs: &[Rate], rate: impl Fn(&Rate) -> f64) -> Self {
        let ratios = ours.iter().zip(theirs).map(|(ours, theirs)| rate(ours) / rate(theirs));
        let (low, high) =
            ratios.fold((f64::INFINITY, 0.0_f64), |(low, high), ratio| (low.min(ratio), high.max(ratio)));
        Self { ours: median(ours.iter().map(&rate)), theirs: median(theirs.iter().map(&rate)), low, high }
    }
}

/// In a process of its own, as the peer is.
fn here(source: Source, path: &Path, cache: &Path, threads: usize, seconds: f64) -> anyhow::Result<Rate> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["data-case", "--source", source.name(), "--path"]).arg(path).arg("--cache").arg(cache);
    command.args(["--size", &SIZE.to_string(), "--threads", &threads.to_string()]);
    command.args(["--seconds", &seconds.to_string()]);
    serde_json::from_slice(&peer::run(&mut command)?).context("failed to understand a measurement")
}

pub(super) fn table(rows: &[Row]) -> Table {
    let number = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let text = |key: &str, title: &str| Column::new(key, title, Kind::Text);
    let columns = vec![
        text("source", "Images from"),
        number("side", "JPEG side"),
        number("workers", "Workers"),
        number("images_per_second", "Images/s"),
        number("peer", "DataLoader images/s"),
        text("decoder", "its decoder"),
        number("ratio", "Ratio"),
        text("range", "Range"),
        number("images_per_core_second", "Images/s and core"),
        number("peer_core", "DataLoader's"),
        number("core_ratio", "Ratio a core"),
        text("core_range", "Its range"),
    ];
    let mut table = Table::new("data", "Batches", columns);
    for row in rows {
        table.push(cells(row));
    }
    table.notes.push(
        "JPEG: decoding into an empty cache and the first epoch of batches; cache: further epochs. DataLoader decodes in \
         each epoch, and from the cache maps the same pixels."
            .to_owned(),
    );
    table
}

fn cells(row: &Row) -> Vec<Cell> {
    let number = |value: f64, decimals: usize| Cell::Number { value, decimals };
    let range = |low: f64, high: f64| Cell::text(format!("{low:.1} to {high:.1}"));
    vec![
        Cell::text(row.source.name()),
        row.side.map_or(Cell::Empty, |side| Cell::Count(side.into())),
        Cell::Count(row.workers as u64),
        number(row.images_per_second, 0),
        number(row.peer_images_per_second, 0),
        if row.source == Source::Cache { Cell::Empty } else { Cell::text(row.decoder) },
        number(row.ratio, 1),
        range(row.ratio_low, row.ratio_high),
        number(row.images_per_core_second, 0),
        number(row.peer_images_per_core_second, 0),
        number(row.core_ratio, 1),
        range(row.core_ratio_low, row.core_ratio_high),
    ]
}
