//! The weights that specs begin with: whether they suit, and their content, which is a part of each plan.

use std::collections::BTreeSet;

use anyhow::Context as _;
use arclab_spec::{PLAN_VERSION, Spec, WeightsReport, WeightsRequest};

use crate::{output::Output, worker};

/// Has a worker look at the weights of each spec that names some, and notes their content there.
pub(crate) fn resolve(specs: &mut [Spec], output: Output) -> anyhow::Result<()> {
    if specs.iter().all(|spec| spec.config.start.init.is_none()) {
        return Ok(());
    }
    let worker = worker::find(output)?;
    worker::abilities(&worker)?;
    let mut told = BTreeSet::new();
    for spec in specs.iter_mut().filter(|spec| spec.config.start.init.is_some()) {
        let request = WeightsRequest { version: PLAN_VERSION, config: spec.config.clone() };
        let report: WeightsReport = worker::ask(&worker, "weights", &request, output)
            .with_context(|| format!("{} cannot begin as `model` says", spec.file.display()))?;
        for note in report.notes.iter().filter(|note| told.insert((*note).clone())) {
            output.note(note);
        }
        spec.begins_with(report.content);
    }
    Ok(())
}
