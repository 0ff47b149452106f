//! What a sweep does next. Pure.

use std::collections::{BTreeMap, BTreeSet};

use arclab_search::{Axis, Told, Trial, advise, propose, rungs};
use arclab_spec::{RunId, RunState, Search, Sweep, VariantName};
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

/// How far a cell's run goes that is done from its start, where it has ended or was stopped early; otherwise as [`limit`] says.
pub(crate) fn limit_afresh(sweep: &Sweep, run: &SweepRun) -> Limit {
    let has_ended = match run.state {
        RunState::Queued { .. } => run.held == Some(Hold::Search) && !run.is_submitted,
        RunState::Running { .. } => false,
        RunState::Succeeded { .. } | RunState::Failed { .. } | RunState::Cancelled => true,
    };
    if has_ended {
        limit(sweep, &SweepRun { until_epoch: None, has_begun: false, ..run.clone() })
    } else {
        limit(sweep, run)
    }
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
    let (of, whole) = (by_variant(runs), whole(record, runs));
    let cells: Vec<Vec<&SweepRun>> =
        record.cells.iter().map(|(variant, _)| of.get(variant).cloned().unwrap_or_default()).collect();
    let beyond = beyond_budget(record, runs);
    let is_beyond = |run: &&SweepRun| beyond.contains(&run.run);
    let trials: Vec<Trial> =
        cells.iter().map(|cell| trial(cell, &whole, cell.iter().any(is_beyond))).collect();
    let epochs = cells.iter().flatten().map(|run| run.epochs).max().unwrap_or(0);
    let more = !is_spent(record, runs) && u64::from(wanted(sweep)) > cells.len() as u64;
    let advice = sweep.stop.map(|rule| advise(rule, epochs, &trials, more)).unwrap_or_default();
    let is_open =
        |run: &&&SweepRun| !whole.contains(&run.run) && !matches!(run.state, RunState::Succeeded { .. });
    // A worker that has just shown what it was to show may not have ended yet.
    let is_paused =
        |run: &&&SweepRun| run.held == Some(Hold::Search) && matches!(run.state, RunState::Queued { .. });
    let advice =
        advice.iter().filter(|advice| cells[advice.trial].iter().filter(is_open).all(|run| is_paused(&run)));
    let go_on = advice.flat_map(|advice| {
        cells[advice.trial].iter().filter(is_open).map(|run| (run.run.clone(), advice.until))
    });
    let go_on: Vec<_> = go_on.collect();
    let waits = |run: &&&SweepRun| run.held.is_none() && matches!(run.state, RunState::Queued { .. });
    let hold = cells.iter().flatten().filter(|run| is_beyond(run)).filter(waits);
    let hold: Vec<RunId> = hold.map(|run| run.run.clone()).collect();
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

/// The runs of each variant: there may be thousands of both.
pub(super) fn by_variant(runs: &[SweepRun]) -> BTreeMap<&VariantName, Vec<&SweepRun>> {
    let mut of: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for run in runs {
        of.entry(&run.variant).or_default().push(run);
    }
    of
}

/// Runs that are the baseline's, too, and so done to their end.
fn whole<'a>(record: &SweepRecord, runs: &'a [SweepRun]) -> BTreeSet<&'a RunId> {
    runs.iter().filter(|run| run.variant == record.against).map(|run| &run.run).collect()
}

/// Whether its cells have taken as many hours as they may.
fn is_spent(record: &SweepRecord, runs: &[SweepRun]) -> bool {
    let whole = whole(record, runs);
    let seconds: f64 = runs.iter().filter(|run| !whole.contains(&run.run)).map(|run| run.seconds).sum();
    record.sweep.hours.is_some_and(|hours| seconds >= hours * 3600.0)
}

