//! A sweep's results, read from the store for its report.

use arclab_report::{CellResults, Stands, SweepResults};
use arclab_spec::{Cell, ExperimentName, RunState, VariantName};
use arclab_store::{Hold, Store, StoreError, SweepRun};

/// What an experiment has shown as a sweep; none where it is none.
pub(crate) async fn results(
    store: &Store,
    name: &ExperimentName,
) -> Result<Option<SweepResults>, StoreError> {
    let Some(record) = store.sweep(name).await? else { return Ok(None) };
    let runs = store.sweep_runs(&record).await?;
    let cell = |variant: &VariantName, cell: Option<&Cell>| of_cell(variant, cell, &runs);
    Ok(Some(SweepResults {
        axes: record.sweep.axes.iter().map(|axis| axis.key.clone()).collect(),
        against: cell(&record.against, None),
        cells: record.cells.iter().map(|(variant, own)| cell(variant, Some(own))).collect(),
    }))
}

fn of_cell(variant: &VariantName, cell: Option<&Cell>, runs: &[SweepRun]) -> CellResults {
    let runs: Vec<&SweepRun> = runs.iter().filter(|run| run.variant == *variant).collect();
    CellResults {
        variant: variant.clone(),
        values: cell.map(|cell| cell.values.clone()).unwrap_or_default(),
        point: cell.map(|cell| cell.point.clone()).unwrap_or_default(),
        epochs: runs.iter().map(|run| run.epochs).max().unwrap_or(0),
        curves: runs.iter().map(|run| run.curve.clone()).collect(),
        seconds: runs.iter().map(|run| run.seconds).sum(),
        stands: stands(&runs),
    }
}

fn stands(runs: &[&SweepRun]) -> Stands {
    let any = |is_so: fn(&SweepRun) -> bool| runs.iter().any(|run| is_so(run));
    if any(|run| matches!(run.state, RunState::Failed { .. } | RunState::Cancelled)) {
        Stands::Failed
    } else if any(|run| {
        run.held == Some(Hold::Search) && !run.is_submitted && matches!(run.state, RunState::Queued { .. })
    }) {
        if any(|run| run.has_begun) { Stands::StoppedEarly } else { Stands::NeverBegun }
    } else if any(|run| matches!(run.state, RunState::Queued { .. } | RunState::Running { .. })) {
        Stands::Open
    } else {
        Stands::Whole
    }
}
