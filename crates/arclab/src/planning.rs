//! From specs to planned runs: prepares the data, whose content is part of each plan's identity.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use arclab_data::{Prepared, prepare};
use arclab_spec::Spec;
use arclab_store::{PlannedRun, Planning, Store};

use crate::{clock, output::Output, progress::DataProgress};

/// Photos that could not be used are named one by one up to so many.
const NAMED: usize = 5;

/// Prepares the data of each spec and records their plans.
pub(crate) async fn plan(store: &Store, specs: &[Spec], output: Output) -> anyhow::Result<Vec<PlannedRun>> {
    let cache = store.cache();
    let mut told = BTreeSet::new();
    let mut prepared = Vec::with_capacity(specs.len());
    for spec in specs {
        prepared.push(data_of(spec, &cache, &mut told, output)?);
    }
    let texts: Vec<Option<String>> = specs.iter().map(|spec| fs::read_to_string(&spec.file).ok()).collect();
    let summaries: Vec<String> = prepared.iter().map(summary).collect();
    let plannings: Vec<Planning<'_>> = specs
        .iter()
        .enumerate()
        .map(|(place, spec)| Planning {
            spec,
            text: texts[place].as_deref(),
            data: &prepared[place].fingerprint,
            data_summary: &summaries[place],
        })
        .collect();
    Ok(store.plan_runs(&plannings, clock::now_ms()).await?)
}

/// A spec's data; quick where an earlier spec or run has prepared it.
fn data_of(
    spec: &Spec,
    cache: &Path,
    told: &mut BTreeSet<PathBuf>,
    output: Output,
) -> anyhow::Result<Prepared> {
    let progress = DataProgress::new(output);
    let prepared = prepare(&spec.config.data, &spec.config.evaluation, cache, &progress);
    progress.finish();
    let prepared =
        prepared.with_context(|| format!("failed to prepare the data of {}", spec.file.display()))?;
    let fresh: Vec<_> = prepared.left_out.iter().filter(|left| told.insert(left.path.clone())).collect();
    for left in fresh.iter().take(NAMED) {
        output.note(format_args!("left out {}: {}", left.path.display(), left.reason));
    }
    if fresh.len() > NAMED {
        output.note(format_args!("left out {} more files", fresh.len() - NAMED));
    }
    Ok(prepared)
}

fn summary(data: &Prepared) -> String {
    format!("{} people and {} images to train on", data.identities.len(), data.train.len())
}
