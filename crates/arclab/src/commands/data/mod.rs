//! `arclab data`: sets of images, looked at, named and written in other forms.

mod align;
mod check;
mod export;
mod fetch;
mod import;
mod inspect;
mod naming;
mod preview;

use std::path::{Path, PathBuf};

use anyhow::bail;
use arclab_fetch::public_sets;
use arclab_spec::{Catalogue, Override};
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
    /// Bring faces in photos to the template that networks expect: eyes, nose and mouth at the same places in every image.
    ///
    /// Five points of each face, detected or from a file, are brought to those of InsightFace's crops by turning, scaling and moving
    /// the photo. Crops are written into a folder with the photos' names, which gets a name for specs; photos that give none are
    /// listed with the reason, there in dropped.csv, too. Crops of the size asked for that are aligned already are passed on as they
    /// are. A photo is brought to the detector's size, 320 pixels, and looked at once more in parts where nothing was found: so a face is
    /// missed that is smaller than about a fiftieth of the photo's longer side.
    ///
    /// The folder is there whole or not at all: until then it is DIR.PID.tmp beside its place, which a killed command leaves there and
    /// which may be removed; where it was to replace another, that one may be in it, as `old`.
    #[command(after_help = FORMS)]
    Align(align::AlignArgs),
    /// Give a set of images a name, by which specs find it: `data: {dataset: NAME}`.
    ///
    /// Names and paths are kept in a catalogue, `datasets.yaml`, which specs beside and below it look into. All else in the
    /// catalogue stays as it is, comments included.
    #[command(after_help = FORMS)]
    Import(ImportArgs),
    /// Bring a public set from its hosts, whole: LFW, and the detector of faces. Without a name, list what there is.
    ///
    /// What came is kept when a host stalls or the command is stopped, and the same command goes on from there. A file counts
    /// only with the size and the SHA-256 that are listed. The set then has its name in the catalogue, as by `data import`.
    Fetch(FetchArgs),
    /// Write a set of images in another form.
    ///
    /// Encoded images are passed on as they are, unless `--encode png` asks for others.
    Export(ExportArgs),
    /// Draw what training would see of a spec's images, with `data.augment`: a row an image, first as it is, then as it is in
    /// each of the first epochs.
    ///
    /// Images are prepared as for a run, and changed as the run with the spec's first seed changes them; with `training.sampler`, in
    /// the same ways, but by other draws, since an image may come several times in an epoch there.
    Preview(PreviewArgs),
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
    /// Also write a page with the images of what was found, side by side: a file that ends in .html, or `index.html` in a folder. It
    /// opens without a server.
    #[arg(long, value_name = "FILE|DIR")]
    html: Option<PathBuf>,
    /// End with 1 where something is wrong, rather than a hint: files that are no image, names without one, other lines that a run
    /// refuses, files of several people, images or people that train and test.
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

/// `arclab data fetch`.
#[derive(Debug, Args)]
pub(crate) struct FetchArgs {
    /// The set to bring.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The folder to bring it to; `data/NAME`, or the user's cache folder for what is no set of images.
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
    /// Another list of public sets, in the form of `crates/fetch/public.yaml`: of a laboratory's own hosts, say.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Ask anew, or the next host, where nothing comes for so long.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    patience: u64,
    /// The catalogue to add it to; `experiments/datasets.yaml` where there is a folder `experiments`, else `datasets.yaml`.
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// Give the name another path than it has.
    #[arg(long)]
    replace: bool,
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

/// `arclab data preview`.
#[derive(Debug, Args)]
pub(crate) struct PreviewArgs {
    /// The spec.
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// The PNG file to write; `-` for standard output.
    #[arg(long, value_name = "FILE")]
    png: PathBuf,
    /// Training images, evenly spread.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    images: u32,
    /// Epochs.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    epochs: u32,
    /// Set a key of the spec, such as `--set 'data.augment.blur={max: 2}'`; the value is YAML. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<Override>,
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
        DataCommand::Align(arguments) => align::execute(store, arguments, output),
        DataCommand::Import(arguments) => import::execute(store, arguments, output),
        DataCommand::Fetch(arguments) => fetch::execute(arguments, output),
        DataCommand::Export(arguments) => export::execute(store, arguments, output),
        DataCommand::Preview(arguments) => preview::execute(store, arguments, output),
    }
}

/// The path that is meant: what the catalogue has under that name, or what lies there.
fn named(text: &Path, catalogue: Option<&Path>) -> anyhow::Result<PathBuf> {
    let Some(name) = name_of(text) else { return Ok(text.to_owned()) };
    let file = catalogue_of(text, catalogue);
    let known = match file.as_deref().map(|file| Catalogue::read(file)?.path(name)) {
        // What lies there is meant, whatever is wrong with a catalogue that may not name it.
        Some(Err(_)) | None if text.exists() => None,
        Some(known) => known?,
        None => None,
    };
    match known {
        Some(path) if text.exists() && naming::real(&path) != naming::real(text) => bail!(
            "{name} is a path here, and a name for {}: write ./{name} for the path, or give the set another name",
            path.display()
        ),
        Some(path) => Ok(path),
        None if text.exists() => Ok(text.to_owned()),
        None => bail!("{}", nothing(name, file.as_deref())),
    }
}

/// Says that `name` is neither a path nor a name in the catalogue `file`, and what would be.
fn nothing(name: &str, file: Option<&Path>) -> String {
    let names = file.and_then(|file| {
        let catalogue = Catalogue::read(file).ok()?;
        Some(format!("{} has the names {}", file.display(), catalogue.names().join(", ")))
    });
    let names = names.unwrap_or_else(|| format!("no `{}` in which it could be a name", Catalogue::FILE));
    let is_public = public_sets(None).is_ok_and(|sets| sets.iter().any(|set| set.name == name));
    let fetch = if is_public { format!("; `arclab data fetch {name}` brings it") } else { String::new() };
    format!("there is nothing at {name}, and {names}{fetch}")
}

/// `text` where it can be a name.
fn name_of(text: &Path) -> Option<&str> {
    text.to_str().filter(|name| Catalogue::is_name(name))
}

/// The catalogue in which `text` is looked for, if it can be a name.
fn catalogue_of(text: &Path, catalogue: Option<&Path>) -> Option<PathBuf> {
    name_of(text)?;
    let beside = Path::new("experiments").join(Catalogue::FILE);
    let usual = || if beside.is_file() { Some(beside) } else { Catalogue::nearest(Path::new(".")) };
    catalogue.map(Path::to_owned).or_else(usual)
}
