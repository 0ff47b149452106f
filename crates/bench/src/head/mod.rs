//! `arclab-bench head`: steps of a head by number of classes, whole and with a sample of so many of them.

mod case;
mod table;

use std::{collections::BTreeSet, env, num::NonZero, process::Command, thread::available_parallelism};

use arclab_report::Format;
use clap::{Args, CommandFactory as _, error::ErrorKind, value_parser};
use indicatif::ProgressBar;
use serde::Serialize;

pub(crate) use case::execute as execute_case;

use crate::{
    Cli,
    measured::{self, Measured},
    output, peer,
    place::{Device, Place, Precision},
};

/// What `--help` ends with. A test of the operators on the GPU (`nn/tests/cuda/head_precision.rs`) keeps it true.
const MEMORY: &str = "\
On a GPU, a class takes these bytes, with E numbers of an embedding and N embeddings a step; whole, in bf16:

  centre                      4E
  momentum                    4E
  gradient                    4E
  centre of length 1          2E + 4   (float32: 4E + 4)
  cosines                     2N       (float32: 4N)

A million classes of 512 numbers with 128 embeddings a step take 7.4 GB: 2.05 GB each for centres, momentum and gradient, 1.03 GB
for centres of length 1 and 0.26 GB for cosines; 8.7 GB in float32. Of a sample of the classes, all but centres and momentum is
of these classes alone. This is what is counted where kernels are emulated; no GPU has run it yet.";

/// `arclab-bench head`.
#[derive(Debug, Args)]
#[command(after_long_help = MEMORY)]
pub(crate) struct HeadArgs {
    /// What is measured.
    #[arg(long, value_enum, default_value = "cpu")]
    device: Device,
    /// What a GPU multiplies, bf16 or float32; bf16 by default. A CPU computes in float32.
    #[arg(long, value_enum)]
    precision: Option<Precision>,
    /// Numbers of classes.
    #[arg(
        long,
        value_delimiter = ',',
        default_values_t = [10_000, 100_000, 1_000_000],
        value_parser = value_parser!(u32).range(1..)
    )]
    classes: Vec<u32>,
    /// Classes of a sample; those of its embeddings at least.
    #[arg(long, default_value_t = 2_000)]
    sample: usize,
    #[command(flatten)]
    step: StepArgs,
    /// Rows as JSON.
    #[arg(long)]
    json: bool,
}

/// What a step is made of.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct StepArgs {
    /// Embeddings a step.
    #[arg(long, default_value_t = 64, value_parser = value_parser!(u32).range(1..))]
    batch: u32,
    /// Numbers of an embedding.
    #[arg(long, default_value_t = 128, value_parser = value_parser!(u32).range(1..))]
    embedding: u32,
    /// Seconds a measurement: enough to draw most classes once, as memory costs more when it is used first.
    #[arg(long, default_value_t = 10.0, value_parser = measured::seconds)]
    seconds: f64,
}

/// One measurement, in a process of its own.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct HeadCaseArgs {
    #[arg(long, value_parser = value_parser!(u32).range(1..))]
    classes: u32,
    /// Share of them in a step's sample; all where absent.
    #[arg(long)]
    rate: Option<f64>,
    #[arg(long)]
    place: Place,
    #[command(flatten)]
    step: StepArgs,
}

/// One number of classes, measured.
#[derive(Debug, Serialize)]
struct Row {
    classes: u32,
    sample: usize,
    precision: Precision,
    sampled_seconds: f64,
    whole_seconds: f64,
    #[serde(flatten)]
    memory: Memory,
}

/// What a step with a sample, and one with all classes, need.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Memory {
    /// Beside the centres and what the optimiser remembers of them.
    Cpu { sampled_step_bytes: f64, whole_step_bytes: f64 },
    /// With them.
    Gpu { sampled_gpu_peak_bytes: u64, whole_gpu_peak_bytes: u64 },
}

