//! `arclab data check`.

mod alike;
mod page;
mod tables;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use arclab_data::{CheckRequest, Checked, Problem, TestList, check};
use arclab_report::Format;
use arclab_spec::config::{Dataset, PairSource, SplitConfig};

use super::{CheckArgs, named};
use crate::{
    output::{self, Output},
    progress::DataProgress,
};

/// Side in pixels, as most networks for faces have it: runs and this command then share a cache.
const SIZE: u32 = 112;
/// Images of a case that are named.
const NAMED: usize = 6;

pub(super) fn execute(store: &Path, arguments: &CheckArgs, output: Output) -> anyhow::Result<()> {
    let request = request(arguments)?;
    let page_path = arguments.html.as_deref().map(page_file).transpose()?;
    // Before hours of decoding, and not after them.
    let weights = arguments.model.as_deref().map(|model| alike::weights(store, model)).transpose()?;
    let progress = DataProgress::new(output);
    let checked = check(&request, &store.join("cache"), &progress);
    progress.finish();
    let mut checked = checked?;
    if let Some(weights) = weights {
        alike::find(&mut checked, &request, &weights, store, output)?;
    }
    let tables = tables::tables(&checked, &request, output.format);
    output::print(&arclab_report::render(&tables, output.format))?;
    if let Some(path) = page_path {
        let page = page::page(&checked, &request);
        let folder = path.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
        output::write(&path, page.as_bytes(), output)?;
    }
    if arguments.strict { refuse_wrong(&checked) } else { Ok(()) }
}

fn request(arguments: &CheckArgs) -> anyhow::Result<CheckRequest> {
    let set = arguments.path.as_ref().map(|path| named(path, arguments.catalogue.as_deref())).transpose()?;
    if let Some(spec) = &arguments.spec {
        return of_spec(spec, set);
    }
    let set = set.context("which images are meant? Name a folder, a file or a set of the catalogue")?;
    let (seed, validation_images) = (0, 0.0);
    let split = arguments.split.clone().map(|file| SplitConfig::File { file, validation_images, seed });
    let list = |list: &PathBuf| TestList {
        name: list.display().to_string(),
        list: list.clone(),
        images: arguments.pairs_images.clone(),
    };
    Ok(CheckRequest { set, size: SIZE, split, lists: arguments.pairs.iter().map(list).collect() })
}

/// What a spec trains and tests on, which must be `set` where that is named.
fn of_spec(file: &Path, set: Option<PathBuf>) -> anyhow::Result<CheckRequest> {
    let specs = arclab_spec::read_specs(&[file.to_owned()], &[])?;
    let [spec] = specs.as_slice() else {
        bail!("{} stands for {} specs; name one", file.display(), specs.len());
    };
    let data = &spec.config.data;
    let Dataset::Folder(dataset) = &data.dataset else {
        bail!(
            "{} trains on the embedded faces, which are rendered and have nothing to check",
            file.display()
        );
    };
    let is_same = |set: &PathBuf| fs::canonicalize(set).ok() == fs::canonicalize(dataset).ok();
    if let Some(other) = set.filter(|set| !is_same(set)) {
        bail!(
            "{} trains on {}, and not on {}: leave the path out",
            file.display(),
            dataset.display(),
            other.display()
        );
    }
    let listed =
        spec.config.evaluation.protocols.iter().filter_map(|(name, protocol)| match &protocol.pairs {
            PairSource::Listed { list, images } => {
                Some(TestList { name: name.to_string(), list: list.clone(), images: images.clone() })
            }
            // Of a part of the split, which is looked at as a whole.
            PairSource::Drawn { .. } => None,
        });
    Ok(CheckRequest {
        set: dataset.clone(),
        size: data.image_size,
        split: Some(data.split.clone()),
        lists: listed.collect(),
    })
}

/// A folder's page is its `index.html`.
fn page_file(path: &Path) -> anyhow::Result<PathBuf> {
    let ending =
        path.extension().filter(|_| !path.is_dir()).map(|ending| ending.to_string_lossy().to_lowercase());
    if let Some(other) = ending.as_ref().filter(|ending| !matches!(ending.as_str(), "html" | "htm")) {
        bail!(
            "`--html {}` ends in .{other}: a page is called .html, and a folder that is to be made for one has no ending",
            path.display()
        );
    }
    Ok(if ending.is_some() { path.to_owned() } else { path.join("index.html") })
}

fn refuse_wrong(checked: &Checked) -> anyhow::Result<()> {
    let wrong = checked.found.iter().filter(|(problem, cases)| problem.is_wrong() && !cases.is_empty());
    let wrong: Vec<String> =
        wrong.map(|(problem, cases)| format!("{} ({})", problem.key(), cases.len())).collect();
    if wrong.is_empty() { Ok(()) } else { bail!("`--strict`: there are {}", wrong.join(", ")) }
}

/// What a problem that was not looked for needs.
fn needs(problem: Problem) -> &'static str {
    match problem {
        Problem::SamePerson => "Not looked for: it takes a network, `--model RUN|WEIGHTS`, and five people",
        Problem::Small => {
            "Not looked for: the cache is older than this, and has no sizes; remove it (`images/` in the store's `cache/`)"
        }
        Problem::Missing | Problem::Refused => "Not looked for: it takes `--spec`, `--split` or `--pairs`",
        Problem::LeftOut
        | Problem::TrainsAndTests
        | Problem::TrainedPeople
        | Problem::LooksTested
        | Problem::CopiesAcross
        | Problem::CopiesWithin
        | Problem::NearAcross
        | Problem::NearWithin
        | Problem::Grey
        | Problem::Blurred
        | Problem::Dark
        | Problem::Alone => "Not looked for: it takes `--split` or `--spec`, which say which images train",
    }
}

/// Examples as people and programs read them.
fn shown(checked: &Checked, problem: Problem, format: Format) -> Vec<String> {
    let of_images = |images: &[usize]| {
        let names: Vec<&str> = images.iter().take(NAMED).map(|&image| checked.images.name(image)).collect();
        let more = images.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        names.join(" = ") + &more
    };
    let cases = checked.found.get(&problem).into_iter().flatten();
    cases
        .map(|case| match (problem.is_told_by_images(), case.text.is_empty()) {
            (true, true) => of_images(&case.images),
            // Programs get the text in a field of its own.
            (true, false) if format.is_for_programs() => of_images(&case.images),
            (true, false) => format!("{} ({})", of_images(&case.images), case.text),
            (false, _) => case.text.clone(),
        })
        .collect()
}
