//! `arclab-bench head`: steps of a head by number of classes, whole and with a sample of so many of them.

use std::{
    env,
    process::Command,
    time::{Duration, Instant},
};

use arclab_nn::{
    heads::{ArcFace, Head, Loss, MarginGradient, PastTurn},
    optim::{Kind as WeightKind, Layers, Optimizer, Rule, Sgd},
};
use arclab_report::{Cell, Column, Format, Kind, Table};
use clap::Args;
use serde::Serialize;

use crate::{
    case::peak_bytes,
    measured::{Measured, median},
    peer,
};

/// Fewest steps that count.
const FEWEST: usize = 3;

/// `arclab-bench head`.
#[derive(Debug, Args)]
pub(crate) struct HeadArgs {
    /// Numbers of classes.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000])]
    classes: Vec<usize>,
    /// Classes of a sample.
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
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// Numbers of an embedding.
    #[arg(long, default_value_t = 128)]
    embedding: usize,
    /// Seconds a measurement: enough to draw most classes once, as memory costs more when it is used first.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
}

/// One measurement, in a process of its own.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct HeadCaseArgs {
    #[arg(long)]
    classes: usize,
    /// Share of them in a step's sample; all where absent.
    #[arg(long)]
    rate: Option<f64>,
    #[command(flatten)]
    step: StepArgs,
}

/// One number of classes, measured.
#[derive(Debug, Serialize)]
struct Row {
    classes: usize,
    sample: usize,
    sampled_seconds: f64,
    whole_seconds: f64,
    /// What a step needs beside the centres and what the optimiser remembers of them.
    sampled_step_bytes: f64,
    whole_step_bytes: f64,
}

/// Measures all numbers of classes and prints them.
#[expect(clippy::print_stdout, reason = "a program that measures prints what it measured")]
pub(crate) fn execute(arguments: &HeadArgs) -> anyhow::Result<()> {
    let rows: Vec<Row> =
        arguments.classes.iter().map(|&classes| row(arguments, classes)).collect::<anyhow::Result<_>>()?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        println!("{}", table(&rows).render(Format::Markdown));
    }
    Ok(())
}

fn row(arguments: &HeadArgs, classes: usize) -> anyhow::Result<Row> {
    let sample = arguments.sample.min(classes);
    // Half a class more, as the share is rounded down.
    let rate = ((sample as f64 + 0.5) / classes as f64).min(1.0);
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

fn measure(step: StepArgs, classes: usize, rate: Option<f64>) -> anyhow::Result<Measured> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["head-case", "--classes", &classes.to_string(), "--batch", &step.batch.to_string()]);
    command.args(["--embedding", &step.embedding.to_string(), "--seconds", &step.seconds.to_string()]);
    command.args(rate.iter().flat_map(|rate| ["--rate".to_owned(), rate.to_string()]));
    peer::measured(&mut command)
}

/// Measures, and prints a [`Measured`] as JSON: time with the optimiser's step, memory without it, as what it
/// remembers is kept from step to step.
#[expect(clippy::print_stdout, reason = "standard output is where the measurement is read from")]
pub(crate) fn execute_case(case: &HeadCaseArgs) -> anyhow::Result<()> {
    let StepArgs { batch, embedding, seconds } = case.step;
    let (past_turn, gradient) = (PastTurn::Plain, MarginGradient::Exact);
    let loss = Loss::ArcFace(ArcFace { scale: 64.0, margin: 0.5, past_turn, gradient });
    let mut head = Head::new(loss, case.classes, embedding, 0);
    if let Some(rate) = case.rate {
        head = head.with_sampled_classes(rate, 0);
    }
    let embeddings: Vec<f32> =
        (0..batch * embedding).map(|i| (i * 7919 % 251) as f32 / 125.0 - 1.0).collect();
    let labels: Vec<u32> = (0..batch).map(|i| (i * 7919 % case.classes) as u32).collect();
    let before_bytes = peak_bytes()?;
    head.forward_backward(&embeddings, &labels, 0);
    let peak_bytes = peak_bytes()?;

    let layers = Layers { decay_norms: true, head_rate: 1.0 };
    let rule = Rule::Sgd(Sgd::new(0.9, false));
    let mut optimizer = Optimizer { rule, weight_decay: 5e-4, clip_norm: None, layers };
    let budget = Duration::from_secs_f64(seconds);
    let (began, mut times) = (Instant::now(), Vec::new());
    while times.len() < FEWEST || began.elapsed() < budget {
        let step = Instant::now();
        head.forward_backward(&embeddings, &labels, 1 + times.len() as u64);
        optimizer.step(&mut [(WeightKind::Head, head.weight())], 0.001);
        times.push(step.elapsed().as_secs_f64());
    }
    let steps = times.len();
    let operators = std::collections::BTreeMap::new();
    let measured = Measured { median_seconds: median(times), steps, peak_bytes, before_bytes, operators };
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
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
            Cell::Count(row.classes as u64),
            Cell::Count(row.sample as u64),
            number(milliseconds(row.sampled_seconds)),
            number(mebibytes(row.sampled_step_bytes)),
            number(milliseconds(row.whole_seconds)),
            number(mebibytes(row.whole_step_bytes)),
        ]);
    }
    table
}