/// Measures all numbers of classes and prints them.
pub(crate) fn execute(arguments: &HeadArgs) -> anyhow::Result<()> {
    let place = arguments.place()?;
    place.check()?;
    let bar = output::progress(2 * arguments.classes.len());
    let mut rows = Vec::with_capacity(arguments.classes.len());
    for &classes in &arguments.classes {
        rows.push(row(arguments, place, classes, &bar)?);
    }
    bar.finish_and_clear();
    if arguments.json {
        return output::print(&serde_json::to_string_pretty(&rows)?);
    }
    output::print(&table::table(place, &rows).render(Format::Markdown))
}

impl HeadArgs {
    /// Where to measure.
    fn place(&self) -> Result<Place, clap::Error> {
        let refused = |what: &str| Err(Cli::command().error(ErrorKind::ArgumentConflict, what));
        match (self.device, self.precision) {
            (Device::Cpu, None) => {
                Ok(Place::Cpu { threads: available_parallelism().map_or(1, NonZero::get) })
            }
            (Device::Cpu, Some(_)) => {
                refused("`--precision` is of `--device cuda`: a CPU computes in float32")
            }
            (Device::Cuda, None) => Ok(Place::Cuda(Precision::Bf16)),
            (Device::Cuda, Some(precision @ (Precision::Bf16 | Precision::Float32))) => {
                Ok(Place::Cuda(precision))
            }
            (Device::Cuda, Some(Precision::Fp16 | Precision::Tf32)) => {
                refused("`--precision` is `bf16` or `float32` here: a head is computed in bf16 or float32")
            }
        }
    }
}

fn row(arguments: &HeadArgs, place: Place, classes: u32, bar: &ProgressBar) -> anyhow::Result<Row> {
    let sample = sampled(arguments.sample, arguments.step.batch, classes);
    // Half a class more, as the share is rounded down.
    let rate = ((sample as f64 + 0.5) / f64::from(classes)).min(1.0);
    let measured = |what: &str, rate| {
        bar.set_message(format!("{classes} classes, {what}"));
        let measured = measure(arguments.step, place, classes, rate);
        bar.inc(1);
        measured
    };
    let (sampled, whole) = (measured("sampled", Some(rate))?, measured("whole", None)?);
    let memory = match (sampled.gpu_peak_bytes, whole.gpu_peak_bytes) {
        (Some(sampled_gpu_peak_bytes), Some(whole_gpu_peak_bytes)) => {
            Memory::Gpu { sampled_gpu_peak_bytes, whole_gpu_peak_bytes }
        }
        _ => Memory::Cpu { sampled_step_bytes: sampled.step_bytes(), whole_step_bytes: whole.step_bytes() },
    };
    Ok(Row {
        classes,
        sample,
        precision: place.precision(),
        sampled_seconds: sampled.median_seconds,
        whole_seconds: whole.median_seconds,
        memory,
    })
}

/// Classes in a step's softmax where `wanted` are asked for: its own ones always are, and there are no more than all.
fn sampled(wanted: usize, batch: u32, classes: u32) -> usize {
    let own: BTreeSet<u32> = labels(batch, classes).collect();
    wanted.clamp(own.len(), classes as usize)
}

/// The class of each embedding of a step.
fn labels(batch: u32, classes: u32) -> impl Iterator<Item = u32> {
    (0..u64::from(batch)).map(move |i| (i * 7919 % u64::from(classes)) as u32)
}

fn measure(step: StepArgs, place: Place, classes: u32, rate: Option<f64>) -> anyhow::Result<Measured> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["head-case", "--classes", &classes.to_string(), "--batch", &step.batch.to_string()]);
    command.args(["--embedding", &step.embedding.to_string(), "--seconds", &step.seconds.to_string()]);
    command.args(["--place", &place.to_string()]);
    command.args(rate.iter().flat_map(|rate| ["--rate".to_owned(), rate.to_string()]));
    peer::measured(&mut command)
}
