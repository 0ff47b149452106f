//! The command line: arguments, progress and wiring. What runs mean is decided in the crates below.

mod album;
mod cli;
mod clock;
mod commands;
mod embeddings;
mod figure_file;
mod gather;
mod logging;
mod named;
mod output;
mod planning;
mod progress;
mod provenance;
mod screen;
mod submission;
mod sweeping;
mod upkeep;
mod weights;
mod worker;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};
use output::Output;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(&cli.global);
    logging::begin(cli.global.verbose, cli.global.quiet, output.stderr_colour);
    match execute(&cli, output) {
        Ok(code) => code,
        Err(error) => fail(&error, output),
    }
}

fn execute(cli: &Cli, output: Output) -> anyhow::Result<ExitCode> {
    let store = &cli.global.store;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match &cli.command {
        Command::Run(arguments) => return runtime.block_on(commands::run::execute(store, arguments, output)),
        Command::Submit(arguments) => {
            runtime.block_on(commands::submit::execute(store, arguments, output))?;
        }
        Command::Daemon(arguments) => {
            return runtime.block_on(commands::daemon::execute(store, arguments, output));
        }
        Command::Queue(arguments) => {
            return runtime.block_on(commands::queue::execute(store, arguments, output));
        }
        Command::Watch(arguments) => runtime.block_on(commands::watch::execute(store, arguments, output))?,
        Command::Plan(arguments) => commands::plan::execute(arguments, output)?,
        Command::Schema => commands::schema::execute()?,
        Command::Backbones => commands::backbones::execute(output)?,
        Command::Losses => commands::losses::execute(output)?,
        Command::Doctor => return commands::doctor::execute(output),
        Command::Data(command) => commands::data::execute(store, command, output)?,
        Command::Test(arguments) => commands::test::execute(store, arguments, output)?,
        Command::Compare(arguments) => {
            runtime.block_on(commands::compare::execute(store, arguments, output))?;
        }
        Command::Audit(arguments) => {
            return runtime.block_on(commands::audit::execute(store, arguments, output));
        }
        Command::Errors(arguments) => {
            runtime.block_on(commands::errors::execute(store, arguments, output))?;
        }
        Command::Slices(arguments) => {
            runtime.block_on(commands::slices::execute(store, arguments, output))?;
        }
        Command::Report(arguments) => {
            runtime.block_on(commands::report::execute(store, arguments, output))?;
        }
        Command::History(arguments) => {
            runtime.block_on(commands::history::execute(store, arguments, output))?;
        }
        Command::Fsck(arguments) => {
            return runtime.block_on(commands::fsck::execute(store, arguments, output));
        }
        Command::Gc(arguments) => return runtime.block_on(commands::gc::execute(store, arguments, output)),
        Command::Backup(arguments) => {
            runtime.block_on(commands::backup::execute(store, arguments, output))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what went wrong, once, with its whole chain.
fn fail(error: &anyhow::Error, output: Output) -> ExitCode {
    if let Some(wrong) = error.downcast_ref::<arclab_spec::SpecErrors>() {
        let count = wrong.all().len();
        output.error(format_args!(
            "{wrong}\n\n{count} mistake{}; nothing was run",
            if count == 1 { "" } else { "s" }
        ));
        return ExitCode::from(2);
    }
    // What of the command line cannot be told before a part of it is read.
    if let Some(wrong) = error.downcast_ref::<clap::Error>() {
        output.error(wrong.to_string().trim_end());
        return ExitCode::from(2);
    }
    // One line a cause; what an error repeats of its source is said once.
    output.error(format_args!("error: {error}"));
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let text = cause.to_string();
        if !last.ends_with(&text) {
            output.error(format_args!("  because: {text}"));
        }
        last = text;
    }
    ExitCode::FAILURE
}
