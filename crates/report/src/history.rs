//! The table of `arclab history`: a row a run.

use std::collections::BTreeSet;

use arclab_spec::{ProtocolName, RunState};
use arclab_store::records::{EvaluationRecord, HistoryRecord, RunRecord, SharedWith};

use crate::{
    Cell, Column, Kind, Table,
    comparison::{in_order, title},
};

/// Runs with variant, seed, state, accuracy by protocol, errors, duration and end, in the order given; with whom they
/// are shared, and why they failed. False positives
/// and negatives are of the open set where any run has one, else of the first protocol.
pub fn history_table(records: &[HistoryRecord]) -> Table {
    let all: BTreeSet<_> = records.iter().flat_map(|r| &r.evaluations).map(|e| e.protocol.clone()).collect();
    let protocols = in_order(all);
    let errors_of = protocols.iter().find(|protocol| protocol.as_str() == "open").or(protocols.first());
    let mut table = Table::new("history", "", columns(&protocols, errors_of));
    for record in records {
        table.push(row(record, &protocols, errors_of));
    }
    table
}

/// The state in a word: `queued`, `running`, `succeeded`, `failed`, `cancelled`.
fn state_word(state: RunState) -> &'static str {
    match state {
        RunState::Queued { .. } => "queued",
        RunState::Running { .. } => "running",
        RunState::Succeeded { .. } => "succeeded",
        RunState::Failed { .. } => "failed",
        RunState::Cancelled => "cancelled",
    }
}

/// Of what has come to where its search compares it with others, and may go on.
pub(crate) const WAITS_FOR_SEARCH: &str = "waits for its search";

/// The state in a word, or what its search has decided.
pub fn run_word(run: &RunRecord) -> &'static str {
    match run {
        _ if run.is_stopped_early => "stopped early",
        _ if run.waits_for_search => WAITS_FOR_SEARCH,
        _ => state_word(run.state),
    }
}

fn columns(protocols: &[ProtocolName], errors_of: Option<&ProtocolName>) -> Vec<Column> {
    let mut columns = vec![
        Column::new("experiment", "Experiment", Kind::Text),
        Column::new("variant", "Variant", Kind::Text),
        Column::new("seed", "Seed", Kind::Number),
        Column::new("state", "State", Kind::Text),
    ];
    for protocol in protocols {
        columns.push(Column::new(format!("{protocol}_accuracy"), title(protocol), Kind::Number));
    }
    if let Some(protocol) = errors_of {
        let name = title(protocol);
        let key = |kind: &str| format!("{protocol}_false_{kind}");
        columns.push(Column::new(key("positives"), format!("{name} FP"), Kind::Number));
        columns.push(Column::new(key("negatives"), format!("{name} FN"), Kind::Number));
    }
    columns.extend([
        Column::new("duration_seconds", "Duration", Kind::Number),
        Column::new("ended", "Ended (UTC)", Kind::Text),
        Column::new("run", "Run", Kind::Text),
        Column::new("shared_with", "Shared with", Kind::Text),
        Column::new("failure", "Failure", Kind::Text),
    ]);
    columns
}

fn row(record: &HistoryRecord, protocols: &[ProtocolName], errors_of: Option<&ProtocolName>) -> Vec<Cell> {
    let run = &record.run;
    let evaluation = |protocol: &ProtocolName| record.evaluations.iter().find(|e| e.protocol == *protocol);
    let mut row = vec![
        Cell::text(run.experiment.as_str()),
        Cell::text(run.variant.as_str()),
        Cell::Count(run.seed),
        Cell::text(run_word(run)),
    ];
    for protocol in protocols {
        row.push(evaluation(protocol).map_or(Cell::Empty, accuracy));
    }
    if let Some(protocol) = errors_of {
        let counts = evaluation(protocol).map(|record| record.evaluation.confusion);
        row.push(counts.map_or(Cell::Empty, |counts| Cell::Count(counts.false_positives)));
        row.push(counts.map_or(Cell::Empty, |counts| Cell::Count(counts.false_negatives)));
    }
    row.push(if run.duration_seconds > 0.0 { Cell::Seconds(run.duration_seconds) } else { Cell::Empty });
    row.push(if has_ended(run.state) { Cell::Time(run.moved_ms) } else { Cell::Empty });
    row.extend([Cell::text(run.id.as_str()), shared_with(run), failure(run)]);
    row
}

/// `m0.5, margins/usual`: the other variants that stand on the run.
fn shared_with(run: &RunRecord) -> Cell {
    let name = |SharedWith { experiment, variant }: &SharedWith| {
        if *experiment == run.experiment { variant.to_string() } else { format!("{experiment}/{variant}") }
    };
    match &*run.shared_with {
        [] => Cell::Empty,
        shared => Cell::text(shared.iter().map(name).collect::<Vec<_>>().join(", ")),
    }
}

/// Why the run failed, if it did.
fn failure(run: &RunRecord) -> Cell {
    let failed = matches!(run.state, RunState::Failed { .. });
    let last = run.last_attempt.as_ref().filter(|_| failed);
    last.and_then(|last| last.failure.as_ref()).map_or(Cell::Empty, |failure| Cell::text(&*failure.message))
}

fn accuracy(record: &EvaluationRecord) -> Cell {
    Cell::Number { value: record.evaluation.accuracy, decimals: 3 }
}

fn has_ended(state: RunState) -> bool {
    match state {
        RunState::Queued { .. } | RunState::Running { .. } => false,
        RunState::Succeeded { .. } | RunState::Failed { .. } | RunState::Cancelled => true,
    }
}
