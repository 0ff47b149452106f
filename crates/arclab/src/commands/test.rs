//! `arclab test`: weights at hand on labelled pairs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use arclab_metrics::ThresholdPolicy;
use arclab_report::{Cell, Column, Kind, Table};
use arclab_spec::{
    Assignment, PLAN_VERSION, ProtocolName, TestReport, TestRequest,
    config::{
        Augment, ColourMode, Config, DataConfig, Dataset, DeviceRequest, PairSource, Protocol, SplitConfig,
    },
    run_folder,
};

use crate::{
    cli::TestArgs,
    output::{self, Output},
    worker,
};

/// Has a worker test the weights, and prints what it found.
pub(crate) fn execute(store: &Path, arguments: &TestArgs, output: Output) -> anyhow::Result<()> {
    if !arguments.checkpoint.is_file() {
        bail!("there is no file {} with weights", arguments.checkpoint.display());
    }
    let request = request(store, arguments)?;
    let worker = worker::find(output)?;
    worker::abilities(&worker)?;
    arclab_store::make_folder(store).with_context(|| format!("failed to make {}", store.display()))?;
    let report: TestReport = worker::ask(&worker, "test", &request, output)?;
    output::print(&table(&report).render(output.format))?;
    output.note(format_args!("wrote {}", report.predictions.display()));
    Ok(())
}

fn request(store: &Path, arguments: &TestArgs) -> anyhow::Result<TestRequest> {
    let absolute = |path: &Path| {
        std::path::absolute(path).with_context(|| format!("failed to resolve {}", path.display()))
    };
    let config = known_config(arguments)?;
    let (mode, protocol) = protocol(arguments, config.as_ref())?;
    let data = match (&arguments.data, &config) {
        // The split stays that of the weights, so that nothing they were trained on is tested.
        (Some(folder), Some(config)) => {
            DataConfig { dataset: Dataset::Folder(absolute(folder)?), ..config.data.clone() }
        }
        (Some(folder), None) => folder_alone(absolute(folder)?),
        (None, Some(config)) => config.data.clone(),
        (None, None) if arclab_data::holds_its_images(Path::new(&arguments.mode)) => {
            folder_alone(absolute(Path::new(&arguments.mode))?)
        }
        (None, None) => bail!(
            "nothing says which images are meant: name a folder with `--data`, or a spec with `--spec` (no {} lies beside the weights)",
            run_folder::PLAN
        ),
    };
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
    Ok(TestRequest {
        version: PLAN_VERSION,
        checkpoint: absolute(&arguments.checkpoint)?,
        model: config.map(|config| config.model),
        data,
        mode,
        protocol,
        device: DeviceRequest::Auto,
        threads: arguments.threads.map_or(cores, std::num::NonZeroU32::get),
        cache: absolute(&store.join("cache"))?,
        output: absolute(&arguments.out)?,
    })
}

/// The configuration that the spec names, else the one that the weights were trained with.
fn known_config(arguments: &TestArgs) -> anyhow::Result<Option<Config>> {
    if let Some(spec) = &arguments.spec {
        let mut specs = arclab_spec::read_specs(std::slice::from_ref(spec), &[])?;
        if specs.len() != 1 {
            bail!("{} stands for {} specs; name one", spec.display(), specs.len());
        }
        return Ok(specs.pop().map(|spec| spec.config));
    }
    let plan = arguments.checkpoint.with_file_name(run_folder::PLAN);
    if !plan.is_file() {
        return Ok(None);
    }
    let text = fs::read(&plan).with_context(|| format!("failed to read {}", plan.display()))?;
    let assignment: Assignment =
        serde_json::from_slice(&text).with_context(|| format!("failed to understand {}", plan.display()))?;
    Ok(Some(assignment.plan.config))
}

/// The test that `--mode` names: one of the configuration's, or a file of pairs.
fn protocol(arguments: &TestArgs, config: Option<&Config>) -> anyhow::Result<(ProtocolName, Protocol)> {
    let fixed = arguments.threshold.map(ThresholdPolicy::Fixed);
    let configured = ProtocolName::new(arguments.mode.as_str()).ok().and_then(|name| {
        let protocol = config?.evaluation.protocols.get(&name)?.clone();
        Some((name, protocol))
    });
    if let Some((name, protocol)) = configured {
        return Ok((name, Protocol { threshold: fixed.unwrap_or(protocol.threshold), ..protocol }));
    }
    let file = PathBuf::from(&arguments.mode);
    if !file.is_file() {
        let known = config
            .map(|config| config.evaluation.protocols.keys().map(ToString::to_string).collect::<Vec<_>>());
        let known = known
            .filter(|known| !known.is_empty())
            .map_or(String::new(), |known| format!("one of {}, or ", known.join(", ")));
        let known = match config {
            Some(_) => format!("write {known}the path of a pair list"),
            None => {
                "write the path of a pair list; or name a spec with `--spec`, whose protocols are then known \
                     (no plan.json of a run lies beside the weights)"
                    .to_owned()
            }
        };
        bail!("`--mode {}` is no protocol and no file: {known}", arguments.mode);
    }
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name =
        ProtocolName::new(stem).context("the pair list's file name begins the name of the predictions")?;
    let list = std::path::absolute(&file).unwrap_or(file);
    let images =
        arguments.data.as_ref().map(|folder| std::path::absolute(folder).unwrap_or_else(|_| folder.clone()));
    let threshold = fixed.unwrap_or(ThresholdPolicy::KFold { folds: 10 });
    Ok((name, Protocol { pairs: PairSource::Listed { list, images }, threshold }))
}

/// A folder of images for a pair list; no split of it is made. Size and colours are those of the weights where they say
/// them.
fn folder_alone(folder: PathBuf) -> DataConfig {
    DataConfig {
        dataset: Dataset::Folder(folder),
        split: SplitConfig::Drawn {
            open_identities: 0.5,
            closed_images: 0.5,
            validation_images: 0.5,
            seed: 0,
        },
        image_size: 112,
        colour: ColourMode::Rgb,
        augment: Augment::NONE,
    }
}

fn table(report: &TestReport) -> Table {
    let number = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let columns = vec![
        Column::new("protocol", "Protocol", Kind::Text),
        Column::new("model", "Model", Kind::Text),
        number("pairs", "Pairs"),
        number("accuracy", "Accuracy"),
        number("threshold", "Threshold"),
        number("true_positives", "TP"),
        number("false_positives", "FP"),
        number("true_negatives", "TN"),
        number("false_negatives", "FN"),
        number("auc", "AUC"),
    ];
    let mut table = Table::new("test", format!("{} on {}", report.model, report.mode), columns);
    let (evaluation, confusion) = (&report.evaluation, &report.evaluation.confusion);
    let decimal = |value: f64| Cell::Number { value, decimals: 3 };
    table.push(vec![
        Cell::text(report.mode.as_str()),
        Cell::text(report.model.as_str()),
        Cell::Count(confusion.pairs()),
        decimal(evaluation.accuracy),
        evaluation.mean_threshold().map_or(Cell::Empty, decimal),
        Cell::Count(confusion.true_positives),
        Cell::Count(confusion.false_positives),
        Cell::Count(confusion.true_negatives),
        Cell::Count(confusion.false_negatives),
        decimal(evaluation.auc),
    ]);
    if let Some(folds) = &evaluation.folds {
        table
            .notes
            .push(format!("Threshold by folds; accuracy {:.4} ± {:.4} over them.", folds.mean, folds.std));
    }
    table
}
