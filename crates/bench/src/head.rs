//! `arclab-bench head`: steps of a head by number of classes, whole and with a sample of so many of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    num::NonZero,
    process::Command,
    thread::available_parallelism,
    time::{Duration, Instant},
};

use arclab_nn::{
    Backend, Cpu,
    heads::{ArcFace, Head, Loss, MarginGradient, PastTurn},
    optim::{Kind as WeightKind, Layers, Optimizer, Rule, Sgd},
};
use arclab_report::{Cell, Column, Format, Kind, Table};
use clap::{Args, value_parser};
use serde::Serialize;

use crate::{
    case::peak_bytes,
    measured::{self, Measured, median},
    output, peer,
};

/// Fewest steps that count.
const FEWEST: usize = 3;

/// `arclab-bench head`.
#[derive(Debug, Args)]
pub(crate) struct HeadArgs {
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
    #[command(flatten)]
    step: StepArgs,
}

/// One number of classes, measured.
#[derive(Debug, Serialize)]
struct Row {
    classes: u32,
    sample: usize,
    sampled_seconds: f64,
    whole_seconds: f64,
    /// What a step needs beside the centres and what the optimiser remembers of them.
    sampled_step_bytes: f64,
    whole_step_bytes: f64,
}

/// Measures all numbers of classes and prints them.
pub(crate) fn execute(arguments: &HeadArgs) -> anyhow::Result<()> {
    let rows: Vec<Row> =
        arguments.classes.iter().map(|&classes| row(arguments, classes)).collect::<anyhow::Result<_>>()?;
    if arguments.json {
        return output::print(&serde_json::to_string_pretty(&rows)?);
    }
    output::print(&table(&rows).render(Format::Markdown))
}

fn row(arguments: &HeadArgs, classes: u32) -> anyhow::Result<Row> {
    let sample = sampled(arguments.sample, arguments.step.batch, classes);
    // Half a class more, as the share is rounded down.
    let rate = ((sample as f64 + 0.5) / f64::from(classes)).min(1.0);
    let (sampled, whole) =
        (measure(arguments.step, classes, Some(rate))?, measure(arguments.step, classes, None)?);
    Ok(Row {
        classes,
        sample,
        sampled_seconds: sampled.median_seconds,
        whole_seconds: whole.median_seconds,
        sampled_step_bytes: sampled.step_bytes(),
        whole_step_bytes: whole.step_bytes(),
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

fn measure(step: StepArgs, classes: u32, rate: Option<f64>) -> anyhow::Result<Measured> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["head-case", "--classes", &classes.to_string(), "--batch", &step.batch.to_string()]);
    command.args(["--embedding", &step.embedding.to_string(), "--seconds", &step.seconds.to_string()]);
    command.args(rate.iter().flat_map(|rate| ["--rate".to_owned(), rate.to_string()]));
    peer::measured(&mut command)
}

/// Measures, and prints a [`Measured`] as JSON: time with the optimiser's step, memory without it, as what it
/// remembers is kept from step to step.
pub(crate) fn execute_case(case: &HeadCaseArgs) -> anyhow::Result<()> {
    let StepArgs { batch, embedding, seconds } = case.step;
    let embedding = embedding as usize;
    let (past_turn, gradient) = (PastTurn::Plain, MarginGradient::Exact);
    let loss = Loss::ArcFace(ArcFace { scale: 64.0, margin: 0.5, past_turn, gradient });
    let mut head = Head::new(loss, case.classes as usize, embedding, 0);
    if let Some(rate) = case.rate {
        head = head.with_sampled_classes(rate, 0);
    }
    let embeddings: Vec<f32> =
        (0..batch as usize * embedding).map(|i| (i * 7919 % 251) as f32 / 125.0 - 1.0).collect();
    let labels: Vec<u32> = labels(batch, case.classes).collect();
    let before_bytes = peak_bytes()?;
    head.forward_backward(&embeddings, &labels, 0);
    let peak_bytes = peak_bytes()?;

    let layers = Layers { decay_norms: true, head_rate: 1.0 };
    let rule = Rule::Sgd(Sgd::new(0.9, false));
    let mut optimizer = Optimizer { rule, weight_decay: 5e-4, clip_norm: None, layers };
    let cpu = Cpu::new(available_parallelism().map_or(1, NonZero::get));
    let budget = Duration::from_secs_f64(seconds);
    let (began, mut times) = (Instant::now(), Vec::new());
    while times.len() < FEWEST || began.elapsed() < budget {
        let step = Instant::now();
        cpu.run(|| head.forward_backward(&embeddings, &labels, 1 + times.len() as u64));
        optimizer.step(&cpu, vec![(WeightKind::Head, head.weight())], 0.001);
        times.push(step.elapsed().as_secs_f64());
    }
    let steps = times.len();
    let measured = Measured {
        median_seconds: median(times),
        steps,
        peak_bytes,
        before_bytes,
        gpu_peak_bytes: None,
        operators: BTreeMap::new(),
    };
    output::print(&serde_json::to_string(&measured)?)
}

fn table(rows: &[Row]) -> Table {
    let column = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let columns = vec![
        column("classes", "Classes"),
        column("sample", "Sampled"),
        column("sampled_milliseconds", "ms a step"),
        column("sampled_mib", "MiB a step"),
        column("whole_milliseconds", "ms, all classes"),
        column("whole_mib", "MiB, all classes"),
    ];
    let mut table = Table::new("head", "Head", columns);
    for row in rows {
        let number = |value: f64| Cell::Number { value, decimals: 1 };
        let [milliseconds, mebibytes] =
            [|seconds: f64| seconds * 1e3, |bytes: f64| bytes / f64::from(1 << 20)];
        table.push(vec![
            Cell::Count(row.classes.into()),
            Cell::Count(row.sample as u64),
            number(milliseconds(row.sampled_seconds)),
            number(mebibytes(row.sampled_step_bytes)),
            number(milliseconds(row.whole_seconds)),
            number(mebibytes(row.whole_step_bytes)),
        ]);
    }
    table
}
