//! What a sweep does next. Pure.

use std::collections::BTreeSet;

use arclab_search::{Axis, Told, Trial, advise, propose, rungs};
use arclab_spec::{RunId, RunState, Search, Sweep};
use arclab_store::{Hold, SweepRecord, SweepRun};

/// What is to be done now.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Step {
    /// Runs that go on, each to so many epochs; none: to the end.
    pub(crate) go_on: Vec<(RunId, Option<u32>)>,
    /// Runs that do not begin, as the budget is spent.
    pub(crate) hold: Vec<RunId>,
    /// Points of further cells.
    pub(crate) propose: Vec<Vec<f64>>,
    /// Whether nothing more follows.
    pub(crate) is_over: bool,
}

/// How far an attempt at a run of a sweep goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// To the end.
    Whole,
    /// To so many epochs.
    Until(u32),
    /// It waits where it was compared with others, and is not to be asked for.
    Waits,
}

/// How far a cell's run goes that is asked for, again or for the first time.
pub(crate) fn limit(sweep: &Sweep, run: &SweepRun) -> Limit {
    let Some(rule) = sweep.stop else { return Limit::Whole };
    let rungs = rungs(rule, run.epochs);
    let next =
        |from: u32| rungs.iter().find(|rung| **rung >= from).map_or(Limit::Whole, |rung| Limit::Until(*rung));
    match run.until_epoch {
        // It was on its way to the end.
        None if run.has_begun => Limit::Whole,
        None => next(0),
        Some(until) if run.held == Some(Hold::Search) && run.has_begun && rungs.contains(&until) => {
            Limit::Waits
        }
        Some(until) => next(until),
    }
}

/// What follows from how far its runs are.
pub(crate) fn step(record: &SweepRecord, runs: &[SweepRun]) -> Step {
    let sweep = &record.sweep;
    let whole: BTreeSet<&RunId> = of(runs, &record.against).map(|run| &run.run).collect();
    let cells: Vec<Vec<&SweepRun>> =
        record.cells.iter().map(|(variant, _)| of(runs, variant).collect()).collect();
    let seconds: f64 =
        cells.iter().flatten().filter(|run| !whole.contains(&run.run)).map(|run| run.seconds).sum();
    let is_spent = sweep.hours.is_some_and(|hours| seconds >= hours * 3600.0);
    let is_new = |cell: &[&SweepRun]| cell.iter().all(|run| !run.has_begun);
    let trials: Vec<Trial> = cells.iter().map(|cell| trial(cell, &whole, is_spent && is_new(cell))).collect();
    let epochs = cells.iter().flatten().map(|run| run.epochs).max().unwrap_or(0);
    let more = !is_spent && u64::from(wanted(sweep)) > cells.len() as u64;
    let advice = sweep.stop.map(|rule| advise(rule, epochs, &trials, more)).unwrap_or_default();
    let is_open =
        |run: &&&SweepRun| !whole.contains(&run.run) && !matches!(run.state, RunState::Succeeded { .. });
    let go_on = advice.iter().flat_map(|advice| {
        cells[advice.trial].iter().filter(is_open).map(|run| (run.run.clone(), advice.until))
    });
    let go_on: Vec<_> = go_on.collect();
    let waits = |run: &&&SweepRun| {
        run.is_submitted && run.held.is_none() && matches!(run.state, RunState::Queued { .. })
    };
    let hold = cells.iter().filter(|cell| is_spent && is_new(cell)).flatten().filter(waits);
    let hold: Vec<RunId> = hold.filter(|run| !whole.contains(&run.run)).map(|run| run.run.clone()).collect();
    let propose = if more { proposals(record, &trials, epochs) } else { Vec::new() };
    let is_at_work = |run: &&SweepRun| {
        let is_in_line = run.is_submitted
            && run.held != Some(Hold::Search)
            && matches!(run.state, RunState::Queued { .. });
        (is_in_line && !hold.contains(&run.run)) || matches!(run.state, RunState::Running { .. })
    };
    let is_over = go_on.is_empty() && propose.is_empty() && !cells.iter().flatten().any(is_at_work);
    Step { go_on, hold, propose, is_over }
}

fn of<'a>(runs: &'a [SweepRun], variant: &arclab_spec::VariantName) -> impl Iterator<Item = &'a SweepRun> {
    runs.iter().filter(move |run| run.variant == *variant)
}

/// A cell with all of its seeds.
fn trial(cell: &[&SweepRun], whole: &BTreeSet<&RunId>, never_begins: bool) -> Trial {
    let done = cell.iter().map(|run| run.curve.len()).min().unwrap_or(0);
    let mean = |epoch: usize| cell.iter().map(|run| run.curve[epoch]).sum::<f64>() / cell.len() as f64;
    let open = || {
        cell.iter()
            .filter(|run| !whole.contains(&run.run) && !matches!(run.state, RunState::Succeeded { .. }))
    };
    let until = open()
        .map(|run| run.until_epoch)
        .collect::<Option<Vec<u32>>>()
        .and_then(|until| until.into_iter().max());
    let is_lost = |run: &&&SweepRun| match run.state {
        RunState::Failed { .. } | RunState::Cancelled => true,
        // Nobody asks for it any more.
        RunState::Queued { .. } => !run.is_submitted && run.held != Some(Hold::Search),
        RunState::Running { .. } | RunState::Succeeded { .. } => false,
    };
    Trial {
        curve: (0..done).map(mean).collect(),
        until,
        is_lost: never_begins || open().any(|run| is_lost(&run)),
    }
}

/// Cells that the search has in all, where results choose them.
fn wanted(sweep: &Sweep) -> u32 {
    match sweep.search {
        Search::Grid | Search::Random { .. } | Search::Sobol { .. } => 0,
        Search::Tpe { cells, .. } => cells,
    }
}

/// The points of the next round, once all cells of those before it have shown what they are compared by: after equally many epochs,
/// whatever became of them then. So it makes no difference which ended first.
fn proposals(record: &SweepRecord, trials: &[Trial], epochs: u32) -> Vec<Vec<f64>> {
    let Search::Tpe { cells, round, seed } = record.sweep.search else { return Vec::new() };
    let after =
        record.sweep.stop.and_then(|rule| rungs(rule, epochs).first().copied()).unwrap_or(epochs) as usize;
    let told = record.cells.iter().zip(trials).map(|((_, cell), trial)| {
        let value = trial.curve.get(after.saturating_sub(1)).copied();
        let value = value.or(trial.is_lost.then_some(f64::NAN))?;
        Some(Told { point: cell.point.clone(), value })
    });
    let Some(told) = told.collect::<Option<Vec<Told>>>() else { return Vec::new() };
    let axes: Vec<Axis> =
        record.sweep.axes.iter().map(|axis| axis.choices.map_or(Axis::Range, Axis::Choice)).collect();
    let known = record.cells.len() as u32;
    (known..cells.min(known + round)).map(|number| propose(&axes, &told, u64::from(seed), number)).collect()
}
