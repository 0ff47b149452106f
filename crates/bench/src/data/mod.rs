//! `arclab-bench data`: batches of images, in turn with PyTorch's `DataLoader`; how long training waits for them; and memory
//! by the number of images.

mod case;
mod files;
mod peer;
mod row;
mod stream;
mod wait;

use std::path::PathBuf;

use arclab_report::{Format, Table};
use clap::{Args, value_parser};
use serde::Serialize;

use self::{case::Source, files::Files, peer::DataLoader, row::Row};
pub(crate) use self::{
    case::{DataCaseArgs, execute as execute_case},
    stream::{StreamCaseArgs, execute as execute_stream_case},
    wait::{WaitCaseArgs, execute as execute_wait_case},
};
use crate::{measured, output};

/// Side of a network's input, in pixels.
const SIZE: u32 = 112;

/// `arclab-bench data`.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// A folder with one sub-folder a person; by default rendered faces as JPEG files of 112 and of 250 pixels.
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Threads of arclab and workers of PyTorch.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2])]
    workers: Vec<usize>,
    /// Measurements of each side.
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..))]
    pairs: u32,
    /// Seconds a measurement, after its warm-up.
    #[arg(long, default_value_t = 2.0, value_parser = measured::seconds)]
    seconds: f64,
    /// Python with PyTorch and torchvision; by default an environment under `target/`, made at the first use.
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    /// Rather than this, tell how long a training step waits for its images.
    #[arg(long, conflicts_with_all = ["data", "workers", "python", "stream"])]
    wait: bool,
    /// Rather than this, tell the memory of preparing and of an epoch, for sets of so many small images.
    #[arg(long, value_name = "IMAGES", value_delimiter = ',', conflicts_with_all = ["data", "workers", "python", "pairs"])]
    stream: Vec<u32>,
    /// Rows as JSON.
    #[arg(long)]
    json: bool,
}

/// Measures and prints.
pub(crate) fn execute(arguments: &DataArgs) -> anyhow::Result<()> {
    if arguments.wait {
        let rows = wait::measure(arguments.pairs, arguments.seconds)?;
        return print(arguments.json, &rows, &wait::table(&rows));
    }
    if !arguments.stream.is_empty() {
        let rows = stream::measure(&arguments.stream)?;
        return print(arguments.json, &rows, &stream::table(&rows));
    }
    let peer = DataLoader::find(arguments.python.as_deref())?;
    let sets = match &arguments.data {
        Some(folder) => vec![files::own(folder, &files::home().join("own"), SIZE)?],
        None => [SIZE, 250]
            .into_iter()
            .map(|side| files::rendered(peer.python(), side, SIZE))
            .collect::<anyhow::Result<_>>()?,
    };
    let rows = rows(arguments, &sets, &peer)?;
    print(arguments.json, &rows, &row::table(&rows))
}

fn print(json: bool, rows: &[impl Serialize], table: &Table) -> anyhow::Result<()> {
    output::print(&if json { serde_json::to_string_pretty(rows)? } else { table.render(Format::Markdown) })
}

fn rows(arguments: &DataArgs, sets: &[Files], peer: &DataLoader) -> anyhow::Result<Vec<Row>> {
    let mut cases = Vec::new();
    for (number, files) in sets.iter().enumerate() {
        // What is decoded is of one size whatever it was.
        let sources = [Source::Folder, Source::RecordIo, Source::Cache];
        for source in sources.into_iter().filter(|source| number == 0 || *source != Source::Cache) {
            cases.extend(arguments.workers.iter().map(|&workers| (files, source, workers)));
        }
    }
    let bar = output::progress(cases.len() * arguments.pairs as usize);
    let mut rows = Vec::with_capacity(cases.len());
    for (files, source, workers) in cases {
        bar.set_message(format!("{}, {workers}", source.name()));
        rows.push(row::measure(files, source, workers, arguments, peer, &bar)?);
    }
    bar.finish_and_clear();
    Ok(rows)
}
