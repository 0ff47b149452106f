//! Training images, judged by runs that were not trained on them.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use arclab_data::{Sample, synthetic};
use arclab_metrics::{ClassMeans, Nearest, Ranking};
use arclab_report::{SuspectImage, suspect_images_table};
use arclab_spec::{
    Spec, VariantName,
    config::{DataConfig, Dataset, SplitConfig},
    run_folder,
};
use arclab_store::Store;

use super::{
    Found,
    folds::{Dealt, dealt},
    refuse_figure_without_truth, show,
};
use crate::{
    cli::AuditArgs,
    commands::run::{Carried, Ending, How, carry},
    embeddings::{Embeddings, request},
    named,
    output::Output,
    weights::Weights,
    worker,
};

/// Where the splits of audits are, in the store.
const FOLDER: &str = "audits";

/// Lists the training images that are more like another identity than like their own.
pub(super) async fn execute(
    store: &Path,
    what: &str,
    arguments: &AuditArgs,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let (store, spec) = asked_for(store, what, arguments, output).await?;
    refuse_figure_without_truth(arguments, is_known(&spec))?;
    let mut spec = [spec];
    let weights = Weights::resolve(&mut spec, output)?;
    let [spec] = spec;
    if let Some(init) = &spec.config.start.init {
        output.note(format_args!(
            "the runs begin with {}: what these weights have seen of the images is not left out",
            init.file.display()
        ));
    }
    let folder = store.folder().join(FOLDER);
    let dealt = dealt(&spec, arguments.folds, &store.cache(), &folder, output)?;
    let runs: usize = dealt.specs.iter().map(|spec| spec.seeds.len()).sum();
    output.note(format_args!("training {runs} runs, one a fold and seed, as far as they are not there yet"));
    let how = How { jobs: arguments.jobs, force: false, overrides: &[] };
    let carried = carry(&store, &dealt.specs, weights, how, output).await?;
    if carried.ending != Ending::Done {
        return Ok(carried.ending.code());
    }
    let suspects = suspects(&store, &spec, &dealt, &carried, output)?;
    let judged = dealt.fold_of.iter().flatten().count();
    let mut list = suspect_images_table(&suspects, judged, output.limit(arguments.limit));
    list.notes.insert(0, how_judged(arguments.folds, spec.seeds.len()));
    list.notes.extend(not_judged(&dealt));
    let ranking = ranking(&spec, &dealt, &suspects);
    show(Found { list, ranking, looked_at: judged }, arguments, output)?;
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

/// The spec in a file, or as a variant was planned last.
async fn asked_for(
    store: &Path,
    what: &str,
    arguments: &AuditArgs,
    output: Output,
) -> anyhow::Result<(Store, Spec)> {
    let file = PathBuf::from(what);
    if file.is_file()
        && let Some(experiment) = &arguments.experiment
    {
        bail!(
            "`--experiment {experiment}` says of which experiment a variant is, and {what} is a file: leave it out"
        );
    }
    let is_variant = file.is_dir() && is_planned(store, what).await?;
    if !is_variant && file.exists() || file.extension().is_some_and(|ending| ending == "yaml") {
        let mut specs = arclab_spec::read_specs(std::slice::from_ref(&file), &arguments.overrides)?;
        let count = specs.len();
        let spec = specs.pop().filter(|_| count == 1);
        let spec = spec.with_context(|| format!("{what} stands for {count} specs; name one"))?;
        return Ok((Store::open(store).await?, spec));
    }
    if !arguments.overrides.is_empty() {
        bail!(
            "`--set` changes a spec, and there is no file {what}: name one, or leave `--set` out for the variant as it was planned"
        );
    }
    let variant = VariantName::new(what)
        .with_context(|| format!("there is no file {what}, and no variant has such a name"))?;
    let store = Store::open_existing(store).await?;
    let variants = std::slice::from_ref(&variant);
    let experiment = named::experiment(&store, variants, arguments.experiment.as_ref(), output).await?;
    let record = store.variants_of(&experiment).await?.into_iter().find(|spec| spec.variant == variant);
    let record =
        record.with_context(|| format!("experiment `{experiment}` has no variant `{variant}` any more"))?;
    let spec = serde_json::from_value(record.resolved)
        .with_context(|| format!("failed to read what `{variant}` was planned with; name its spec's file"))?;
    Ok((store, spec))
}

/// Whether it is the name of a variant, so that a folder of that name is not meant.
async fn is_planned(store: &Path, name: &str) -> anyhow::Result<bool> {
    let Ok(variant) = VariantName::new(name) else { return Ok(false) };
    let Ok(store) = Store::open_existing(store).await else { return Ok(false) };
    let is_planned = !store.experiment_of(&[variant]).await?.is_empty();
    store.close().await;
    Ok(is_planned)
}

/// The images that contradict their label, the largest margin first.
fn suspects(
    store: &Store,
    spec: &Spec,
    dealt: &Dealt,
    carried: &Carried,
    output: Output,
) -> anyhow::Result<Vec<SuspectImage>> {
    let name = |sample: &Sample| dealt.data.images.name(sample.image).to_owned();
    let names: Vec<String> = dealt.data.train.iter().map(name).collect();
    let worker = worker::find(output)?;
    worker::abilities(&worker)?;
    let mut suspects = Vec::new();
    for (fold, without) in (0..).zip(&dealt.specs) {
        let mut of_runs = Vec::new();
        for planned in carried.planned.iter().filter(|planned| planned.is_of(without)) {
            output.note(format_args!("embedding {} images with {}", names.len(), planned.run));
            let weights = store.run_folder(&planned.run).join(run_folder::WEIGHTS);
            let request = request(&weights, &store.cache(), &without.config.data.dataset, &names)?;
            of_runs.push(Embeddings::ask(&worker, &request, output)?);
        }
        let found = suspects_of(dealt, fold, &Embeddings::beside(&of_runs));
        suspects.extend(found.into_iter().map(|(place, nearest)| SuspectImage {
            image: names[place].clone(),
            label: dealt.identity(dealt.data.train[place].label),
            suggested: dealt.identity(nearest.other),
            cosine_label: nearest.cosine_own,
            cosine_suggested: nearest.cosine_other,
            is_wrong: is_known(spec).then(|| is_wrong(dealt, place)),
        }));
    }
    suspects.sort_by(|a, b| b.margin().total_cmp(&a.margin()));
    Ok(suspects)
}

/// Of the images that fold `fold` leaves out, those that are more like another identity than like their own. The means are of
/// the images that the fold's runs were trained on.
fn suspects_of(dealt: &Dealt, fold: u32, embeddings: &Embeddings) -> Vec<(usize, Nearest)> {
    let Dealt { data, fold_of, .. } = dealt;
    let label = |place: usize| data.train[place].label;
    let (left_out, trained): (Vec<usize>, Vec<usize>) =
        (0..fold_of.len()).partition(|&place| fold_of[place] == Some(fold));
    let rows = trained.iter().map(|&place| (embeddings.row(place), label(place)));
    let means = ClassMeans::new(rows, embeddings.width, data.identities.len());
    let nearest = |place: usize| Some((place, means.nearest(embeddings.row(place), label(place))?));
    let contradicts = |places: &[usize]| -> Vec<(usize, Nearest)> {
        places.iter().copied().filter_map(nearest).filter(|(_, nearest)| nearest.margin() > 0.0).collect()
    };
    // Each image is held against every identity.
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    std::thread::scope(|scope| {
        let parts = left_out.chunks(left_out.len().div_ceil(threads).max(1));
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || contradicts(part))).collect();
        parts.into_iter().flat_map(|part| part.join().expect("arithmetic does not fail")).collect()
    })
}

