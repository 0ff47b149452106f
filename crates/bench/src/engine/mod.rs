//! `arclab-bench engine`: steps of the engine, and PyTorch's in turn with them.

mod profile;
mod row;
mod table;

use std::path::PathBuf;

use arclab_report::Format;
use clap::{Args, CommandFactory as _, error::ErrorKind};

use crate::{
    Cli,
    case::{CaseArgs, Model, Task},
    measured, output,
    peer::{Peer, PyTorch},
    place::{Device, Place, Precision},
};

/// `arclab-bench engine`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct EngineArgs {
    /// What is measured.
    #[arg(long, value_enum, default_value = "cpu")]
    device: Device,
    /// What a GPU computes in; bf16 by default. A CPU computes in float32.
    #[arg(long, value_enum)]
    precision: Option<Precision>,
    /// Measure PyTorch in turn with arclab, and tell the ratio; on a GPU with AMP, channels last, as it is and compiled.
    #[arg(long)]
    beside_pytorch: bool,
    /// Leave out `torch.compile`, which takes up to minutes a measurement.
    #[arg(long, requires = "beside_pytorch")]
    no_compile: bool,
    /// Python that has PyTorch; without it, PyTorch is installed from `PyPI` under `target/`.
    #[arg(long, value_name = "PROGRAM", requires = "beside_pytorch")]
    python: Option<PathBuf>,
    /// Backbones; by default small, mobilefacenet and iresnet18, on a GPU mobilefacenet, iresnet18, iresnet50 and iresnet100.
    #[arg(long, value_enum, value_delimiter = ',')]
    models: Vec<Model>,
    /// Tasks.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["train", "embed"])]
    tasks: Vec<Task>,
    /// Images a step; by default 16 and 64, on a GPU 128 and 512.
    #[arg(long, value_delimiter = ',')]
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
    /// Also tell where the time of each case goes; on a GPU with how near each operator is to what a large product and a copy
    /// reach there.
    #[arg(long)]
    operators: bool,
}

/// Measures all cases and prints them.
pub(crate) fn execute(arguments: &EngineArgs) -> anyhow::Result<()> {
    let place = arguments.place()?;
    place.check()?;
    let peers = arguments.peers(place)?;
    let cases = cases(arguments, place);
    let bar = output::progress(cases.len() * arguments.pairs);
    let mut rows = Vec::with_capacity(cases.len());
    for case in &cases {
        bar.set_message(format!("{} {} {}", case.model.name(), case.task.name(), case.batch));
        rows.push(row::measure(case, &peers, arguments.pairs, &bar)?);
    }
    bar.finish_and_clear();
    if arguments.json {
        return output::print(&serde_json::to_string_pretty(&rows)?);
    }
    let table = match arguments.device {
        Device::Cpu => table::on_cpu(&rows),
        Device::Cuda => table::on_gpu(&rows),
    };
    output::print(&table.render(Format::Markdown))?;
    for row in rows.iter().filter(|_| arguments.operators) {
        let table = match &row.profile {
            Some(profile) => profile::table(&row.caption(), row.step_seconds(), profile),
            None => table::operators(row),
        };
        output::print(&table.render(Format::Markdown))?;
    }
    Ok(())
}

impl EngineArgs {
    /// Where to measure. What has no effect there is a mistake.
    fn place(&self) -> Result<Place, clap::Error> {
        let refused = |what: &str| Err(Cli::command().error(ErrorKind::ArgumentConflict, what));
        match self.device {
            Device::Cpu if self.precision.is_some() => {
                refused("`--precision` is of `--device cuda`: a CPU computes in float32")
            }
            Device::Cpu if self.no_compile => {
                refused("`--no-compile` is of `--device cuda`: on a CPU nothing is compiled")
            }
            Device::Cuda if self.threads.is_some() => refused("`--threads` is of `--device cpu`"),
            Device::Cpu => {
                let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
                Ok(Place::Cpu { threads: self.threads.unwrap_or_else(cores) })
            }
            Device::Cuda => Ok(Place::Cuda(self.precision.unwrap_or(Precision::Bf16))),
        }
    }

    /// What arclab is measured beside: nothing, PyTorch, or PyTorch twice.
    fn peers(&self, place: Place) -> anyhow::Result<Vec<Peer>> {
        if !self.beside_pytorch {
            return Ok(Vec::new());
        }
        let pytorch = PyTorch::find(self.python.as_deref(), place)?;
        Ok(match place {
            Place::Cpu { .. } => vec![Peer::Tuned(pytorch)],
            Place::Cuda(_) if self.no_compile => vec![Peer::Eager(pytorch)],
            Place::Cuda(_) => vec![Peer::Eager(pytorch.clone()), Peer::Compiled(pytorch)],
        })
    }
}

fn cases(arguments: &EngineArgs, place: Place) -> Vec<CaseArgs> {
    let (models, batches) = match place {
        Place::Cpu { .. } => (vec![Model::Small, Model::MobileFaceNet, Model::IResNet18], [16, 64]),
        Place::Cuda(_) => {
            (vec![Model::MobileFaceNet, Model::IResNet18, Model::IResNet50, Model::IResNet100], [128, 512])
        }
    };
    let models = if arguments.models.is_empty() { &models } else { &arguments.models };
    let batches = if arguments.batch.is_empty() { &batches[..] } else { &arguments.batch };
    let mut cases = Vec::new();
    for &task in &arguments.tasks {
        for &model in models {
            for &batch in batches {
                let EngineArgs { seconds, operators, .. } = *arguments;
                cases.push(CaseArgs { model, task, batch, place, seconds, operators });
            }
        }
    }
    cases
}
