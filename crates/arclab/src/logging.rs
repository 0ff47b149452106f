//! Log lines on standard error.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// Begins logging: warnings by default, more with `-v`, or as `ARCLAB_LOG` says.
pub(crate) fn begin(verbose: u8, quiet: bool, colour: bool) {
    let level = match (quiet, verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, _) => LevelFilter::DEBUG,
    };
    let filter =
        EnvFilter::builder().with_default_directive(level.into()).with_env_var("ARCLAB_LOG").from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .without_time()
        .with_target(false)
        .log_internal_errors(false)
        .init();
}
