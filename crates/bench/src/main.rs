//! Benchmarks beside peers. What is compared is measured in one sitting, in turn, and told as a ratio of medians.

mod case;
mod data;
mod engine;
mod head;
mod measured;
mod metrics;
mod output;
mod peer;
mod place;
mod planned;
mod profile;
mod queue;
mod startup;
mod store;
mod sweep;
mod turns;
mod worker;

use clap::{Parser, Subcommand};

/// Benchmarks of arclab, beside peers where wanted.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Training steps and embedding on the CPU or a GPU, with peak memory, and time by operator.
    Engine(engine::EngineArgs),
    /// Steps of a head by number of classes, with all of them and with a sample, on the CPU or a GPU.
    Head(head::HeadArgs),
    /// All metrics of scores, beside InsightFace's procedure in `NumPy` and scikit-learn's ROC curve.
    Metrics(metrics::MetricsArgs),
    /// Batches of images from JPEG files, `RecordIO` and the cache, in turn with PyTorch's `DataLoader`.
    Data(data::DataArgs),
    /// From the start of a worker to the end of its first training step.
    Startup(startup::StartupArgs),
    /// What the scheduler adds to a job that does nothing, beside other programs that run jobs; `--sizes` for long queues.
    Queue(queue::QueueArgs),
    /// Metrics stored a second, the size of the database and the best of many runs, beside `MLflow`'s `SQLite` store.
    Store(store::StoreArgs),
    /// A sweep that stops cells early, in turn with the same as a full grid.
    Sweep(sweep::SweepArgs),
    /// A worker that trains nothing, which `queue` and `store` have the scheduler start.
    #[command(hide = true)]
    Run(worker::RunArgs),
    /// One measurement, in a process of its own, so that its peak memory is its own.
    #[command(hide = true)]
    Case(case::CaseArgs),
    /// One measurement of a head, likewise.
    #[command(hide = true)]
    HeadCase(head::HeadCaseArgs),
    /// One measurement of batches, likewise.
    #[command(hide = true)]
    DataCase(data::DataCaseArgs),
    /// One measurement of waiting for batches, likewise.
    #[command(hide = true)]
    WaitCase(data::WaitCaseArgs),
    /// One measurement of memory, likewise.
    #[command(hide = true)]
    StreamCase(data::StreamCaseArgs),
}

/// What is wrong with the command line ends the program as clap ends it, with 2.
fn main() -> anyhow::Result<()> {
    execute(&Cli::parse().command).or_else(|error| match error.downcast::<clap::Error>() {
        Ok(usage) => usage.exit(),
        Err(error) => Err(error),
    })
}

fn execute(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Engine(arguments) => engine::execute(arguments),
        Command::Head(arguments) => head::execute(arguments),
        Command::Metrics(arguments) => metrics::execute(arguments),
        Command::Startup(arguments) => startup::execute(arguments),
        Command::Queue(arguments) => queue::execute(arguments),
        Command::Store(arguments) => store::execute(arguments),
        Command::Sweep(arguments) => sweep::execute(arguments),
        Command::Run(arguments) => worker::execute(arguments),
        Command::Case(arguments) => case::execute(arguments),
        Command::HeadCase(arguments) => head::execute_case(arguments),
        Command::Data(arguments) => data::execute(arguments),
        Command::DataCase(arguments) => data::execute_case(arguments),
        Command::WaitCase(arguments) => data::execute_wait_case(arguments),
        Command::StreamCase(arguments) => data::execute_stream_case(arguments),
    }
}
