//! What can be said on the command line.

use std::path::{Path, PathBuf};

use anyhow::bail;
use arclab_data::Attribute;
use arclab_metrics::Unit;
use arclab_report::{ErrorKind, TableOptions};
use arclab_spec::{ExperimentName, Override, ProtocolName};
use arclab_store::{Filter, Sort};
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::{
    commands::{
        data::DataCommand,
        queue::{self, QueueArgs},
    },
    figure_file::FigureFile,
};

/// Runs face-verification experiments: declare variants in YAML, train them, and see which is better, on which
/// pairs, and whether the difference is more than chance.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 110, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub(crate) global: Global,
}

const AFTER_HELP: &str = "\
Begin with:
  arclab plan experiments/                        what would run, and how each variant differs
  arclab run experiments/                         train what has not been trained, print the tables
  arclab submit experiments/                      the same by a daemon: `arclab daemon` works the queue
  arclab compare baseline grayscale               the tables again, from the store
  arclab report --out report/                     all of it as page, Markdown, figures and tables

Exit codes: 0 done; 1 a run or the command failed; 2 the command line or a spec is wrong; 130 interrupted.";

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Folder of the database, run folders and caches.
    #[arg(long, global = true, value_name = "DIR", env = "ARCLAB_STORE", default_value = ".arclab")]
    pub(crate) store: PathBuf,
    /// Form of the tables; aligned text where none is named.
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<FormatName>,
    /// Short for `--format json`.
    #[arg(long, global = true, conflicts_with = "format")]
    pub(crate) json: bool,
    /// Colours in tables and messages.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
    /// Say more on standard error; twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// No progress and no notes; errors still show.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Form of a printed table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
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
pub(crate) enum Command {
    /// Train and test what the specs ask for, then print the comparison tables.
    ///
    /// A run whose plan has already succeeded is not run again. Ctrl-C stops after a checkpoint, a second Ctrl-C at
    /// once; the same command goes on from there. A run comes after what its spec says now (`queue.after`), and no longer after
    /// what `arclab submit --after` said.
    Run(RunArgs),
    /// Put what the specs ask for in the queue, for a daemon to carry out.
    ///
    /// Plans as `arclab run` does, and returns at once. A run whose plan has already succeeded is not queued again.
    Submit(SubmitArgs),
    /// Work the queue until stopped; one a store.
    ///
    /// Ctrl-C or SIGTERM stops after checkpoints, a second one at once, and the exit code is 0, as of a service that was told to
    /// stop; the next daemon goes on from there. Commands on the same store may submit, change the queue and read results meanwhile, and `arclab run` waits for the daemon.
    Daemon(DaemonArgs),
    /// List the queue, or call runs off, try them again, pause, resume, reprioritise or move them.
    Queue(QueueArgs),
    /// Watch the queue and the runs at work, drawn anew each second; q or Ctrl-C leaves, and stops nothing.
    Watch(WatchArgs),
    /// Show what would run and how each variant differs from its parent; runs nothing.
    Plan(PlanArgs),
    /// Print the JSON Schema of specs, for editors.
    Schema,
    /// List the losses that specs can name: formulas, sources, and parameters with defaults and ranges.
    Losses,
    /// List the backbones that specs can name: sizes, parameters, multiplications and sources.
    Backbones,
    /// Say what this machine has for training: CPU, GPUs, NVIDIA's libraries, and what installs those that are missing.
    ///
    /// Exits with 0 where runs on the CPU work, be there a GPU or not.
    Doctor,
    /// Look at sets of images, name them for specs, and write them in other forms.
    #[command(subcommand)]
    Data(DataCommand),
    /// Test weights at hand on labelled pairs.
    Test(TestArgs),
    /// Print the comparison tables of variants from the store.
    Compare(CompareArgs),
    /// List the pairs that a run decides wrongly, the most wrong first, or what another run mends and breaks.
    Errors(ErrorsArgs),
    /// Cut a pair list by how much the images of a pair differ: error rates in each slice, and whether they rise.
    Slices(SlicesArgs),
    /// List pairs and training images whose label the evidence contradicts.
    ///
    /// Pairs are judged by the scores that runs gave them: a pair is listed where all runs decide against its label.
    /// Training images are judged by runs that were trained without them, which `--training` plans and carries out as
    /// `arclab run` would, so that the same command goes on where it was stopped.
    Audit(AuditArgs),
    /// Write a report of variants to hand on: page, Markdown, figures as SVG and PNG, tables, and where the numbers come from.
    ///
    /// Everything is read from the store; nothing is trained. Prints the files that were written, which replace those of an
    /// earlier report.
    Report(ReportArgs),
    /// List runs with state, accuracy, false positives and negatives, and duration.
    History(HistoryArgs),
    /// Check the store against itself and the runs' folders, and repair what is safe.
    ///
    /// Looks at the database (its file, and what its rows refer to), at runs that count as running without a worker, at
    /// journals that do not fit what is stored of them, at folders, weights, results and scores that are missing or damaged, at
    /// plans that cannot be read, and has the worker read all checkpoints back. Of each fault the table says what repairing does, or what is to
    /// be decided by a person. Exits with 1 where something is wrong and stays so.
    #[command(after_help = FSCK_HELP)]
    Fsck(FsckArgs),
    /// List what in the store nothing refers to, with its size; with `--yes` also remove it.
    ///
    /// Folders of no run, checkpoints of runs that have succeeded, caches of data that no plan is over, splits of audits that no
    /// plan has, folders of jobs on a cluster that are over, half-written files, and rows of the database. While another arclab
    /// or a worker is at work in the store, only folders of no run and checkpoints go. Folders of runs that the database does not have stay, unless they are asked for.
    Gc(GcArgs),
    /// Copy the database into one file, whole and of one moment, also while runs are at work.
    #[command(after_help = BACKUP_HELP)]
    Backup(BackupArgs),
}

