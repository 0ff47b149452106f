//! `arclab report`: a comparison as files to hand on.

mod images;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use arclab_report::{
    Cell, Column, Comparison, Document, Format, Kind, RunProvenance, Section, SweepResults, Table,
    TableOptions,
};
use arclab_spec::{ExperimentName, RunId, VariantName};
use arclab_store::{Store, records::RunRecord};

use crate::{
    cli::ReportArgs,
    commands::compare,
    gather::{self, Asked},
    named,
    output::{self, Output},
    sweeping,
};

/// Folders below that of the report.
const FIGURES: &str = "figures";
const TABLES: &str = "tables";

/// Writes the report of what was asked for, and prints the files that it is made of.
pub(crate) async fn execute(store: &Path, arguments: &ReportArgs, output: Output) -> anyhow::Result<()> {
    let place = store;
    let store = Store::open_existing(store).await?;
    let (experiment, asked) = asked(&store, arguments, output).await?;
    let runs: Vec<_> = asked.iter().flat_map(Asked::runs).collect();
    let runs = provenance(&store, runs).await?;
    let sweep = sweeping::results(&store, &experiment).await?;
    let (results, lists) = gather::results(&store, asked, None).await?;
    let of_images = images::sections(&store, &results, &lists, arguments.by.0, output).await;
    let comparison = Comparison::new(results, lists, arguments.shown.intervals.into());
    let made = compare::made();
    let written = format!("Written {made} from experiment {experiment} of the store {}.", place.display());
    // What a sweep has shown comes first.
    let of_sweep = sweep.iter().map(SweepResults::section);
    let others = sections(&comparison, arguments.shown.into(), of_images, &written, &runs);
    let document = Document {
        title: format!("Experiment {experiment}"),
        made,
        sections: of_sweep.chain(others).collect(),
    };
    store.close().await;
    let files = write(&document, &arguments.out)?;
    output::print(&files.render(output.format))
}

/// What the report tells, in this order.
fn sections(
    comparison: &Comparison,
    options: TableOptions,
    of_images: Vec<Section>,
    written: &str,
    runs: &[RunProvenance],
) -> Vec<Section> {
    let mut sections = comparison.report_sections(options);
    sections.extend(of_images);
    sections.push(comparison.provenance(written, runs));
    sections
}

/// The variants of one experiment, each with all runs of its newest planning, or with those of them that were named.
async fn asked(
    store: &Store,
    arguments: &ReportArgs,
    output: Output,
) -> anyhow::Result<(ExperimentName, Vec<Asked>)> {
    let (mut variants, runs) = variants_and_runs(store, &arguments.runs).await?;
    let experiment = arguments.experiment.as_ref().or(runs.first().map(|run| &run.experiment));
    let experiment = named::experiment(store, &variants, experiment, output).await?;
    if variants.is_empty() {
        variants = named::all_variants(store, &experiment).await?;
    }
    let mut asked = gather::as_stored(store, &experiment, &variants).await?;
    let is_there = |run: &&RunRecord| asked.iter().flat_map(Asked::runs).any(|(_, other)| other.id == run.id);
    if let Some(other) = runs.iter().find(|run| !is_there(run)) {
        bail!(
            "`{}` is none of the runs that `{}` of experiment `{experiment}` was planned with last; run its spec again",
            other.id,
            other.variant
        );
    }
    // A variant that is named beside one of its runs is meant whole.
    let is_alone = |run: &RunRecord| !arguments.runs.iter().any(|name| name == run.variant.as_str());
    let runs: Vec<RunId> = runs.into_iter().filter(is_alone).map(|run| run.id).collect();
    for asked in &mut asked {
        asked.keep(&runs);
    }
    Ok((experiment, asked))
}

/// The variants that are meant, each once, and those runs of them that were named.
async fn variants_and_runs(
    store: &Store,
    names: &[String],
) -> anyhow::Result<(Vec<VariantName>, Vec<RunRecord>)> {
    let (mut variants, mut runs) = (Vec::new(), Vec::new());
    for name in names {
        let mut variant = VariantName::new(name.as_str()).ok();
        if let Some(known) = &variant
            && store.experiment_of(std::slice::from_ref(known)).await?.is_empty()
        {
            variant = None;
        }
        if variant.is_none()
            && let Some(run) = named::run(store, name).await?
        {
            variant = Some(run.variant.clone());
            runs.push(run);
        }
        let Some(variant) = variant else {
            bail!("there is no variant and no run `{name}`; {}", named::known(store).await?);
        };
        if !variants.contains(&variant) {
            variants.push(variant);
        }
    }
    Ok((variants, runs))
}

