//! The weights that specs begin with: whether they suit, their content, which is a part of each plan, and whether they have
//! seen what they will be tested on.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use arclab_spec::{Fingerprint, PLAN_VERSION, Spec, SpecErrors, WeightsReport, WeightsRequest};

use crate::{output::Output, worker};

/// A worker that looks at weights.
pub(crate) struct Weights {
    /// None where no spec names weights.
    worker: Option<PathBuf>,
    /// What was said once need not be said again.
    told: BTreeSet<String>,
    output: Output,
}

impl Weights {
    /// Has a worker look at the weights of each spec that names some, and notes their content there. Where some do not
    /// suit, those specs are wrong: all of them are told together.
    pub(crate) fn resolve(specs: &mut [Spec], output: Output) -> anyhow::Result<Self> {
        let mut weights = Self { worker: None, told: BTreeSet::new(), output };
        if specs.iter().any(|spec| spec.config.start.init.is_some()) {
            let worker = worker::find(output)?;
            worker::abilities(&worker)?;
            weights.worker = Some(worker);
        }
        let contents = weights.look(specs, None)?;
        specs.iter_mut().zip(contents).for_each(|(spec, content)| {
            if let Some(content) = content {
                spec.begins_with(content);
            }
        });
        Ok(weights)
    }

    /// Refuses specs whose weights have seen images of their tests. All images must be prepared in `cache`.
    pub(crate) fn refuse_seen(mut self, specs: &[Spec], cache: &Path) -> anyhow::Result<()> {
        self.look(specs, Some(cache)).map(|_| ())
    }

    /// The content of each spec's weights, where it names some.
    fn look(&mut self, specs: &[Spec], cache: Option<&Path>) -> anyhow::Result<Vec<Option<Fingerprint>>> {
        let Some(worker) = self.worker.clone() else { return Ok(Vec::new()) };
        let (mut contents, mut wrong) = (Vec::new(), Vec::new());
        for spec in specs {
            if spec.config.start.init.is_none() {
                contents.push(None);
                continue;
            }
            let (config, cache) = (spec.config.clone(), cache.map(Path::to_owned));
            let request = WeightsRequest { version: PLAN_VERSION, config, cache };
            let report = worker::ask(&worker, "weights", &request, self.output)
                .with_context(|| format!("failed to look at the weights of {}", spec.file.display()))?;
            match report {
                WeightsReport::Suits { content, notes } => {
                    self.tell(notes);
                    contents.push(Some(content));
                }
                WeightsReport::Refused { key, reason } => wrong.push(spec.mistake(&key, reason)),
            }
        }
        SpecErrors::refuse(wrong)?;
        Ok(contents)
    }

    fn tell(&mut self, notes: Vec<String>) {
        for note in notes {
            if self.told.insert(note.clone()) {
                self.output.note(note);
            }
        }
    }
}