const FSCK_HELP: &str = "\
Begin with:
  arclab fsck                        what is wrong; changes nothing
  arclab fsck --repair               repairs what can be repaired without losing anything
  arclab fsck --json                 the same for programs";

const BACKUP_HELP: &str = "\
To go back to one:
  arclab backup before.db                                       one file, the database
  mkdir restored && cp before.db restored/arclab.db             a store of its own, without weights and checkpoints
  arclab --store restored compare
  arclab backup copy --with-runs                                a whole store, but for decoded images
  arclab --store copy run experiments/                          goes on from there";

/// `arclab fsck`.
#[derive(Debug, Args)]
pub(crate) struct FsckArgs {
    /// Repair what can be repaired without losing anything. Nobody may be at work in the store.
    #[arg(long)]
    pub(crate) repair: bool,
}

/// `arclab gc`.
#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// Remove what is listed.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Also folders of runs that the database does not have, since they are of another one or of a later state. Nothing else
    /// may have what they hold.
    #[arg(long)]
    pub(crate) unknown_runs: bool,
}

/// `arclab backup`.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The copy: a file, or with `--with-runs` a folder.
    #[arg(value_name = "FILE")]
    pub(crate) place: PathBuf,
    /// Also copy the runs' folders (weights, checkpoints, journals, logs): FILE becomes a folder that is a store itself.
    #[arg(long)]
    pub(crate) with_runs: bool,
    /// Replace an earlier copy; a store that runs were carried out in is never replaced.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Which specs, changed how.
#[derive(Debug, Args)]
pub(crate) struct SpecArgs {
    /// Spec files, or folders: of a folder, the specs directly in it.
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<PathBuf>,
    /// Set a key of every spec, such as `--set loss.margin=0.3`; the value is YAML. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) overrides: Vec<Override>,
}

/// Who carries runs out, whatever the specs say.
#[derive(Debug, Args)]
pub(crate) struct ExecutorArgs {
    /// Who carries runs out, whatever the specs say (`resources.executor`): this machine, or a cluster through Slurm.
    #[arg(long, value_enum, value_name = "WHO")]
    pub(crate) executor: Option<ExecutorName>,
    /// What each job asks Slurm for, beside what the specs say: `--slurm partition=gpu --slurm gres=gpu:1 --slurm time=4h`. Keys
    /// are those of `resources.executor.slurm`. May be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = slurm_key)]
    pub(crate) slurm: Vec<Override>,
}

/// Who carries runs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExecutorName {
    /// This machine.
    Local,
    /// A cluster, on whose nodes the store's folder lies, too.
    Slurm,
}

fn slurm_key(text: &str) -> Result<Override, String> {
    let over = format!("resources.executor.slurm.{text}").parse::<Override>();
    over.map_err(|_| "write one key and its value, such as `partition=gpu`".to_owned())
}