async fn provenance(
    store: &Store,
    runs: Vec<(&VariantName, &RunRecord)>,
) -> anyhow::Result<Vec<RunProvenance>> {
    let mut found = Vec::with_capacity(runs.len());
    for (variant, run) in runs {
        let data = store.data_of(&run.id).await?;
        found.push(RunProvenance { variant: variant.clone(), run: run.clone(), data });
    }
    Ok(found)
}

/// Writes all files into `folder`, and says which.
fn write(document: &Document, folder: &Path) -> anyhow::Result<Table> {
    let mut files = Files::new(folder)?;
    files.write("report.html", document.page().as_bytes())?;
    files.write("report.md", document.markdown(FIGURES).as_bytes())?;
    for (name, figure) in document.figures() {
        files.write(&format!("{FIGURES}/{name}.svg"), figure.svg().as_bytes())?;
        files.write(&format!("{FIGURES}/{name}.png"), &figure.png())?;
    }
    for (name, png) in document.pictures() {
        files.write(&format!("{FIGURES}/{name}.png"), png)?;
    }
    for table in document.tables() {
        let for_people = table.without_empty_columns();
        for (ending, text) in [
            ("csv", table.render(Format::Csv)),
            ("json", table.render(Format::Json)),
            ("tex", for_people.render(Format::Latex)),
        ] {
            files.write(&format!("{TABLES}/{}.{ending}", table.name), text.as_bytes())?;
        }
    }
    files.remove_earlier()?;
    Ok(files.written)
}

/// The files of a report, each of which is there whole or not at all. Others beside them are left alone.
struct Files {
    folder: PathBuf,
    names: BTreeSet<String>,
    written: Table,
}

/// Names the report's files, a line each, so that the next report in the folder takes away those that it does not have.
const MANIFEST: &str = ".arclab-report";

impl Files {
    fn new(folder: &Path) -> anyhow::Result<Self> {
        for folder in [folder.join(FIGURES), folder.join(TABLES)] {
            fs::create_dir_all(&folder)
                .with_context(|| format!("failed to make the folder {}", folder.display()))?;
        }
        let columns =
            vec![Column::new("file", "File", Kind::Text), Column::new("bytes", "Bytes", Kind::Number)];
        Ok(Self {
            folder: folder.to_owned(),
            names: BTreeSet::new(),
            written: Table::new("files", "", columns),
        })
    }

    fn write(&mut self, name: &str, content: &[u8]) -> anyhow::Result<()> {
        let path = self.put(name, content)?;
        self.names.insert(name.to_owned());
        self.written.push(vec![Cell::text(path.display().to_string()), Cell::Count(content.len() as u64)]);
        Ok(())
    }

    /// Takes away what an earlier report wrote and this one does not have.
    fn remove_earlier(&self) -> anyhow::Result<()> {
        let earlier = fs::read_to_string(self.folder.join(MANIFEST)).unwrap_or_default();
        // Only what a report can have written, whatever the file says.
        let is_ours = |name: &&str| {
            let rest =
                [FIGURES, TABLES].iter().find_map(|folder| name.strip_prefix(folder)?.strip_prefix('/'));
            rest.is_some_and(|rest| {
                !rest.contains(['/', '\\']) && rest != ".." && !self.names.contains(*name)
            })
        };
        for name in earlier.lines().filter(is_ours) {
            // Gone already is as well.
            let _ = fs::remove_file(self.folder.join(name));
        }
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        self.put(MANIFEST, (names.join("\n") + "\n").as_bytes()).map(drop)
    }

    fn put(&self, name: &str, content: &[u8]) -> anyhow::Result<PathBuf> {
        let path = self.folder.join(name);
        output::replace(&path, content)?;
        Ok(path)
    }
}
