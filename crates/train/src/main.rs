//! `arclab-worker`: carries out one run, started by a scheduler or by hand.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use arclab_train::{Abilities, Stop};
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Trains and tests one model, as arclab planned it.
#[derive(Debug, Parser)]
#[command(name = "arclab-worker", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Carries out the plan in a run's folder, from its checkpoint if there is one.
    Run {
        /// The folder that holds `plan.json`.
        folder: PathBuf,
    },
    /// Tests weights at hand, and prints the result as JSON.
    Test {
        /// A file with the request, as JSON.
        request: PathBuf,
    },
    /// Embeds images of a data set with a run's weights, and prints how as JSON.
    Embed {
        /// A file with the request, as JSON.
        request: PathBuf,
    },
    /// Checks whether a run can begin with the weights that its spec names, and prints what they are as JSON.
    Weights {
        /// A file with the request, as JSON.
        request: PathBuf,
    },
    /// Reads the checkpoints of runs back, and prints which of them can be used as JSON.
    Checkpoints {
        /// A file with the request, as JSON.
        request: PathBuf,
    },
    /// Prints what this worker can do here, as JSON.
    Abilities,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log_to_stderr(matches!(arguments.command, Command::Run { .. }));
    match carry_out(arguments.command) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run { folder } => {
            let stop = Stop::on_signals().context("failed to listen to signals")?;
            Ok(arclab_train::run(&folder, &stop).into())
        }
        Command::Test { request } => {
            let stop = Stop::on_signals().context("failed to listen to signals")?;
            print(&arclab_train::test(&request, &stop)?)
        }
        Command::Embed { request } => {
            let stop = Stop::on_signals().context("failed to listen to signals")?;
            print(&arclab_train::embed(&request, &stop)?)
        }
        Command::Weights { request } => print(&arclab_train::check_weights(&request)?),
        Command::Checkpoints { request } => print(&arclab_train::check_checkpoints(&request)?),
        Command::Abilities => print(&Abilities::here()),
    }
}

#[expect(clippy::print_stdout, reason = "answers to the command line go to the output")]
fn print(answer: &impl serde::Serialize) -> anyhow::Result<ExitCode> {
    println!("{}", serde_json::to_string_pretty(answer).context("failed to lay out the answer")?);
    Ok(ExitCode::SUCCESS)
}

/// The level is `ARCLAB_LOG`, else `info`. A run's log goes to a file of its folder, without colours and with times;
/// what tests say is read by a person at once.
fn log_to_stderr(with_times: bool) {
    let filter = EnvFilter::try_from_env("ARCLAB_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(std::io::stderr);
    if with_times {
        log.init();
    } else {
        log.without_time().with_target(false).init();
    }
}
