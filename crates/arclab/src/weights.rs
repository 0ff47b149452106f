//! The weights that specs begin with: whether they suit, and their content, which is a part of each plan.

use std::collections::BTreeSet;

use anyhow::Context as _;
use arclab_spec::{PLAN_VERSION, Spec, SpecErrors, WeightsReport, WeightsRequest};

use crate::{output::Output, worker};

/// Has a worker look at the weights of each spec that names some, and notes their content there. Where some do not suit,
/// those specs are wrong: all of them are told together.
pub(crate) fn resolve(specs: &mut [Spec], output: Output) -> anyhow::Result<()> {
    if specs.iter().all(|spec| spec.config.start.init.is_none()) {
        return Ok(());
    }
    let worker = worker::find(output)?;
    worker::abilities(&worker)?;
    let (mut told, mut wrong) = (BTreeSet::new(), Vec::new());
    for spec in specs.iter_mut().filter(|spec| spec.config.start.init.is_some()) {
        let request = WeightsRequest { version: PLAN_VERSION, config: spec.config.clone() };
        let report = worker::ask(&worker, "weights", &request, output)
            .with_context(|| format!("failed to look at the weights of {}", spec.file.display()))?;
        match report {
            WeightsReport::Suits { content, notes } => {
                notes.iter().filter(|note| told.insert((*note).clone())).for_each(|note| output.note(note));
                spec.begins_with(content);
            }
            WeightsReport::Refused { key, reason } => wrong.push(spec.mistake(&key, reason)),
        }
    }
    Ok(SpecErrors::refuse(wrong)?)
}
