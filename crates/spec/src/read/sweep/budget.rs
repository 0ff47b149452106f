//! `sweep.budget`: how much a sweep may take.

use std::collections::BTreeMap;

use crate::{
    Spec, Sweep,
    read::{
        range::{Counts, Range},
        section::{Reading, Section},
    },
    source::Diagnostic,
};

/// `budget:`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Budget {
    pub(super) runs: Option<u32>,
    pub(super) hours: Option<f64>,
}

pub(super) fn budget(section: &mut Section<'_>) -> Budget {
    let doc = "How much all cells together may take; what they are held against is not counted.";
    section.section("budget", doc, |section| {
        let doc = "Runs: cells beyond them are left out, in the order of the search.";
        let runs = section.optional_count("runs", doc, 48, Counts::from(1, 1_000_000));
        let doc = "Hours of work, of all workers together, after which no further cell begins.";
        let hours = section.optional_number("hours", doc, 8.0, Range::above(0.0, 1e6));
        Budget { runs: runs.map(|runs| runs as u32), hours }
    })
}

/// Reports a budget in which no cell has room.
pub(super) fn fits(sweep: &Sweep, spec: &Spec, reading: &Reading<'_>) {
    let seeds = spec.seeds.len();
    if let Some(runs) = sweep.runs.filter(|runs| (*runs as usize) < seeds) {
        let message = format!("a budget of {runs} runs has no room for a cell of {seeds} seeds");
        let found = Diagnostic::of_file(spec.file.display(), message);
        reading.report(found.help("write more `sweep.budget.runs`, or fewer `training.seeds`"));
    }
}

/// Leaves out the cells that the runs of a budget do not reach to.
pub(in crate::read) fn within(specs: &mut Vec<Spec>) {
    let mut taken = BTreeMap::new();
    specs.retain(|spec| {
        let Some(part) = spec.sweep.as_ref().filter(|part| part.cell.is_some()) else { return true };
        let taken = taken.entry(part.sweep.name.clone()).or_insert(0);
        *taken += spec.seeds.len();
        part.sweep.runs.is_none_or(|runs| *taken <= runs as usize)
    });
}
