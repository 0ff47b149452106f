//! `arclab watch`: the queue and the runs at work, drawn anew each second on a terminal; once, where there is none.

use std::{path::Path, sync::Arc, time::Duration};

use arclab_report::{Format, queue_table, queue_word, share_done, shown_seconds};
use arclab_scheduler::{Stop, holder, stop_on_signals};
use arclab_store::{QueueRecord, Store};
use console::Term;
use tokio::sync::Notify;

use crate::{
    cli::WatchArgs,
    clock,
    output::{self, Output},
    screen::Screen,
};

/// How often it is drawn anew.
const AGAIN: Duration = Duration::from_secs(1);
/// Columns of a bar.
const BAR: usize = 24;

/// Shows the queue until a person leaves.
pub(crate) async fn execute(store: &Path, arguments: &WatchArgs, output: Output) -> anyhow::Result<()> {
    let store = Store::open_existing(store).await?;
    let term = Term::stdout();
    if arguments.once || !term.is_term() || output.format.is_for_programs() {
        let table = queue_table(&store.queue().await?, clock::now_ms());
        output::print(&output.for_reader(table).render(output.format))?;
    } else {
        draw_again_and_again(&store, &term, output).await?;
    }
    store.close().await;
    Ok(())
}

async fn draw_again_and_again(store: &Store, term: &Term, output: Output) -> anyhow::Result<()> {
    let mut stop = stop_on_signals()?;
    let leaves = Arc::new(Notify::new());
    let _screen = Screen::begin(term.clone(), Arc::clone(&leaves))?;
    while *stop.borrow_and_update() == Stop::No {
        let (rows, columns) = term.size();
        let view = View {
            lines: &store.queue().await?,
            worked_by: holder(store.folder())?.map(|holder| holder.name),
            now_ms: clock::now_ms(),
        };
        term.write_str(&format!("\x1b[H\x1b[J{}", view.draw(rows.into(), columns.into(), output.format)))?;
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            Ok(()) = stop.changed() => {}
            () = leaves.notified() => break,
        }
    }
    Ok(())
}

/// What is drawn.
struct View<'a> {
    lines: &'a [QueueRecord],
    worked_by: Option<String>,
    now_ms: u64,
}

impl View<'_> {
    /// At most so many rows and columns of text.
    fn draw(&self, rows: usize, columns: usize, format: Format) -> String {
        let (running, others): (Vec<&QueueRecord>, Vec<&QueueRecord>) =
            self.lines.iter().partition(|line| queue_word(line) == "running");
        let mut text = vec![self.heading(), String::new()];
        text.extend(running.into_iter().map(|line| self.bar(line)));
        if !others.is_empty() {
            let others: Vec<QueueRecord> = others.into_iter().cloned().collect();
            text.push(String::new());
            let table = queue_table(&others, self.now_ms).without_empty_columns().render(format);
            text.extend(table.lines().map(str::to_owned));
        }
        let shown = rows.saturating_sub(2);
        if text.len() > shown {
            let more = text.len() - shown;
            text.truncate(shown);
            text.push(format!("and {more} more lines: `arclab queue` has them all"));
        }
        let cut = |line: String| console::truncate_str(&line, columns, "…").into_owned() + "\r\n";
        text.into_iter().map(cut).collect()
    }

    fn heading(&self) -> String {
        let count = |word: &str| self.lines.iter().filter(|line| queue_word(line) == word).count();
        let words = ["running", "waits", "paused", "waits for its search", "refused"];
        let counts = words.iter().map(|word| (count(word), *word)).filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
        let counts = if counts.is_empty() { "the queue is empty".to_owned() } else { counts.join(", ") };
        match &self.worked_by {
            Some(name) => format!("{counts}; at work: {name}   (q leaves)"),
            None => format!("{counts}; no daemon is at work   (q leaves)"),
        }
    }

    /// `baseline-1f2e  ━━━━━━━━━─────  epoch 3, 41%, 2 min, about 3 min left`.
    fn bar(&self, line: &QueueRecord) -> String {
        let share = share_done(line).unwrap_or(0.0);
        let full = (share * BAR as f64).round() as usize;
        let bar = "━".repeat(full) + &"─".repeat(BAR - full);
        let seconds = line.launched_ms.map_or(0.0, |ms| self.now_ms.saturating_sub(ms) as f64 / 1000.0);
        let epoch = line.position.map(|at| format!("epoch {}, ", at.epoch)).unwrap_or_default();
        let device = line.device.as_deref().unwrap_or("beginning");
        format!(
            "{:<28} {bar} {:>3.0}%  {epoch}{}, {device}",
            line.run.as_str(),
            share * 100.0,
            shown_seconds(seconds)
        )
    }
}

#[cfg(test)]
mod tests {
    use arclab_spec::{Attempt, Position, RunId, RunState};
    use arclab_store::Hold;

    use super::*;

    fn line(name: &str, state: RunState) -> QueueRecord {
        QueueRecord {
            run: RunId::new(name).unwrap(),
            experiment: serde_json::from_str("\"report\"").unwrap(),
            variant: serde_json::from_str("\"baseline\"").unwrap(),
            seed: 0,
            state,
            priority: 0.0,
            submitted_ms: Some(1_000),
            held: None,
            asked: None,
            not_before_ms: None,
            refused: None,
            after: Vec::new(),
            position: Some(Position { epoch: 3, step: 50 }),
            steps: Some(100),
            launched_ms: Some(61_000),
            device: Some("cpu".to_owned()),
        }
    }

    #[test]
    fn what_is_at_work_has_a_bar_and_what_waits_a_row_and_no_line_is_longer_than_the_terminal() {
        let lines = [
            line("first", RunState::Running { attempt: Attempt::FIRST }),
            line("second", RunState::Queued { next: Attempt::FIRST }),
        ];
        let view = View { lines: &lines, worked_by: None, now_ms: 121_000 };
        let text = view.draw(24, 100, Format::Text { colour: false });
        assert!(text.starts_with("1 running, 1 waits; no daemon is at work"), "{text}");
        assert!(text.contains("━━━━━━━━━━━━────────────  50%  epoch 3, "), "{text}");
        assert!(text.contains("second"), "{text}");
        let held = [QueueRecord { held: Some(Hold::Search), ..lines[1].clone() }];
        let text =
            View { lines: &held, worked_by: None, ..view }.draw(24, 100, Format::Text { colour: false });
        assert!(text.starts_with("1 waits for its search; "), "{text}");
        let narrow = view.draw(6, 30, Format::Text { colour: false });
        assert!(narrow.lines().all(|line| line.trim_end().chars().count() <= 30), "{narrow}");
        assert!(narrow.contains("and "), "{narrow}");
    }
}
