//! From specs to planned runs: prepares the data, whose content is part of each plan's identity, and records the plans.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use arclab_data::{Prepared, prepare};
use arclab_spec::{Fingerprint, ListPeople, Plan, Spec, VariantName, Written, config::Sampler};
use arclab_store::{PlannedRun, Planning, Store};

use crate::{clock, output::Output, progress::DataProgress, sweeping};

/// Photos that could not be used are named one by one up to so many; all of them stand in a file.
const NAMED: usize = 20;
const LEFT_OUT: &str = "left-out.txt";

/// What was said of one spec's data need not be said again of another's.
#[derive(Default)]
struct Told {
    left_out: BTreeSet<(PathBuf, String)>,
    notes: BTreeSet<String>,
}

/// A spec with all that its plans are made of.
pub(crate) struct Draft<'a> {
    pub(crate) spec: &'a Spec,
    text: Option<String>,
    data: Fingerprint,
    summary: String,
    people: Vec<ListPeople>,
}

impl Draft<'_> {
    /// One a seed.
    pub(crate) fn plans(&self) -> impl Iterator<Item = Plan> {
        self.spec.plans(&self.data)
    }

    fn planning(&self) -> Planning<'_> {
        let (text, data_summary) = (self.text.as_deref(), &*self.summary);
        Planning { spec: self.spec, text, data: &self.data, data_summary, people: &self.people }
    }
}

/// Prepares the data of each spec. Records nothing.
pub(crate) fn draft<'a>(store: &Store, specs: &'a [Spec], output: Output) -> anyhow::Result<Vec<Draft<'a>>> {
    let cache = store.cache();
    let mut told = Told::default();
    let mut drafts = Vec::with_capacity(specs.len());
    for spec in specs {
        let data = data_of(spec, &cache, &mut told, output)?;
        drafts.push(Draft {
            spec,
            text: text(spec),
            summary: summary(&data),
            data: data.fingerprint,
            people: data.people,
        });
    }
    Ok(drafts)
}

/// The file as written; none where a program made the spec of another one, whose file that is.
fn text(spec: &Spec) -> Option<String> {
    (spec.written != Written::default()).then(|| fs::read_to_string(&spec.file).ok()).flatten()
}

/// Records the plans: from now on they are what the variants mean.
pub(crate) async fn record(
    store: &Store,
    drafts: &[Draft<'_>],
    output: Output,
) -> anyhow::Result<Vec<PlannedRun>> {
    note_other_folders(store, drafts, output).await?;
    note_unknown_variants(store, drafts, output).await?;
    let plannings: Vec<Planning<'_>> = drafts.iter().map(Draft::planning).collect();
    Ok(store.plan_runs(&plannings, clock::now_ms()).await?)
}

/// Two folders of one name are one experiment: whoever plans the second should know.
async fn note_other_folders(store: &Store, drafts: &[Draft<'_>], output: Output) -> anyhow::Result<()> {
    let mut told = BTreeSet::new();
    for Draft { spec, .. } in drafts.iter().filter(|draft| told.insert(&draft.spec.experiment)) {
        let before = store.variants_of(&spec.experiment).await?;
        let folders = before.iter().filter_map(|before| before.resolved["folder"].as_str());
        // One that is gone was most likely moved to where it is now.
        let other = folders.map(Path::new).find(|folder| *folder != spec.folder && folder.is_dir());
        if let Some(other) = other {
            output.note(format_args!(
                "experiment `{}` holds variants of {}, too; `--experiment NAME` keeps those of {} apart",
                spec.experiment,
                other.display(),
                spec.folder.display()
            ));
        }
    }
    Ok(())
}

/// A variant that does not exist yet may be written later; most often its name is misspelt.
async fn note_unknown_variants(store: &Store, drafts: &[Draft<'_>], output: Output) -> anyhow::Result<()> {
    for Draft { spec, .. } in drafts {
        let stored = store.variants_of(&spec.experiment).await?;
        let planned =
            drafts.iter().map(|draft| draft.spec).filter(|other| other.experiment == spec.experiment);
        let known: BTreeSet<&VariantName> =
            stored.iter().map(|stored| &stored.variant).chain(planned.map(|other| &other.name)).collect();
        for expectation in spec.expect.iter().filter(|expectation| !known.contains(&expectation.versus)) {
            let beside =
                ["yaml", "yml"].map(|ending| spec.folder.join(format!("{}.{ending}", expectation.versus)));
            if !beside.iter().any(|file| file.is_file()) {
                let known: Vec<_> = known.iter().map(|name| name.as_str()).collect();
                output.note(format_args!(
                    "{} expects something versus `{}`, and there is no such variant yet: there are {}",
                    spec.name,
                    expectation.versus,
                    known.join(", ")
                ));
            }
        }
    }
    Ok(())
}

/// A spec's data; quick where an earlier spec or run has prepared it.
fn data_of(spec: &Spec, cache: &Path, told: &mut Told, output: Output) -> anyhow::Result<Prepared> {
    let progress = DataProgress::new(output);
    let prepared = prepare(&spec.config.data, &spec.config.evaluation, cache, &progress);
    progress.finish();
    let prepared =
        prepared.with_context(|| format!("failed to prepare the data of {}", spec.file.display()))?;
    let fresh: Vec<_> = prepared
        .left_out
        .iter()
        .filter(|left| told.left_out.insert((left.path.clone(), left.reason.clone())))
        .collect();
    let lines: Vec<String> =
        fresh.iter().map(|left| format!("left out {}: {}", left.path.display(), left.reason)).collect();
    lines.iter().take(NAMED).for_each(|line| output.note(line));
    if lines.len() > NAMED {
        let file = cache.join(LEFT_OUT);
        fs::write(&file, lines.join("\n") + "\n")
            .with_context(|| format!("failed to write {}", file.display()))?;
        output.note(format_args!("and {} more, which {} lists", lines.len() - NAMED, file.display()));
    }
    for note in prepared.notes.iter().filter(|note| told.notes.insert((*note).clone())) {
        output.note(note);
    }
    if prepared.validation_pairs.is_empty() && sweeping::compares(spec) {
        bail!(
            "{}: the sweep compares its cells by validation pairs, and there are none: ask for some with \
             `evaluation.validation_pairs`, of a larger share `data.split.validation_images`",
            spec.file.display()
        );
    }
    let (images, batch) = (prepared.train.len(), spec.config.training.batch_size);
    if images < batch as usize {
        bail!(
            "{}: `training.batch_size` is {batch}, and only {images} images are left to train on: make it smaller, \
             or hold fewer images out in `data.split`",
            spec.file.display()
        );
    }
    if let Some(Sampler { images_each }) = spec.config.training.sampler {
        let at_once = (batch / images_each) as usize;
        let identities = prepared.train.iter().map(|sample| sample.label).collect::<BTreeSet<_>>().len();
        if identities < at_once {
            bail!(
                "{}: `training.batch_size` / `training.sampler.images_each` is {at_once}, and only {identities} \
                 identities are left to train on: make the batch smaller, or take more images of each",
                spec.file.display()
            );
        }
    }
    Ok(prepared)
}

fn summary(data: &Prepared) -> String {
    format!("{} people and {} images to train on", data.identities.len(), data.train.len())
}
