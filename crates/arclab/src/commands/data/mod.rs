//! `arclab data`: sets of images, looked at, named and written in other forms.

mod check;
mod export;
mod import;
mod inspect;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use arclab_spec::Catalogue;
use clap::{Args, Subcommand, ValueEnum};

use crate::output::Output;

const FORMS: &str = "\
Images come in these forms, found out by looking:
  FOLDER               one sub-folder a person, as LFW has it; JPEG, PNG, PGM
  list.csv             a CSV list with the columns path,identity; paths are relative to it
  train.rec            InsightFace's RecordIO, or the folder that holds it; train.idx beside it is used where it is there
  lfw.bin              InsightFace's verification set: images and pairs
  x.tar, .tar.gz, .zip a folder with one sub-folder a person, at any depth";

const CHECKS: &str = "\
Such as:
  arclab data check photos                                       what the images show by themselves
  arclab data check photos --html check/                         the same as a page with the images
  arclab data check photos --model baseline-s0-1a2b3c4d          also people who may be one
  arclab data check --spec experiments/baseline.yaml             also what its training and tests have in common
  arclab data check ms1m --pairs lfw.bin                         whether images of a test are in a training set";

/// What to do with data.
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Say what a set of images or a list of pairs is: form, counts, a sample of sizes and formats, and what is wrong.
    ///
    /// Nothing is decoded: headers of a sample of the images are read.
    #[command(after_help = FORMS)]
    Inspect(InspectArgs),
    /// Look for what may be wrong with a set of images: files that are none, copies within and across people, photos that look the
    /// same, grey among colour, small ones, people with one photo; with a network, people who may be one; with a split and pairs,
    /// what training and tests have in common.
    ///
    /// Images are decoded into the store's cache the first time, at the size of the spec, else at 112 pixels. The command ends with
    /// 0 whatever it finds, unless `--strict`.
    #[command(after_help = CHECKS)]
    Check(CheckArgs),
    /// Give a set of images a name, by which specs find it: `data: {dataset: NAME}`.
    ///
    /// Names and paths are kept in a catalogue, `datasets.yaml`, which specs beside and below it look into. All else in the
    /// catalogue stays as it is, comments included.
    #[command(after_help = FORMS)]
    Import(ImportArgs),
    /// Write a set of images in another form.
    ///
    /// Encoded images are passed on as they are, unless `--encode png` asks for others.
    Export(ExportArgs),
}

/// `arclab data inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The folder or file, or a name in the catalogue.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Read the headers of so many images, evenly spread.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    sample: usize,
    /// The catalogue of names; by default `experiments/datasets.yaml`, or `datasets.yaml` here or above.
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
}

/// `arclab data check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The folder or file, or a name in the catalogue; by default the spec's.
    #[arg(value_name = "PATH", required_unless_present = "spec")]
    path: Option<PathBuf>,
    /// Also look for people who may be one, by the embeddings of a run, or of a `.safetensors` file that arclab wrote. Best is a
    /// network that these people did not train: one that they trained was taught to tell them apart.
    #[arg(long, value_name = "RUN|WEIGHTS")]
    model: Option<String>,
    /// Also look for what training and tests have in common: by this spec's split and lists of pairs.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["split", "pairs", "pairs_images"])]
    spec: Option<PathBuf>,
    /// The same by a split: CSV with the columns `path,identity,split`.
    #[arg(long, value_name = "FILE")]
    split: Option<PathBuf>,
    /// The same by labelled pairs: CSV, LFW's `pairs.txt`, or a verification set. May be repeated. Without a split the whole set is
    /// what trains, where the pairs' images lie elsewhere.
    #[arg(long, value_name = "FILE")]
    pairs: Vec<PathBuf>,
    /// Where the images of the pairs lie; by default in the set, or in the verification set itself.
    #[arg(long, value_name = "PATH", requires = "pairs")]
    pairs_images: Option<PathBuf>,
    /// Also write a page with the images of what was found, side by side: a file, or `index.html` in a folder. It opens without a
    /// server.
    #[arg(long, value_name = "FILE|DIR")]
    html: Option<PathBuf>,
    /// End with 1 where something is wrong, rather than a hint: files that are no image, names without one, files of several people,
    /// images or people that train and test.
    #[arg(long)]
    strict: bool,
    /// The catalogue of names; by default `experiments/datasets.yaml`, or `datasets.yaml` here or above.
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
}

/// `arclab data import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The folder or file.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// How specs will name it: letters, digits, `.`, `-` and `_`.
    #[arg(long = "as", value_name = "NAME")]
    name: String,
    /// The catalogue to add it to; `experiments/datasets.yaml` where there is a folder `experiments`, else `datasets.yaml`.
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// Give the name another path than it has.
    #[arg(long)]
    replace: bool,
    /// Under which licence the set may be used; noted in the catalogue.
    #[arg(long, value_name = "TEXT")]
    licence: Option<String>,
    /// Where it comes from; noted in the catalogue.
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,
}

/// `arclab data export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The folder or file, or a name in the catalogue.
    #[arg(value_name = "NAME|PATH")]
    set: PathBuf,
    /// The form to write.
    #[arg(long = "as", value_enum, value_name = "FORM")]
    form: FormName,
    /// The folder to make; of `bin`, the file.
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// Of `bin`: the pairs to write, as CSV or LFW's `pairs.txt`.
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
    /// How images are written.
    #[arg(long, value_enum, value_name = "HOW", default_value = "keep")]
    encode: EncodingName,
    /// Of `--encode png`: bring each image to this side in pixels, cropped as runs crop it.
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(8..=4096))]
    size: Option<u32>,
    /// The catalogue of names; by default `experiments/datasets.yaml`, or `datasets.yaml` here or above.
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
}

/// A form to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormName {
    /// A folder with `train.rec`, `train.idx`, `train.lst` and `property`, as `InsightFace` reads them.
    Recordio,
    /// One sub-folder a person.
    Folders,
    /// A verification set: images and pairs.
    Bin,
}

/// How images are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EncodingName {
    /// As they are.
    Keep,
    /// As PNG, without loss of what was decoded.
    Png,
}

/// Carries `command` out.
pub(crate) fn execute(store: &Path, command: &DataCommand, output: Output) -> anyhow::Result<()> {
    match command {
        DataCommand::Inspect(arguments) => inspect::execute(store, arguments, output),
        DataCommand::Check(arguments) => check::execute(store, arguments, output),
        DataCommand::Import(arguments) => import::execute(store, arguments, output),
        DataCommand::Export(arguments) => export::execute(store, arguments, output),
    }
}

/// The path that is meant: what lies there, or what the catalogue has under that name.
fn named(text: &Path, catalogue: Option<&Path>) -> anyhow::Result<PathBuf> {
    let name = text.to_str().filter(|name| Catalogue::is_name(name) && !text.exists());
    let Some(name) = name else { return Ok(text.to_owned()) };
    let beside = Path::new("experiments").join(Catalogue::FILE);
    let usual = || if beside.is_file() { Some(beside) } else { Catalogue::nearest(Path::new(".")) };
    let Some(file) = catalogue.map(Path::to_owned).or_else(usual) else {
        bail!("there is nothing at {name}, and no `{}` in which it could be a name", Catalogue::FILE);
    };
    let catalogue = Catalogue::read(&file)?;
    let path = catalogue.path(name)?;
    path.with_context(|| match catalogue.names().as_slice() {
        [] => format!("there is nothing at {name}, and {} has no names", file.display()),
        names => {
            format!("there is nothing at {name}, and {} has the names {}", file.display(), names.join(", "))
        }
    })
}
