//! A worker that trains nothing: what it costs to have a run carried out, with as many metrics as it is told to report.

use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    process,
};

use anyhow::{Context as _, bail};
use arclab_metrics::{Confusion, Evaluation, ThresholdPolicy};
use arclab_spec::{
    Assignment, Attempt, Event, Fingerprint, JOURNAL_VERSION, JournalLine, Position, Started, Usage,
    run_folder,
};
use clap::Args;
use serde::{Deserialize, Serialize};

/// What the run's folder says of its metrics; there are none where it is not there.
const LOAD: &str = "load.json";
/// Two pairs, of which a worker of this kind is always right.
const PAIRS: &str = "a,b,same,fold\na,b,1,\na,c,0,\n";
const SCORES: [f32; 2] = [1.0, 0.0];
/// Different metrics; each step has one of each.
pub(crate) const NAMES: u64 = 10;

/// `arclab-bench run FOLDER`, as the scheduler calls a worker.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    folder: PathBuf,
}

/// The metrics that a worker reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Load {
    /// In all.
    pub(crate) points: u64,
    /// Written at once.
    pub(crate) at_once: u64,
}

impl Load {
    const NONE: Self = Self { points: 0, at_once: 1 };

    /// Has the worker of a run's folder report these.
    pub(crate) fn put(self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder)?;
        let file = folder.join(LOAD);
        fs::write(&file, serde_json::to_vec(&self)?)
            .with_context(|| format!("failed to write {}", file.display()))
    }

    fn of(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join(LOAD);
        if !file.exists() {
            return Ok(Self::NONE);
        }
        serde_json::from_slice(&fs::read(&file)?)
            .with_context(|| format!("failed to understand {}", file.display()))
    }

    /// The journal's lines of the points that are written at once, each with the points of one step.
    fn writes(self, attempt: Attempt) -> impl Iterator<Item = anyhow::Result<String>> {
        (0..self.points).step_by(self.at_once.max(1) as usize).map(move |from| {
            let to = self.points.min(from + self.at_once);
            let mut text = String::new();
            for step in from / NAMES..to.div_ceil(NAMES) {
                let of_step = from.max(step * NAMES)..to.min((step + 1) * NAMES);
                let metrics =
                    of_step.map(|point| (metric(point % NAMES), 1.0 / (point + 1) as f64)).collect();
                text += &line(attempt, Event::Step { at: Position { epoch: 0, step }, metrics })?;
            }
            Ok(text)
        })
    }
}

pub(crate) fn metric(index: u64) -> String {
    format!("metric_{index}")
}

/// Keeps the contract of a run's folder, and does nothing else.
pub(crate) fn execute(RunArgs { folder }: &RunArgs) -> anyhow::Result<()> {
    let lock =
        OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(run_folder::LOCK));
    let mut lock = lock.context("failed to open the lock")?;
    if lock.try_lock().is_err() {
        bail!("another worker is at work in {}", folder.display());
    }
    lock.set_len(0)?;
    writeln!(lock, "{}", process::id())?;
    let plan = fs::read(folder.join(run_folder::PLAN)).context("failed to read the plan")?;
    let assignment: Assignment = serde_json::from_slice(&plan).context("failed to understand the plan")?;
    work(folder, &assignment, Load::of(folder)?)
}

fn work(folder: &Path, assignment: &Assignment, load: Load) -> anyhow::Result<()> {
    let attempt = assignment.attempt;
    let journal = OpenOptions::new().create(true).append(true).open(folder.join(run_folder::EVENTS));
    let mut journal: File = journal.context("failed to open the journal")?;
    journal.write_all(line(attempt, start(assignment.threads, load))?.as_bytes())?;
    for text in load.writes(attempt) {
        journal.write_all(text?.as_bytes())?;
    }
    let pair_list = put_pairs(&assignment.cache.join("pairs"))?;
    let scores = "scores.f32".to_owned();
    fs::write(folder.join(&scores), SCORES.map(f32::to_le_bytes).concat())?;
    for protocol in assignment.plan.config.evaluation.protocols.keys().cloned() {
        let (pair_list, scores, evaluation) = (pair_list.clone(), scores.clone(), evaluation());
        let event = Event::Evaluated { protocol, pair_list, evaluation, scores };
        journal.write_all(line(attempt, event)?.as_bytes())?;
    }
    let used =
        Usage { wall_seconds: 0.0, cpu_seconds: 0.0, peak_memory_bytes: 0, peak_gpu_memory_bytes: None };
    journal.write_all(line(attempt, Event::Finished { used })?.as_bytes())?;
    Ok(())
}

fn start(threads: u32, load: Load) -> Event {
    Event::Started(Started {
        pid: process::id(),
        host: "here".to_owned(),
        device: "cpu".to_owned(),
        threads,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kernels: "none".to_owned(),
        from: Position::default(),
        epochs: 1,
        steps: load.points.div_ceil(NAMES),
    })
}

/// A journal's line, with its end.
pub(crate) fn line(attempt: Attempt, event: Event) -> anyhow::Result<String> {
    let line = JournalLine { version: JOURNAL_VERSION, attempt, at_ms: 1, event };
    let mut text = serde_json::to_string(&line)?;
    writeln!(text)?;
    Ok(text)
}

/// The list, made where it is not there; whole, since others may read it.
fn put_pairs(folder: &Path) -> anyhow::Result<Fingerprint> {
    let fingerprint = Fingerprint::of(PAIRS.as_bytes());
    let file = folder.join(format!("{fingerprint}.csv"));
    if !file.exists() {
        fs::create_dir_all(folder)?;
        let new = folder.join(format!("{}.new", process::id()));
        fs::write(&new, PAIRS)?;
        fs::rename(&new, &file)?;
    }
    Ok(fingerprint)
}

/// Two pairs, both right.
pub(crate) fn evaluation() -> Evaluation {
    Evaluation {
        policy: ThresholdPolicy::Fixed(0.5),
        thresholds: vec![0.5],
        confusion: Confusion { true_positives: 1, false_positives: 0, true_negatives: 1, false_negatives: 0 },
        accuracy: 1.0,
        folds: None,
        auc: 1.0,
        best_accuracy: 1.0,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Names and steps of a load's lines, write by write.
    fn written(load: Load) -> Vec<Vec<(u64, Vec<String>)>> {
        let lines = |text: anyhow::Result<String>| {
            let of_line = |line: &str| {
                let Event::Step { at, metrics } = serde_json::from_str::<JournalLine>(line).unwrap().event
                else {
                    panic!("{line}")
                };
                (at.step, BTreeMap::into_keys(metrics).collect())
            };
            text.unwrap().lines().map(of_line).collect()
        };
        load.writes(Attempt::FIRST).map(lines).collect()
    }

    #[test]
    fn points_are_written_as_many_at_once_as_asked_for_each_once() {
        let ones = written(Load { points: 12, at_once: 1 });
        assert_eq!(ones.len(), 12);
        assert_eq!(ones[11], [(1, vec!["metric_1".to_owned()])]);
        let all = written(Load { points: 25, at_once: 20 });
        let counts: Vec<Vec<(u64, usize)>> = all
            .iter()
            .map(|lines| lines.iter().map(|(step, names)| (*step, names.len())).collect())
            .collect();
        assert_eq!(counts, [vec![(0, 10), (1, 10)], vec![(2, 5)]]);
        assert!(written(Load::NONE).is_empty());
    }
}