/// The runs of cells that do not begin any more, as the hours are spent.
pub(crate) fn beyond_budget(record: &SweepRecord, runs: &[SweepRun]) -> BTreeSet<RunId> {
    if !is_spent(record, runs) {
        return BTreeSet::new();
    }
    let of = by_variant(runs);
    let cells = record.cells.iter().filter_map(|(variant, _)| of.get(variant));
    let new = cells.filter(|cell| cell.iter().all(|run| !run.has_begun));
    let whole = whole(record, runs);
    let beyond = new.flatten().map(|run| &run.run);
    beyond.filter(|run| !whole.contains(run)).cloned().collect()
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use arclab_spec::{Attempt, Cell, ExperimentName, StopRule, SweepAxis};

    use super::*;

    const EPOCHS: u32 = 8;
    const ASHA: StopRule = StopRule::Asha { min_epochs: 2, reduction: 2 };

    fn name(cell: usize) -> VariantName {
        VariantName::new(format!("c{cell}")).unwrap()
    }

    fn record(cells: usize, search: Search, stop: Option<StopRule>) -> SweepRecord {
        let axes = vec![SweepAxis { key: "loss.margin".to_owned(), written: String::new(), choices: None }];
        let cell = |number: usize| {
            let place = (number as f64 + 0.5) / cells as f64;
            (name(number), Cell { number: number as u32, point: vec![Some(place)], values: vec![None] })
        };
        SweepRecord {
            sweep: Sweep {
                name: ExperimentName::new("margin").unwrap(),
                axes,
                search,
                stop,
                runs: None,
                hours: None,
            },
            file: PathBuf::from("margin.yaml"),
            overrides: Vec::new(),
            against: VariantName::new("baseline").unwrap(),
            cells: (0..cells).map(cell).collect(),
        }
    }

    /// A run that waits in line, and has shown `value` after each of so many epochs.
    fn run(cell: usize, seed: u64, done: usize, value: f64) -> SweepRun {
        SweepRun {
            variant: name(cell),
            run: RunId::new(format!("c{cell}-s{seed}")).unwrap(),
            seed,
            state: RunState::Queued { next: Attempt::FIRST },
            is_submitted: true,
            held: None,
            until_epoch: Some(2),
            epochs: EPOCHS,
            has_begun: done > 0,
            seconds: 60.0 * done as f64,
            curve: vec![value; done],
        }
    }

    fn paused(cell: usize, seed: u64, value: f64) -> SweepRun {
        SweepRun { held: Some(Hold::Search), ..run(cell, seed, 2, value) }
    }

    fn succeeded(cell: usize, value: f64) -> SweepRun {
        let state = RunState::Succeeded { attempt: Attempt::FIRST };
        SweepRun { state, until_epoch: None, ..run(cell, 0, EPOCHS as usize, value) }
    }

    fn going(step: &Step) -> Vec<(&str, Option<u32>)> {
        step.go_on.iter().map(|(run, until)| (run.as_str(), *until)).collect()
    }

    #[test]
    fn all_seeds_of_a_cell_go_on_once_all_of_them_are_there() {
        let record = record(2, Search::Grid, Some(ASHA));
        let mut runs = vec![paused(0, 0, 0.7), paused(0, 1, 0.7), paused(1, 0, 0.9), run(1, 1, 1, 0.9)];
        assert_eq!(step(&record, &runs), Step::default(), "a lucky seed is no better cell");
        let attempt = Attempt::FIRST;
        runs[3] = SweepRun { state: RunState::Running { attempt }, ..run(1, 1, 2, 0.6) };
        assert_eq!(step(&record, &runs), Step::default(), "its worker has not ended yet");
        runs[3] = paused(1, 1, 0.6);
        assert_eq!(
            going(&step(&record, &runs)),
            [("c1-s0", Some(4)), ("c1-s1", Some(4))],
            "0.75 against 0.7"
        );
    }

    #[test]
    fn what_the_baseline_shares_is_never_held_and_counts() {
        let record = record(2, Search::Grid, Some(ASHA));
        let shared = SweepRun { until_epoch: None, ..run(0, 0, 2, 0.9) };
        let baseline = SweepRun { variant: record.against.clone(), ..shared.clone() };
        let runs = [baseline, shared, paused(1, 0, 0.5)];
        let step = step(&record, &runs);
        assert_eq!(going(&step), [], "the other one is not among the better half");
        assert!(!step.is_over, "the shared one is still at it");
    }

    #[test]
    fn a_sweep_is_over_once_nobody_goes_on() {
        let record = record(2, Search::Grid, Some(ASHA));
        assert!(step(&record, &[succeeded(0, 0.9), paused(1, 0, 0.5)]).is_over);
        let failed = SweepRun { state: RunState::Cancelled, ..paused(0, 0, 0.9) };
        let rest = step(&record, &[failed.clone(), paused(1, 0, 0.5)]);
        assert_eq!(going(&rest), [("c1-s0", Some(4))], "the better half was called off");
        assert!(step(&record, &[failed.clone(), SweepRun { variant: name(1), ..failed }]).is_over);
    }

    #[test]
    fn a_budget_of_hours_lets_what_has_begun_go_on_and_nothing_else_begin() {
        let mut record = record(3, Search::Grid, None);
        record.sweep.hours = Some(3.0 / 60.0);
        let runs = [run(0, 0, 2, 0.5), run(1, 0, 1, 0.5), run(2, 0, 0, 0.0)];
        let step = step(&record, &runs);
        assert_eq!(step.hold, [RunId::new("c2-s0").unwrap()]);
        assert!(!step.is_over);
    }

    #[test]
    fn a_round_is_proposed_by_all_results_of_those_before_it_and_by_nothing_else() {
        let search = Search::Tpe { cells: 6, round: 3, seed: 5 };
        let record = record(3, search, None);
        let mut runs = vec![succeeded(0, 0.5), succeeded(1, 0.9), run(2, 0, 7, 0.6)];
        assert_eq!(step(&record, &runs).propose, Vec::<Vec<f64>>::new(), "one is still to come");
        runs[2] = succeeded(2, 0.6);
        let proposed = step(&record, &runs);
        assert_eq!(proposed.propose.len(), 3);
        assert!(!proposed.is_over);
        runs.reverse();
        assert_eq!(step(&record, &runs).propose, proposed.propose);
    }

    #[test]
    fn beside_a_rule_a_search_goes_by_what_all_showed_at_the_first_rung() {
        let search = Search::Tpe { cells: 6, round: 3, seed: 5 };
        let record = record(3, search, Some(ASHA));
        let early = [paused(0, 0, 0.5), paused(1, 0, 0.9), paused(2, 0, 0.6)];
        let mut late = early.clone();
        // Another order of ends has let one go further; what it showed later makes no difference.
        late[1] = SweepRun { curve: vec![0.9, 0.9, 0.1, 0.1], until_epoch: Some(4), ..late[1].clone() };
        assert_eq!(step(&record, &early).propose, step(&record, &late).propose);
        assert_eq!(step(&record, &early).propose.len(), 3);
    }

    #[test]
    fn asked_for_again_a_run_goes_as_far_as_it_was_to_go() {
        let sweep = record(1, Search::Grid, Some(ASHA)).sweep;
        assert_eq!(limit(&sweep, &SweepRun { until_epoch: None, ..run(0, 0, 0, 0.0) }), Limit::Until(2));
        assert_eq!(limit(&sweep, &SweepRun { until_epoch: Some(4), ..run(0, 0, 3, 0.5) }), Limit::Until(4));
        assert_eq!(limit(&sweep, &SweepRun { until_epoch: None, ..run(0, 0, 5, 0.5) }), Limit::Whole);
        assert_eq!(limit(&sweep, &paused(0, 0, 0.5)), Limit::Waits);
        assert_eq!(limit_afresh(&sweep, &paused(0, 0, 0.5)), Limit::Waits, "it may go on yet");
        assert_eq!(limit(&sweep, &succeeded(0, 0.5)), Limit::Whole);
        assert_eq!(limit_afresh(&sweep, &succeeded(0, 0.5)), Limit::Until(2));
        let stopped = SweepRun { is_submitted: false, ..paused(0, 0, 0.5) };
        assert_eq!(limit_afresh(&sweep, &stopped), Limit::Until(2));
        let moved = Sweep { stop: Some(StopRule::Asha { min_epochs: 3, reduction: 2 }), ..sweep.clone() };
        assert_eq!(limit(&moved, &paused(0, 0, 0.5)), Limit::Until(3), "rungs are others now");
        assert_eq!(limit(&Sweep { stop: None, ..sweep }, &paused(0, 0, 0.5)), Limit::Whole);
    }
}