impl ExecutorArgs {
    /// The same as `--set` would say it, on top of what that says.
    pub(crate) fn overrides(&self, specs: &SpecArgs) -> anyhow::Result<Vec<Override>> {
        let set = match self.executor {
            Some(ExecutorName::Local) if !self.slurm.is_empty() => {
                let message = "`--slurm` has no effect beside `--executor local`";
                return Err(Cli::command().error(clap::error::ErrorKind::ArgumentConflict, message).into());
            }
            Some(ExecutorName::Local) => Some("resources.executor=local"),
            // What the specs say of Slurm stays.
            Some(ExecutorName::Slurm) => Some("resources.executor.slurm={}"),
            None => None,
        };
        let mut overrides = specs.overrides.clone();
        overrides.extend(set.map(str::parse::<Override>).transpose()?);
        overrides.extend(self.slurm.iter().cloned());
        Ok(overrides)
    }
}

/// `arclab run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Which specs.
    #[command(flatten)]
    pub(crate) specs: SpecArgs,
    /// Who carries them out.
    #[command(flatten)]
    pub(crate) executor: ExecutorArgs,
    /// Runs carried out at once; by default as many as the threads and GPUs allow.
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<std::num::NonZeroU32>,
    /// Run even what has already succeeded, or was stopped early by its sweep, from the start.
    #[arg(long)]
    pub(crate) force: bool,
    /// Name of the experiment, which is otherwise that of the specs' folder.
    #[arg(long, value_name = "NAME")]
    pub(crate) experiment: Option<ExperimentName>,
    /// How the tables look.
    #[command(flatten)]
    pub(crate) tables: TableArgs,
}

/// `arclab submit`.
#[derive(Debug, Args)]
pub(crate) struct SubmitArgs {
    /// Which specs.
    #[command(flatten)]
    pub(crate) specs: SpecArgs,
    /// Who carries them out.
    #[command(flatten)]
    pub(crate) executor: ExecutorArgs,
    /// The larger goes first; a level is worth an hour of waiting. By default what the specs say (`queue.priority`).
    #[arg(long, value_name = "PRIORITY", allow_negative_numbers = true, value_parser = queue::priority)]
    pub(crate) priority: Option<f64>,
    /// Begin only once this run, or all runs of this variant, have succeeded; beside what the specs say (`queue.after`). May be
    /// repeated. What an earlier command said counts no more.
    #[arg(long, value_name = "RUN")]
    pub(crate) after: Vec<arclab_spec::VariantName>,
    /// Queue even what has already succeeded, or was stopped early by its sweep, from the start.
    #[arg(long)]
    pub(crate) force: bool,
    /// Name of the experiment, which is otherwise that of the specs' folder.
    #[arg(long, value_name = "NAME")]
    pub(crate) experiment: Option<ExperimentName>,
}

/// `arclab daemon`.
#[derive(Debug, Args)]
pub(crate) struct DaemonArgs {
    /// Runs carried out at once; by default as many as the threads and GPUs allow.
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<std::num::NonZeroU32>,
}

/// `arclab watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Show it once, and leave.
    #[arg(long)]
    pub(crate) once: bool,
}

/// `arclab plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Which specs.
    #[command(flatten)]
    pub(crate) specs: SpecArgs,
}

/// What comparison tables show.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ShownArgs {
    /// Show the figures of the report that arclab grew out of beside the measured ones.
    #[arg(long)]
    pub(crate) reported: bool,
    /// What intervals of single runs are drawn over: people with all their pairs, or pairs as if they were independent.
    #[arg(long, value_enum, value_name = "UNIT", default_value = "identities")]
    pub(crate) intervals: Intervals,
}

/// What comparison tables show, and where else they go.
#[derive(Debug, Args)]
pub(crate) struct TableArgs {
    /// What they show.
    #[command(flatten)]
    pub(crate) shown: ShownArgs,
    /// Also write a page with the tables, training curves and score histograms; opens without a server.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// What a bootstrap draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Intervals {
    /// Pairs of one person come and go together.
    Identities,
    /// Too narrow where pairs share people.
    Pairs,
}

impl From<ShownArgs> for TableOptions {
    fn from(shown: ShownArgs) -> Self {
        Self { reported: shown.reported }
    }
}

impl From<Intervals> for Unit {
    fn from(intervals: Intervals) -> Self {
        match intervals {
            Intervals::Identities => Self::Identities,
            Intervals::Pairs => Self::Pairs,
        }
    }
}

