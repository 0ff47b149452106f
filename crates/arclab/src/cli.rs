//! What can be said on the command line.

use std::path::PathBuf;

use arclab_spec::{ExperimentName, Override};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Runs face-verification experiments: declare variants in YAML, train them, and see which is better, on which
/// pairs, and whether the difference is more than chance.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 110, after_help = AFTER_HELP)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

const AFTER_HELP: &str = "\
Begin with:
  arclab plan experiments/                        what would run, and how each variant differs
  arclab run experiments/                         train what has not been trained, print the tables
  arclab compare baseline grayscale               the tables again, from the store

Exit codes: 0 done; 1 a run or the command failed; 2 the command line or a spec is wrong; 130 interrupted.";

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Folder of the database, run folders and caches.
    #[arg(long, global = true, value_name = "DIR", env = "ARCLAB_STORE", default_value = ".arclab")]
    pub store: PathBuf,
    /// Form of the tables; aligned text where none is named.
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    pub format: Option<FormatName>,
    /// Short for `--format json`.
    #[arg(long, global = true, conflicts_with = "format")]
    pub json: bool,
    /// Colours in tables and messages.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Say more on standard error; twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// No progress and no notes; errors still show.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Form of a printed table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatName {
    /// A table for README files and notebooks.
    Markdown,
    /// Comma-separated values, one table after another.
    Csv,
    /// `booktabs` tables for a paper.
    Latex,
    /// Numbers as they are, for programs.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train and test what the specs ask for, then print the comparison tables.
    ///
    /// A run whose plan has already succeeded is not run again. Ctrl-C stops after a checkpoint, a second Ctrl-C at
    /// once; the same command goes on from there.
    Run(RunArgs),
    /// Show what would run and how each variant differs from its parent; runs nothing.
    Plan(PlanArgs),
    /// Print the JSON Schema of specs, for editors.
    Schema,
    /// Test weights at hand on labelled pairs.
    Test(TestArgs),
    /// Print the comparison tables of variants from the store.
    Compare(CompareArgs),
    /// List runs with state, accuracy, false positives and negatives, and duration.
    History(HistoryArgs),
}

/// Which specs, changed how.
#[derive(Debug, Args)]
pub struct SpecArgs {
    /// Spec files, or folders: of a folder, the specs directly in it.
    #[arg(required = true, value_name = "SPEC")]
    pub specs: Vec<PathBuf>,
    /// Set a key of every spec, such as `--set loss.margin=0.3`; the value is YAML. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<Override>,
}

/// `arclab run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Which specs.
    #[command(flatten)]
    pub specs: SpecArgs,
    /// Runs carried out at once; by default as many as the threads and GPUs allow.
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroU32>,
    /// Run even what has already succeeded.
    #[arg(long)]
    pub force: bool,
    /// How the tables look.
    #[command(flatten)]
    pub tables: TableArgs,
}

/// `arclab plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Which specs.
    #[command(flatten)]
    pub specs: SpecArgs,
}

/// What comparison tables show, and where else they go.
#[derive(Debug, Args)]
pub struct TableArgs {
    /// Show the figures of the report that arclab grew out of beside the measured ones.
    #[arg(long)]
    pub reported: bool,
    /// Also write a page with the tables, training curves and score histograms; opens without a server.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// `arclab test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Weights as safetensors: a run's `weights.safetensors`, or any under InsightFace's names.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: PathBuf,
    /// `closed`, `open`, another protocol of the spec, or a file of labelled pairs (CSV or LFW's `pairs.txt`).
    #[arg(long, value_name = "MODE")]
    pub mode: String,
    /// Folder of the images that a file of pairs names.
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Spec that says which data and protocols; by default what the weights were trained with.
    #[arg(long, value_name = "SPEC")]
    pub spec: Option<PathBuf>,
    /// Cosine similarity above which a pair is the same person; by default what the weights carry, else by k folds.
    #[arg(long, value_name = "COSINE", allow_negative_numbers = true)]
    pub threshold: Option<f64>,
    /// Folder for `MODE_MODEL-ID_predict.txt`.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub out: PathBuf,
    /// CPU threads; all cores by default.
    #[arg(long, value_name = "N")]
    pub threads: Option<std::num::NonZeroU32>,
}

/// `arclab compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Variants, the baseline first: `baseline grayscale m0.8`. None means all of the experiment.
    #[arg(value_name = "VARIANT")]
    pub variants: Vec<arclab_spec::VariantName>,
    /// The experiment (the folder of the specs) where several have these variants; by default the one run last.
    #[arg(long, value_name = "NAME")]
    pub experiment: Option<ExperimentName>,
    /// How the tables look.
    #[command(flatten)]
    pub tables: TableArgs,
}

/// `arclab history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Show only runs that fit, such as `variant=baseline`, `state=failed`, `open.accuracy>0.7`; repeat to narrow.
    #[arg(long = "where", value_name = "CONDITION")]
    pub conditions: Vec<String>,
    /// Column to sort by; `-` before it for descending.
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// Show so many at most.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: u32,
}
