//! The table of `arclab queue`: a row a run, what is at work first, then what waits in its order.

use arclab_spec::RunState;
use arclab_store::{Ask, Hold, QueueRecord};

use crate::{Cell, Column, Kind, Table, history::WAITS_FOR_SEARCH, shown_seconds};

/// Runs at work, in line, held and refused, in the order given.
pub fn queue_table(records: &[QueueRecord], now_ms: u64) -> Table {
    let columns = vec![
        Column::new("place", "#", Kind::Number),
        Column::new("run", "Run", Kind::Text),
        Column::new("experiment", "Experiment", Kind::Text),
        Column::new("variant", "Variant", Kind::Text),
        Column::new("seed", "Seed", Kind::Number),
        Column::new("state", "State", Kind::Text),
        Column::new("done", "Done", Kind::Number),
        Column::new("seconds", "For", Kind::Number),
        Column::new("priority", "Priority", Kind::Number),
        Column::new("after", "After", Kind::Text),
        Column::new("note", "Note", Kind::Text),
    ];
    let mut table = Table::new("queue", "", columns);
    let mut place = 0;
    for record in records {
        let waits = queue_word(record) == "waits";
        place += u64::from(waits);
        let names: Vec<&str> = record.after.iter().map(arclab_spec::RunId::as_str).collect();
        table.push(vec![
            if waits { Cell::Count(place) } else { Cell::Empty },
            Cell::text(record.run.as_str()),
            Cell::text(record.experiment.as_str()),
            Cell::text(record.variant.as_str()),
            Cell::Count(record.seed),
            Cell::text(queue_word(record)),
            share_done(record).map_or(Cell::Empty, |share| Cell::Number { value: share, decimals: 2 }),
            since_ms(record)
                .map_or(Cell::Empty, |ms| Cell::Seconds(now_ms.saturating_sub(ms) as f64 / 1000.0)),
            if record.priority == 0.0 {
                Cell::Empty
            } else {
                Cell::Number { value: record.priority, decimals: 1 }
            },
            if names.is_empty() { Cell::Empty } else { Cell::text(names.join(", ")) },
            note(record, now_ms).map_or(Cell::Empty, Cell::text),
        ]);
    }
    table
}

/// Where a run stands in the queue, in a word.
pub fn queue_word(record: &QueueRecord) -> &'static str {
    match (record.state, record.held) {
        (RunState::Running { .. }, _) => "running",
        _ if record.refused.is_some() => "refused",
        (_, Some(Hold::Person)) => "paused",
        // What is stopped for good has left the queue.
        (_, Some(Hold::Search)) => WAITS_FOR_SEARCH,
        (RunState::Queued { .. }, None) => "waits",
        (RunState::Succeeded { .. } | RunState::Failed { .. } | RunState::Cancelled, None) => "ended",
    }
}

/// How much of training is done, from 0 to 1.
pub fn share_done(record: &QueueRecord) -> Option<f64> {
    let (at, steps) = record.position.zip(record.steps.filter(|steps| *steps > 0))?;
    Some((at.step as f64 / steps as f64).min(1.0))
}

/// Since when it is at work, or waits.
fn since_ms(record: &QueueRecord) -> Option<u64> {
    match record.state {
        RunState::Running { .. } => record.launched_ms,
        RunState::Queued { .. }
        | RunState::Succeeded { .. }
        | RunState::Failed { .. }
        | RunState::Cancelled => record.submitted_ms,
    }
}

fn note(record: &QueueRecord, now_ms: u64) -> Option<String> {
    if let Some(refused) = &record.refused {
        return Some(refused.clone());
    }
    match record.asked {
        Some(Ask::Cancel) => return Some("is being called off".to_owned()),
        Some(Ask::Pause) => return Some("is being paused".to_owned()),
        None => {}
    }
    let left_ms = record.not_before_ms?.checked_sub(now_ms).filter(|ms| *ms > 0)?;
    Some(format!("tries again in {}", shown_seconds(left_ms as f64 / 1000.0)))
}
