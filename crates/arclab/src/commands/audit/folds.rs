//! The runs of an audit of training images: each leaves a fold of them out.

use std::path::Path;

use anyhow::{Context as _, bail};
use arclab_data::{Prepared, deal, prepare};
use arclab_spec::{
    ExperimentName, Spec, VariantName,
    config::{Config, DataConfig, Dataset, SplitConfig},
};

use crate::{output::Output, progress::DataProgress};

/// Training images, each of which some runs were not trained on.
pub(super) struct Dealt {
    /// The images, with labels as given.
    pub(super) data: Prepared,
    /// Which fold leaves each training image out, if any does.
    pub(super) fold_of: Vec<Option<u32>>,
    /// A spec a fold.
    pub(super) specs: Vec<Spec>,
}

impl Dealt {
    /// Name of the identity that a label says.
    pub(super) fn identity(&self, label: u32) -> String {
        self.data.identities[label as usize].clone()
    }
}

/// Deals what `spec` trains on into `folds`, and keeps the split of each in `folder`.
pub(super) fn dealt(
    spec: &Spec,
    folds: u32,
    cache: &Path,
    folder: &Path,
    output: Output,
) -> anyhow::Result<Dealt> {
    let config = without_tests(&spec.config);
    let progress = DataProgress::new(output);
    let data = prepare(&config.data, &config.evaluation, cache, &progress);
    progress.finish();
    let data = data.with_context(|| format!("failed to prepare the data of {}", spec.file.display()))?;
    let (SplitConfig::Drawn { seed, .. } | SplitConfig::File { seed, .. }) = config.data.split;
    let fold_of = deal(&data.train, folds, seed);
    let judged = fold_of.iter().flatten().count();
    if judged < folds as usize {
        bail!(
            "`--folds {folds}` is too many: {judged} training images share their label with another one, which alone can be \
             left out and judged; take fewer folds"
        );
    }
    let mut specs = Vec::new();
    for fold in 0..folds {
        let file = data.keep_split(|place| fold_of[place] == Some(fold), folder)?;
        // All that is not left out trains.
        let split = SplitConfig::File { file, validation_images: 0.0, seed };
        specs.push(without_fold(spec, &config, split, (fold, folds))?);
    }
    Ok(Dealt { data, fold_of, specs })
}

/// What is asked of these runs is what they make of the images that they left out.
fn without_tests(config: &Config) -> Config {
    let mut config = config.clone();
    config.evaluation.protocols.clear();
    config
}

fn without_fold(
    spec: &Spec,
    config: &Config,
    split: SplitConfig,
    (fold, folds): (u32, u32),
) -> anyhow::Result<Spec> {
    let (of, fold) = (&spec.name, fold + 1);
    let experiment = ExperimentName::new(format!("{}-audit", spec.experiment))
        .context("the audit's experiment is named after that of the spec")?;
    let name = VariantName::new(format!("{of}-without-{fold}of{folds}"))
        .context("the audit's variants are named after that of the spec")?;
    let hypothesis = format!(
        "The labels of the training images in fold {fold} of {folds}, which {of} is trained without, are what the others make \
         of them."
    );
    let data = DataConfig { split, dataset: with_given_labels(&config.data.dataset), ..config.data.clone() };
    Ok(spec.derived(experiment, name, hypothesis, Config { data, ..config.clone() }))
}

/// The split file has the labels as they are given, and so nothing is to be mislabelled any more.
fn with_given_labels(dataset: &Dataset) -> Dataset {
    let mut dataset = dataset.clone();
    if let Dataset::Synthetic(faces) = &mut dataset {
        faces.mislabelled = 0.0;
    }
    dataset
}
