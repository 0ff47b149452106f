//! Benchmarks beside peers. What is compared is measured in one sitting, in turn, and told as a ratio of medians.

mod case;
mod engine;
mod measured;
mod peer;

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
    /// Training steps and embedding on a CPU, with time by operator and peak memory.
    Engine(engine::EngineArgs),
    /// One measurement, in a process of its own, so that its peak memory is its own.
    #[command(hide = true)]
    Case(case::CaseArgs),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Engine(arguments) => engine::execute(&arguments),
        Command::Case(arguments) => case::execute(&arguments),
    }
}