impl TableArgs {
    /// Before hours of training, and not after them.
    pub(crate) fn refuse_lost_page(&self) -> anyhow::Result<()> {
        let Some(file) = &self.html else { return Ok(()) };
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            bail!("there is no folder {} for the page of `--html`", folder.display());
        }
        Ok(())
    }
}

fn cosine(text: &str) -> Result<f64, String> {
    let cosine = text.parse::<f64>().ok().filter(|cosine| (-1.0..=1.0).contains(cosine));
    cosine.ok_or_else(|| "a cosine similarity is a number from -1 to 1".to_owned())
}

/// `arclab test`.
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Weights: a run's `weights.safetensors`, or any under InsightFace's names, as safetensors or a `.pth` of PyTorch's.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: PathBuf,
    /// `closed`, `open`, another protocol of the spec, or a file of labelled pairs (CSV, LFW's `pairs.txt`, or a verification set
    /// such as `lfw.bin`, which has its images).
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: String,
    /// The images, in any form: those that a file of pairs names, or others to split as the weights' own were.
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Option<PathBuf>,
    /// Spec that says which data and protocols; by default what the weights were trained with.
    #[arg(long, value_name = "SPEC")]
    pub(crate) spec: Option<PathBuf>,
    /// Cosine similarity above which a pair is the same person; by default the protocol's own, and 10 folds for a file of pairs.
    #[arg(long, value_name = "COSINE", allow_negative_numbers = true, value_parser = cosine)]
    pub(crate) threshold: Option<f64>,
    /// Folder for `MODE_MODEL-ID_predict.txt`.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) out: PathBuf,
    /// CPU threads; all cores by default.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<std::num::NonZeroU32>,
}

/// `arclab compare`.
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// Variants, the baseline first: `baseline grayscale m0.8`. None means all of the experiment.
    #[arg(value_name = "VARIANT")]
    pub(crate) variants: Vec<arclab_spec::VariantName>,
    /// The experiment (the folder of the specs) where several have these variants; by default the one run last.
    #[arg(long, value_name = "NAME")]
    pub(crate) experiment: Option<ExperimentName>,
    /// How the tables look.
    #[command(flatten)]
    pub(crate) tables: TableArgs,
}

const AUDIT_HELP: &str = "\
Begin with:
  arclab audit                                  pairs, by all runs of the last experiment
  arclab audit baseline m0.8 --protocol open    pairs of one test, by the runs of two variants
  arclab audit --training baseline              training images, by five runs without a fifth each
  arclab audit --training experiments/baseline.yaml --set 'training.seeds=[0, 1, 2]'
                                                the same, by three runs for each fifth";

/// `arclab audit`.
#[derive(Debug, Args)]
#[command(after_help = AUDIT_HELP)]
pub(crate) struct AuditArgs {
    /// Variants whose runs judge the pairs. None means all of the experiment.
    #[arg(value_name = "VARIANT")]
    pub(crate) variants: Vec<arclab_spec::VariantName>,
    /// The experiment (the folder of the specs) where several have these variants; by default the one run last.
    #[arg(long, value_name = "NAME")]
    pub(crate) experiment: Option<ExperimentName>,
    /// Pairs of this test alone; may be repeated.
    #[arg(long = "protocol", value_name = "NAME")]
    pub(crate) protocols: Vec<ProtocolName>,
    /// Judge training images instead: those of a spec file, or of a variant as it was planned last.
    #[arg(long, value_name = "SPEC|VARIANT", conflicts_with_all = ["variants", "protocols"])]
    pub(crate) training: Option<String>,
    /// Parts that the training images are dealt into. Each is left out of one run, or of one a seed.
    #[arg(long, value_name = "K", requires = "training", default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) folds: u32,
    /// Set a key of the spec, such as `--set training.epochs=20`; the value is YAML. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "training")]
    pub(crate) overrides: Vec<Override>,
    /// Runs carried out at once; by default as many as the threads and GPUs allow.
    #[arg(short, long, value_name = "N", requires = "training")]
    pub(crate) jobs: Option<std::num::NonZeroU32>,
    /// Show so many at most; by default 50, and all in CSV and JSON.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Also draw precision and recall of the list into a `.svg` or `.png` file, of the embedded faces, where the truth is known.
    #[arg(long, value_name = "FILE")]
    pub(crate) figure: Option<FigureFile>,
}

