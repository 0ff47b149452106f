//! A sweep's results, read from the store for its report.

use arclab_report::{CellResults, Stands, SweepResults};
use arclab_spec::{Cell, ExperimentName, RunState, VariantName};
use arclab_store::{Hold, Store, StoreError, SweepRun};

use super::step::by_variant;

/// What an experiment has shown as a sweep; none where it is none.
pub(crate) async fn results(
    store: &Store,
    name: &ExperimentName,
) -> Result<Option<SweepResults>, StoreError> {
    let Some(record) = store.sweep(name).await? else { return Ok(None) };
    let runs = store.sweep_runs(&record).await?;
    let of = by_variant(&runs);
    let cell = |variant: &VariantName, cell: Option<&Cell>| {
        of_cell(variant, cell, of.get(variant).map_or(&[], Vec::as_slice))
    };
    Ok(Some(SweepResults {
        axes: record.sweep.axes.iter().map(|axis| axis.key.clone()).collect(),
        against: cell(&record.against, None),
        cells: record.cells.iter().map(|(variant, own)| cell(variant, Some(own))).collect(),
    }))
}

fn of_cell(variant: &VariantName, cell: Option<&Cell>, runs: &[&SweepRun]) -> CellResults {
    CellResults {
        variant: variant.clone(),
        values: cell.map(|cell| cell.values.clone()).unwrap_or_default(),
        point: cell.map(|cell| cell.point.clone()).unwrap_or_default(),
        epochs: runs.iter().map(|run| run.epochs).max().unwrap_or(0),
        curves: runs.iter().map(|run| run.curve.clone()).collect(),
        seconds: runs.iter().map(|run| run.seconds).sum(),
        stands: stands(runs),
    }
}

fn stands(runs: &[&SweepRun]) -> Stands {
    let any = |is_so: &dyn Fn(&SweepRun) -> bool| runs.iter().any(|run| is_so(run));
    let is_held =
        |run: &SweepRun| run.held == Some(Hold::Search) && matches!(run.state, RunState::Queued { .. });
    if any(&|run| matches!(run.state, RunState::Failed { .. } | RunState::Cancelled)) {
        Stands::Failed
    } else if any(&|run| is_held(run) && !run.is_submitted) {
        if any(&|run| run.has_begun) { Stands::StoppedEarly } else { Stands::NeverBegun }
    } else if any(&|run| {
        matches!(run.state, RunState::Queued { .. } | RunState::Running { .. }) && !is_held(run)
    }) {
        Stands::Open
    } else if any(&is_held) {
        Stands::Waits
    } else {
        Stands::Whole
    }
}

#[cfg(test)]
mod tests {
    use arclab_spec::{Attempt, RunId};

    use super::*;

    fn run(seed: u64, state: RunState) -> SweepRun {
        SweepRun {
            variant: VariantName::new("m0.2").unwrap(),
            run: RunId::new(format!("m0.2-s{seed}")).unwrap(),
            seed,
            state,
            is_submitted: true,
            held: None,
            until_epoch: Some(2),
            epochs: 8,
            has_begun: true,
            seconds: 1.0,
            curve: vec![0.5; 2],
        }
    }

    #[test]
    fn a_cell_waits_for_its_search_once_all_of_its_runs_do_and_is_stopped_only_when_it_is_over() {
        let next = Attempt::FIRST.next();
        let held = SweepRun { held: Some(Hold::Search), ..run(0, RunState::Queued { next }) };
        let running = run(1, RunState::Running { attempt: Attempt::FIRST });
        let also_held = SweepRun { held: Some(Hold::Search), ..run(1, RunState::Queued { next }) };
        let over = SweepRun { is_submitted: false, ..held.clone() };
        assert_eq!(stands(&[&held, &running]), Stands::Open);
        assert_eq!(stands(&[&held, &also_held]), Stands::Waits);
        assert_eq!(stands(&[&over, &also_held]), Stands::StoppedEarly);
    }
}