/// The embedded faces say by their names whom they show. A split file may call people otherwise.
fn is_known(spec: &Spec) -> bool {
    let DataConfig { dataset, split, .. } = &spec.config.data;
    matches!((dataset, split), (Dataset::Synthetic(_), SplitConfig::Drawn { .. }))
}

fn is_wrong(Dealt { data, .. }: &Dealt, place: usize) -> bool {
    let sample = data.train[place];
    synthetic::person(data.images.name(sample.image)) != data.identities[sample.label as usize]
}

/// The list beside the truth, where that is known.
fn ranking(spec: &Spec, dealt: &Dealt, suspects: &[SuspectImage]) -> Option<Ranking> {
    let listed = suspects.iter().map(|suspect| suspect.is_wrong).collect::<Option<Vec<bool>>>()?;
    let judged = (0..dealt.fold_of.len()).filter(|&place| dealt.fold_of[place].is_some());
    is_known(spec).then(|| Ranking::new(listed, judged.filter(|&place| is_wrong(dealt, place)).count()))
}

fn how_judged(folds: u32, seeds: usize) -> String {
    let runs = if seeds == 1 { "a run that was".to_owned() } else { format!("{seeds} runs that were") };
    format!(
        "Each image is judged by {runs} trained without its fold, one of {folds}: the margin is its cosine to the mean of the \
         suggested identity's images less that to the mean of its label's, labels as given. It is listed where that is above 0."
    )
}

/// Why some images were not judged.
fn not_judged(dealt: &Dealt) -> Option<String> {
    let alone = dealt.fold_of.iter().filter(|fold| fold.is_none()).count();
    (alone > 0).then(|| {
        format!(
            "Not judged: {alone} images that are alone under their label, which no run can know without them."
        )
    })
}