/// `arclab errors`.
#[derive(Debug, Args)]
pub(crate) struct ErrorsArgs {
    /// A run, or a variant, of which the first seed is then meant.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Another run or variant: the pairs that it decides rightly and RUN does not, and the other way round.
    #[arg(long, value_name = "RUN")]
    pub(crate) against: Option<String>,
    /// The test; `open` where there is one.
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<ProtocolName>,
    /// Only false positives, or only false negatives.
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) kind: Option<KindName>,
    /// Show so many at most: 50 for people, all in CSV and JSON, where nothing is said.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Also write `DIR/index.html`: image pairs side by side with scores, thresholds and attributes, and filters; opens without a
    /// server.
    #[arg(long, value_name = "DIR")]
    pub(crate) html: Option<PathBuf>,
    /// Also write a contact sheet of the pairs.
    #[arg(long, value_name = "FILE")]
    pub(crate) png: Option<PathBuf>,
    /// The experiment of the variants, where several have them; by default the one run last.
    #[arg(long, value_name = "NAME")]
    pub(crate) experiment: Option<ExperimentName>,
}

/// In which way a pair is decided wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindName {
    /// False positives: different people, called the same.
    Fp,
    /// False negatives: the same person, called different.
    Fn,
}

impl From<KindName> for ErrorKind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Fp => Self::FalsePositive,
            KindName::Fn => Self::FalseNegative,
        }
    }
}

/// `arclab slices`.
#[derive(Debug, Args)]
pub(crate) struct SlicesArgs {
    /// Runs or variants; a variant stands for all its seeds. None means all variants of the experiment.
    #[arg(value_name = "RUN")]
    pub(crate) runs: Vec<String>,
    /// By what: the difference of an attribute of both images. Measured are `colour_temperature_gap`, `brightness_gap`,
    /// `contrast_gap`, `saturation_gap` and `blur_gap`; of the embedded faces is known `drawn_colour_temperature_gap`, and likewise
    /// `drawn_` exposure, light, yaw, pitch, smile, blur, noise and occlusion.
    #[arg(long, value_name = "ATTRIBUTE_gap")]
    pub(crate) by: Gap,
    /// Also draw the rates into this folder, as SVG and PNG.
    #[arg(long, value_name = "DIR")]
    pub(crate) figures: Option<PathBuf>,
    /// Slices, of as many pairs each.
    #[arg(long, value_name = "N", default_value = "5")]
    pub(crate) bins: std::num::NonZeroUsize,
    /// The test; by default each.
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<ProtocolName>,
    /// The experiment of the variants, where several have them; by default the one run last.
    #[arg(long, value_name = "NAME")]
    pub(crate) experiment: Option<ExperimentName>,
}

/// The difference of an attribute, as `blur_gap`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gap(pub(crate) Attribute);

impl std::str::FromStr for Gap {
    type Err = arclab_data::UnknownAttribute;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_suffix("_gap").unwrap_or(text).parse().map(Self)
    }
}

/// `arclab report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Variants, the baseline first, or single runs of them by their names in `arclab history`. None means all variants of the
    /// experiment.
    #[arg(value_name = "RUN")]
    pub(crate) runs: Vec<String>,
    /// By what errors are sliced, as `arclab slices --by` has it.
    #[arg(long, value_name = "ATTRIBUTE_gap", default_value = "colour_temperature_gap")]
    pub(crate) by: Gap,
    /// Folder for `report.html`, `report.md`, `figures/` and `tables/`; made if it is not there. Other files in it stay.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The experiment (the folder of the specs) where several have these variants; by default the one run last.
    #[arg(long, value_name = "NAME")]
    pub(crate) experiment: Option<ExperimentName>,
    /// How the tables look.
    #[command(flatten)]
    pub(crate) shown: ShownArgs,
}

/// `arclab history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Show only runs that fit, such as `variant=baseline`, `state=failed`, `open.accuracy>0.7`; repeat to narrow.
    #[arg(long = "where", value_name = "CONDITION")]
    pub(crate) conditions: Vec<Filter>,
    /// Column to sort by, such as `open.accuracy:desc` or `duration`; the newest first where none is named.
    #[arg(long, value_name = "COLUMN[:desc]", allow_hyphen_values = true)]
    pub(crate) sort: Option<Sort>,
    /// Show so many at most.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: u32,
}
